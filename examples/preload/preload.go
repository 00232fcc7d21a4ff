package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	planned, _, err := scan.List(m, opt)
	if err != nil {
		return Verdict{}, err
	}
	file, err := scan.Run(ctx, m, opt)
	if file == nil || outer.Err() != nil {
		return Verdict{}, errors.Join(err, outer.Err())
	}
	v := Verdict{Left: len(planned)}
	var damage []error
	for i := range file.Layers {
		l := &file.Layers[i]
		if l.TiedTo != "" {
			continue
		}
		checked, err := inspect(l, limits)
		if checked {
			v.Checked++
			v.Left--
		}
		if err != nil {
			damage = append(damage, err)
		}
	}
	for _, d := range scan.DeadExperts(file.Layers) {
		damage = append(damage, fmt.Errorf("%w: %s is dead: norm %.2g, median of its type %.2g", ErrDamaged, d.Name, d.Norm, d.Median))
	}
	return v, errors.Join(damage...)
}

// inspect reports whether l was analysed, and what is wrong with it.
func inspect(l *results.Layer, limits Limits) (checked bool, err error) {
	small := min(l.Rows, l.Cols)
	switch {
	case l.Error == "" && l.Zero:
		return true, fmt.Errorf("%w: %s is all zero", ErrDamaged, l.Name)
	case l.Error == "" && small > 1 && float64(l.EffectiveRank) < limits.MinRank*float64(small):
		return true, fmt.Errorf("%w: %s has collapsed to effective rank %.2f of %d", ErrDamaged, l.Name, float64(l.EffectiveRank), small)
	case l.Error == "":
		return true, nil
	case strings.Contains(l.Error, scan.ErrMemory.Error()):
		return false, nil
	}
	return true, fmt.Errorf("%w: %s", ErrDamaged, l.Error) // NaN or Inf, or unreadable
}
