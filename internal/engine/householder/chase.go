package householder

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// maxGroup is the number of sweeps that one worker interleaves, so that the part
// of the band they work on stays in its L2 cache.
const maxGroup = 8

// Chase runs the sweeps that take a band matrix of order n to two diagonals.
// Sweep j, one for each row but the last two, starts in row j and goes down the
// band in steps of Band rows, with a state S of its own that newState makes.
//
// Step t of a sweep may touch rows and columns that steps t and t+1 of the sweep
// before it touch, and none of its later ones, so sweeps follow each other two
// steps apart (Haidar, Ltaief & Dongarra 2011). Every element sees the same
// operations in the same order whatever the number of workers.
func Chase[S any](ctx context.Context, n, workers int, newState func() S, step func(j, t int, state S)) error {
	c := &chaser[S]{n: n, sweeps: max(0, n-2), step: step}
	workers = parallel.Useful(workers)
	c.group = max(1, min(maxGroup, c.steps(0)/(3*workers)))
	groups := (c.sweeps + c.group - 1) / c.group
	c.done = make([]atomic.Int32, groups)
	workers = min(workers, groups)
	parallel.Each(workers, func(w int) {
		states := make([]S, c.group)
		for i := range states {
			states[i] = newState()
		}
		for g := w; g < groups && ctx.Err() == nil; g += workers {
			c.chase(ctx, g, states)
		}
	})
	return ctx.Err()
}

type chaser[S any] struct {
	n      int
	sweeps int
	step   func(j, t int, state S)
	group  int            // sweeps interleaved by a worker
	done   []atomic.Int32 // steps finished by the last sweep of each group
}

// steps returns the number of steps of sweep j.
func (c *chaser[S]) steps(j int) int { return (c.n - j - 1 + kernel.Band - 1) / kernel.Band }

// chase runs the sweeps of group g, each two steps behind the one before.
func (c *chaser[S]) chase(ctx context.Context, g int, states []S) {
	first := g * c.group
	count := min(c.group, c.sweeps-first)
	last := first + count - 1
	before := 0 // steps of the last sweep of the group before
	if g > 0 {
		before = c.steps(first - 1)
	}
	for t := range c.steps(last) + 2*(count-1) + 1 {
		if t < c.steps(first) && g > 0 && !c.wait(ctx, g-1, min(t+2, before)) {
			return
		}
		for s := range count {
			if step := t - 2*s; step >= 0 && step < c.steps(first+s) {
				c.step(first+s, step, states[s])
				if s == count-1 {
					c.done[g].Store(int32(step + 1))
				}
			}
		}
	}
}

// wait returns when group g has finished the given number of steps, or false
// when ctx ends.
func (c *chaser[S]) wait(ctx context.Context, g, steps int) bool {
	for spin := 0; int(c.done[g].Load()) < steps; spin++ {
		if spin > 100 {
			// The other worker takes microseconds; parking would take longer.
			runtime.Gosched()
			if ctx.Err() != nil {
				return false
			}
		}
	}
	return true
}
