package parallel

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Team is a number of workers for many loops in a row. A goroutine that sleeps
// takes 50 to 150 µs to start on a virtual machine, as long as a loop of a small
// matrix, so the workers stay awake for a while between loops. Stop ends them.
// A Team is used by one goroutine, which is its first worker.
type Team struct {
	workers int
	body    func(worker int) // of the loop under way; nil to end
	loop    atomic.Uint32    // counts loops
	running atomic.Int32     // workers that have not finished the loop
	awake   time.Duration
	owner   bell
	bells   []bell // of workers 1…
	all     sync.WaitGroup
}

// NewTeam starts one goroutine less than [Useful] workers.
func NewTeam(workers int) *Team {
	workers = Useful(workers)
	t := &Team{workers: workers, owner: newBell()}
	if workers <= runtime.GOMAXPROCS(0) { // or those with work would wait for those without
		t.awake = awake
	}
	t.bells = make([]bell, t.workers-1)
	for i := range t.bells {
		t.bells[i] = newBell()
		t.all.Go(func() { t.work(i + 1) })
	}
	return t
}

// Stop ends the goroutines of the team and waits for them.
func (t *Team) Stop() {
	t.start(nil)
	t.all.Wait()
}

// For is the function of that name, on the team.
func (t *Team) For(ctx context.Context, n int, body func(i int)) error {
	return t.ForWorker(ctx, n, func(_, i int) { body(i) })
}

// ForWorker is the function of that name, on the team.
func (t *Team) ForWorker(ctx context.Context, n int, body func(worker, i int)) error {
	share := shareOut(ctx, n, body)
	if t.workers == 1 || n <= 1 {
		share(0)
		return ctx.Err()
	}
	t.start(share)
	share(0)
	t.owner.await(func() bool { return t.running.Load() == 0 }, t.awake)
	return ctx.Err()
}

// start has every worker but the first call body.
func (t *Team) start(body func(worker int)) {
	t.body = body
	t.running.Store(int32(len(t.bells)))
	t.loop.Add(1)
	for i := range t.bells {
		t.bells[i].ring()
	}
}

func (t *Team) work(worker int) {
	for last := uint32(0); ; last++ {
		t.bells[worker-1].await(func() bool { return t.loop.Load() != last }, t.awake)
		if t.body == nil {
			return
		}
		t.body(worker)
		if t.running.Add(-1) == 0 {
			t.owner.ring()
		}
	}
}

// awake is how long a goroutine looks for work before it sleeps. The longest gap
// between two loops is the factorisation of a panel, some 100 µs.
const awake = 200 * time.Microsecond

// bell wakes the one goroutine that waits at it.
type bell struct {
	asleep *atomic.Bool
	wake   chan struct{} // holds one
}

func newBell() bell { return bell{new(atomic.Bool), make(chan struct{}, 1)} }

// await returns when ready does, for which somebody rings after making it so.
// It looks for so long and then sleeps. Reading the clock each time leaves the
// core to its other thread.
func (b bell) await(ready func() bool, awake time.Duration) {
	for start := time.Now(); time.Since(start) < awake; {
		if ready() {
			return
		}
	}
	for {
		b.asleep.Store(true)
		if ready() && b.asleep.Swap(false) {
			return // nobody has rung, or will
		}
		<-b.wake
		if ready() {
			return
		}
	}
}

// ring wakes the sleeper, if there is one.
func (b bell) ring() {
	if b.asleep.Swap(false) {
		b.wake <- struct{}{}
	}
}
