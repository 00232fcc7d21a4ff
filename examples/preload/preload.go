package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/scan"
)

// ErrDamaged reports a checkpoint that should not be served.
var ErrDamaged = errors.New("damaged checkpoint")

// Limits are the budget of a check, and what counts as damage.
type Limits struct {
	Time    time.Duration
	Memory  int64   // bytes of weights and workspace in use at a time
	MinRank float64 // least effective rank, as a share of the smaller dimension
}

// Verdict says how much of a checkpoint was checked.
type Verdict struct {
	Checked int // matrices
	Left    int // not reached in time, or too large for the memory
}

// String says how complete the check was.
func (v Verdict) String() string {
	return fmt.Sprintf("%d matrices are sound, %d were not checked", v.Checked, v.Left)
}

// Preload scans the model at path within the limits. The error wraps [ErrDamaged]
// and names every damaged layer; other errors are those of opening the model.
// Running out of time or memory is no error: the verdict says what was left out.
func Preload(ctx context.Context, path string, limits Limits) (Verdict, error) {
	m, err := checkpoint.Open(ctx, path)
	if err != nil {
		return Verdict{}, err
	}
	defer m.Close()
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, limits.Time)
	defer cancel()
	opt := scan.Options{Memory: limits.Memory}
	planned, err := scan.List(m, opt)
	if err != nil {
		return Verdict{}, err
	}
	outcomes, err := scan.Collect(ctx, m, opt)
	if outer.Err() != nil || err != nil && ctx.Err() == nil {
		return Verdict{}, errors.Join(err, outer.Err())
	}
	v := Verdict{Left: len(scan.Layers(slices.Collect(planned)))}
	var rows []results.Row
	var damage []error
	for _, o := range outcomes {
		if o.Reason != "" {
			continue
		}
		rows = append(rows, results.NewRow(o))
		checked, err := inspect(&o, limits)
		if checked {
			v.Checked++
			v.Left--
		}
		if err != nil {
			damage = append(damage, err)
		}
	}
	for _, d := range results.DeadExperts(rows) {
		damage = append(damage, fmt.Errorf("%w: %s is dead: norm %.2g, median of its type %.2g", ErrDamaged, d.Name, d.Norm, d.Median))
	}
	return v, errors.Join(damage...)
}

// inspect reports whether a tensor was analysed, and what is wrong with it.
func inspect(o *scan.Outcome, limits Limits) (checked bool, err error) {
	if errors.Is(o.Err, checkpoint.ErrMemory) {
		return false, nil
	}
	if o.Err != nil {
		return true, fmt.Errorf("%w: %w", ErrDamaged, o.Err) // NaN or Inf, or unreadable
	}
	a := o.Analysis
	small := min(a.Rows, a.Cols)
	switch {
	case a.Zero:
		return true, fmt.Errorf("%w: %s is all zero", ErrDamaged, o.Name)
	case small > 1 && a.EffectiveRank < limits.MinRank*float64(small):
		return true, fmt.Errorf("%w: %s has collapsed to effective rank %.2f of %d", ErrDamaged, o.Name, a.EffectiveRank, small)
	}
	return true, nil
}
