// Package scan computes the spectra of the matrices of a checkpoint with a
// number of workers, under a memory cap. What it finds depends on neither.
//
// [Run] hands out each analysis as soon as it is there, [Collect] all of them in
// the order of the model. What becomes of them is the caller's: package results
// makes a file.
package scan

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
	"github.com/gospectrum/spectrum/internal/machine"
	"github.com/gospectrum/spectrum/internal/names"
)

// Options are the settings of a scan; the zero value scans every matrix with
// the default analysis.
type Options struct {
	Analyzer spectrum.Analyzer

	// Jobs is the number of workers; 0 means GOMAXPROCS, and more than can run at a
	// time are cut to that, or to 8 on a smaller machine. They share a large
	// matrix if the back-end can, and take one small matrix each. It
	// overrides Analyzer.Workers.
	Jobs int
	// Memory caps the bytes of weights and workspace in use at a time; 0 means nine
	// tenths of what the machine, its control groups and GOMEMLIMIT leave when the scan
	// begins. A matrix that needs more fails with [checkpoint.ErrMemory].
	Memory int64
	// Include, if not empty, limits the scan to tensors that match one of its
	// patterns; Exclude leaves out those that match one. Patterns are those of
	// path.Match, so * also matches dots, and are held against the tensor's
	// name, its module's name and its type.
	Include, Exclude []string
	// Type names the type of a tensor, by which layers are grouped; nil means
	// checkpoint.Type.
	Type func(name string) string
	// Vectors ranks 1-D weights too, as 1×n matrices.
	Vectors bool
	// Transformers is the version of transformers whose names the outcomes have as
	// their Parameter; "" is the newest, see [checkpoint.Model.Loaded].
	Transformers string
	// Done reports matrices, by name, whose analysis the caller has already: Run leaves
	// them out. Nil reports none.
	Done func(name string) bool
	// Reuse reports matrices, by their names and the SHA-256 of their stored bytes, whose
	// analysis the caller has already: they are read, and not analysed. Nil reports none.
	Reuse func(name, sha256 string) bool
	// Shard limits the scan to a part of the matrices; the zero value scans all.
	Shard Shard

	// Progress, if not nil, is called once before the first matrix, after each, and every
	// second in between, from one goroutine at a time.
	Progress func(Progress)
}

// Resolve checks the options and returns them with what was left to default
// filled in: back-end, number of jobs, memory and rule for types. The error wraps
// [spectrum.ErrOption], or [spectrum.ErrBackend] for a back-end that the
// environment names and that is not available.
func (o Options) Resolve() (Options, error) {
	if o.Analyzer.Backend == nil {
		var err error
		if o.Analyzer.Backend, err = spectrum.DefaultBackend(); err != nil {
			return o, err
		}
	}
	if err := o.Analyzer.Check(); err != nil {
		return o, err
	}
	if o.Jobs < 0 {
		return o, fmt.Errorf("%w: %d jobs", spectrum.ErrOption, o.Jobs)
	}
	if o.Memory < 0 {
		return o, fmt.Errorf("%w: memory cap of %d bytes", spectrum.ErrOption, o.Memory)
	}
	if err := o.Shard.check(); err != nil {
		return o, err
	}
	if err := names.CheckPatterns(slices.Concat(o.Include, o.Exclude)); err != nil {
		return o, fmt.Errorf("%w: %w", spectrum.ErrOption, err)
	}
	if o.Jobs == 0 {
		o.Jobs = runtime.GOMAXPROCS(0)
	}
	if o.Memory == 0 {
		o.Memory = machine.Memory() / 10 * 9
	}
	o.Jobs = parallel.Useful(o.Jobs)
	if o.Type == nil {
		o.Type = names.Type
	}
	return o, nil
}

// OfModel returns the weights of a model as a source, nil for none.
func OfModel(m *checkpoint.Model) Source {
	if m == nil {
		return nil
	}
	return modelSource{m}
}

// Progress says how far a scan has come.
type Progress struct {
	Done, Total     int     // matrices, those of Options.Done among them
	Work, TotalWork float64 // cost in flops, up to a constant, of those that this scan computes
	// InFlight estimates how much of the work on the matrices in flight is done, from the
	// time since they began and the speed so far. It does not grow steadily.
	InFlight float64
	Last     *Outcome // the matrix just finished, nil at the start and in between
}

// List says what a scan of m with opt would do, computing nothing: it yields an
// outcome for each tensor, in the order of m, and those without a Reason would be
// analysed. The error is that of [Options.Resolve].
func List(m *checkpoint.Model, opt Options) (iter.Seq[Outcome], error) {
	p, err := newPlan(OfModel(m), opt)
	if err != nil {
		return nil, err
	}
	return func(yield func(Outcome) bool) {
		for _, o := range p.tensors() {
			if !yield(o) {
				return
			}
		}
	}, nil
}

// Matrices returns how many matrices a scan of m with opt analyses, those of opt.Done
// among them. The error is that of [Run].
func Matrices(m *checkpoint.Model, opt Options) (int, error) { return MatricesOf(OfModel(m), opt) }

// MatricesOf is [Matrices] for any source.
func MatricesOf(s Source, opt Options) (int, error) {
	opt.Done = nil
	p, err := newPlan(s, opt)
	if err != nil {
		return 0, err
	}
	p.gather(func(Outcome, error) bool { return true })
	return len(p.jobs), nil
}

// Run scans m and yields the outcome of each tensor: first of those that are not
// analysed, then of each matrix as soon as it is done, which depends on the
// workers. An output head that shares the matrix of an embedding comes last, with
// its analysis, or without one if the embedding is Done. Nothing is kept that was yielded.
//
// A tensor that cannot be analysed has an outcome with its error; the others go
// on. Where the sequence has an error, it ends. It is that of ctx when ctx has
// ended, after all that was finished until then: matrices in flight are abandoned
// and stop at their next look at ctx, as they are when the loop is left early, so m
// must not be used again but may be closed. Any other error is that of
// [Options.Resolve], or wraps [spectrum.ErrOption] for a pattern that matches no tensor,
// before anything else.
func Run(ctx context.Context, m *checkpoint.Model, opt Options) iter.Seq2[Outcome, error] {
	return RunSource(ctx, OfModel(m), opt)
}

// RunSource is [Run] for any source.
func RunSource(ctx context.Context, s Source, opt Options) iter.Seq2[Outcome, error] {
	return func(yield func(Outcome, error) bool) {
		p, err := newPlan(s, opt)
		if err == nil && ctx == nil {
			err = fmt.Errorf("%w: no context", spectrum.ErrOption)
		}
		if err != nil {
			yield(Outcome{}, err)
			return
		}
		p.run(ctx, yield)
	}
}

// Collect returns the outcomes of [Run] in the order of the tensors in m, a tied
// head last, whatever the number of workers. With an error, which is Run's, they are
// those that were finished. All singular values stay in memory.
func Collect(ctx context.Context, m *checkpoint.Model, opt Options) ([]Outcome, error) {
	var all []Outcome
	var ended error
	for o, err := range Run(ctx, m, opt) {
		if err != nil {
			ended = err
			break
		}
		all = append(all, o)
	}
	slices.SortStableFunc(all, func(a, b Outcome) int {
		switch {
		case a.TiedTo != "" || b.TiedTo != "":
			return cmp.Compare(a.TiedTo, b.TiedTo) // only one has it
		case a.Name != b.Name:
			return names.Compare(a.Name, b.Name)
		}
		return names.Compare(a.File, b.File)
	})
	return all, ended
}
