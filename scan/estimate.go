package scan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
)

// Estimate says about how long the analyses of a scan of m with opt take on this machine
// as it is now, without what it takes to read. For that it measures two small matrices,
// with random numbers in them, on one worker. The error is that of [Run], or of ctx.
func Estimate(ctx context.Context, m *checkpoint.Model, opt Options) (time.Duration, error) {
	p, err := newPlan(OfModel(m), opt)
	if err == nil && ctx == nil {
		err = fmt.Errorf("%w: no context", spectrum.ErrOption)
	}
	if err != nil {
		return 0, err
	}
	p.gather(func(Outcome, error) bool { return true })
	if len(p.jobs) == 0 {
		return 0, nil
	}
	s, err := measureSpeed(ctx, p.opt.Analyzer)
	if err != nil {
		return 0, err
	}
	seconds := 0.
	for _, j := range p.jobs {
		seconds += s.takes(j.cost)
	}
	seconds /= float64(p.opt.Jobs)
	return time.Duration(min(seconds, forever.Seconds()) * float64(time.Second)), nil
}

// forever bounds an estimate, so that it can be written as a duration.
const forever = 100 * 365 * 24 * time.Hour

// speed is that of one worker, without which nothing can be said of the first matrix of a
// scan while it is computed.
type speed struct {
	each float64 // seconds of a matrix, however small it is
	rate float64 // cost a second
}

// takes returns in how many seconds one worker analyses a matrix.
func (s speed) takes(cost float64) float64 { return s.each + cost/s.rate }

// The orders of the matrices that are measured: one that takes no time, and the smallest
// at which the speed is about that of large ones. They take a few tenths of a second.
const (
	tinyOrder = 64
	fairOrder = 1024
)

// measureSpeed measures the speed of one worker.
func measureSpeed(ctx context.Context, an spectrum.Analyzer) (speed, error) {
	tiny, err := timeOf(ctx, an, tinyOrder)
	if err != nil {
		return speed{}, err
	}
	fair, err := timeOf(ctx, an, fairOrder)
	if err != nil {
		return speed{}, err
	}
	cost := costOf(fairOrder, fairOrder) - costOf(tinyOrder, tinyOrder)
	// A clock may stand still, and a machine be disturbed while the smaller one is measured.
	return speed{each: min(tiny, fair), rate: cost / max(fair-tiny, fair/2, 1e-9)}, nil
}

// repeats is how often a matrix is analysed: the fastest was disturbed least.
const repeats = 3

// timeOf returns in how many seconds one worker analyses noise of order n.
func timeOf(ctx context.Context, an spectrum.Analyzer, n int) (float64, error) {
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	data := make([]float32, n*n)
	for i := range data {
		data[i] = float32(rnd.NormFloat64())
	}
	w, err := spectrum.NewWeights(n, n, data)
	if err != nil {
		return 0, err
	}
	an.Workers = 1
	fastest := forever
	for range repeats {
		began := time.Now()
		if _, err := an.Analyze(ctx, w); err != nil {
			return 0, err
		}
		fastest = min(fastest, time.Since(began))
	}
	return fastest.Seconds(), nil
}

// flight is what is computed at a moment, from which it is estimated how much of it is
// done: no back-end says so.
type flight struct {
	mu   sync.Mutex
	jobs map[int]running // by the index of the tensor
	// Of one worker. A measured one is replaced by that of the matrices of the scan as
	// soon as there are any.
	speed         speed
	cost, seconds float64 // of the matrices that are done, and of their workers
}

// running is a job that workers are at.
type running struct {
	job
	workers int
	began   time.Time
}

func (f *flight) begin(j job, workers int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs == nil {
		f.jobs = make(map[int]running)
	}
	f.jobs[j.index] = running{j, workers, time.Now()}
}

func (f *flight) end(j job) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.jobs[j.index]
	delete(f.jobs, j.index)
	f.cost += j.cost
	f.seconds += time.Since(r.began).Seconds() * float64(r.workers)
	if f.cost > 0 && f.seconds > 0 {
		f.speed = speed{rate: f.cost / f.seconds}
	}
}

// nearly is the most that is said to be done of a matrix that is not.
const nearly = 0.95

// work estimates how much of the matrices in flight is done, in the unit of their cost.
func (f *flight) work() (done float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.speed.rate <= 0 {
		return 0
	}
	for _, r := range f.jobs {
		part := time.Since(r.began).Seconds() * float64(r.workers) / f.speed.takes(r.cost)
		done += min(part, nearly) * r.cost
	}
	return done
}
