// Package measure times the kernels of package kernel, for the benchmarks and for the
// command that shows them.
package measure

import "time"

// Work is something to time.
type Work struct {
	Flops float64 // made by one call of Run
	Run   func()
}

// Seconds times one call.
func (w Work) Seconds() float64 {
	start := time.Now()
	w.Run()
	return time.Since(start).Seconds()
}

// Rate times one call and returns GFLOP/s.
func (w Work) Rate() float64 { return w.Flops / w.Seconds() / 1e9 }

// RateOver calls w once, to warm the caches and the clock, and then for at least d. It
// returns the GFLOP/s of the latter.
func (w Work) RateOver(d time.Duration) float64 {
	w.Run()
	var flops float64
	start := time.Now()
	for {
		w.Run()
		flops += w.Flops
		if took := time.Since(start); took >= d {
			return flops / took.Seconds() / 1e9
		}
	}
}

// Times is w repeated.
func (w Work) Times(n int) Work {
	return Work{Flops: w.Flops * float64(n), Run: func() {
		for range n {
			w.Run()
		}
	}}
}

// Repeats returns how often w runs in about the given time. The best of three
// counts, or an interruption would leave too few.
func (w Work) Repeats(d time.Duration) int {
	n := 1
	for {
		t := w.Times(n)
		if min(t.Seconds(), t.Seconds(), t.Seconds()) >= d.Seconds()/2 {
			return n
		}
		n *= 2
	}
}

// Lasting is w repeated for about the given time.
func (w Work) Lasting(d time.Duration) Work { return w.Times(w.Repeats(d)) }
