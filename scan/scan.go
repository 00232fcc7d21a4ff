// Package scan computes the spectra of the matrices of a checkpoint with a
// number of workers, under a memory cap, and reports them in an order that
// depends on neither.
package scan

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/results"
)

// ErrMemory reports a tensor that does not fit under the memory cap.
var ErrMemory = errors.New("does not fit under the memory cap")

// Options are the settings of a scan; the zero value scans every matrix with
// the default analysis.
type Options struct {
	Analyzer spectrum.Analyzer

	// Jobs is the number of workers; 0 means GOMAXPROCS. They share a large
	// matrix if the back-end can, and take one small matrix each. It
	// overrides Analyzer.Workers.
	Jobs int
	// Memory caps the bytes of weights and workspace in use at a time; 0
	// means no cap. A matrix that needs more fails with ErrMemory.
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
	// SingularValues keeps every singular value in the rows.
	SingularValues bool

	// Progress, if not nil, is called once before the first matrix and after
	// each, from one goroutine at a time.
	Progress func(Progress)
}

// Progress says how far a scan has come.
type Progress struct {
	Done, Total     int            // matrices
	Work, TotalWork float64        // their cost in flops, up to a constant
	Layer           *results.Layer // the row just finished, nil at the start
}

// List says what a scan of m with opt would do, computing nothing: the tensors
// it would analyse, in the order of m, and those it would skip with the reason.
// The error wraps [spectrum.ErrOption] or [spectrum.ErrBackend].
func List(m *checkpoint.Model, opt Options) ([]checkpoint.Tensor, []results.Skipped, error) {
	if err := opt.complete(); err != nil {
		return nil, nil, err
	}
	p := newPlan(m, opt)
	tensors := make([]checkpoint.Tensor, len(p.jobs))
	for _, j := range p.jobs {
		tensors[j.row] = j.tensor
	}
	return tensors, p.skipped, nil
}

// Run scans m. The rows come in the order of the tensors in m, whatever the
// number of workers.
//
// A tensor that cannot be analysed becomes a row with its error; the others
// go on. When ctx ends, Run returns at once what was finished, marked
// interrupted, together with the error of ctx; matrices in flight are
// abandoned and stop at their next look at ctx, so m must not be used again
// but may be closed. Any other error means that nothing was scanned; it wraps
// [spectrum.ErrOption], or [spectrum.ErrBackend] for a back-end that the environment names and that is not available.
func Run(ctx context.Context, m *checkpoint.Model, opt Options) (*results.File, error) {
	if err := opt.complete(); err != nil {
		return nil, err
	}
	file := &results.File{Provenance: provenance(m, opt)}
	p := newPlan(m, opt)
	file.Skipped = p.skipped
	p.run(ctx, m, opt)

	for _, row := range p.rows {
		if row != nil {
			file.Layers = append(file.Layers, *row)
		}
	}
	p.addTied(file, opt)
	file.Provenance.Finished = time.Now().UTC()
	file.Provenance.Seconds = results.Number(file.Provenance.Finished.Sub(file.Provenance.Started).Seconds())
	if p.finished < len(p.jobs) {
		file.Interrupted = true
		return file, context.Cause(ctx)
	}
	return file, nil
}

// complete checks the options and sets the back-end where it was left to default.
func (o *Options) complete() error {
	if o.Analyzer.Backend == nil {
		var err error
		if o.Analyzer.Backend, err = spectrum.DefaultBackend(); err != nil {
			return err
		}
	}
	if err := o.Analyzer.Check(); err != nil {
		return err
	}
	if o.Jobs < 0 {
		return fmt.Errorf("%w: %d jobs", spectrum.ErrOption, o.Jobs)
	}
	if o.Memory < 0 {
		return fmt.Errorf("%w: memory cap of %d bytes", spectrum.ErrOption, o.Memory)
	}
	for _, list := range [][]string{o.Include, o.Exclude} {
		if err := names.CheckPatterns(list); err != nil {
			return fmt.Errorf("%w: %w", spectrum.ErrOption, err)
		}
	}
	return nil
}

func (o *Options) jobs() int {
	if o.Jobs == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return o.Jobs
}

func (o *Options) typeOf(name string) string {
	if o.Type == nil {
		return checkpoint.Type(name)
	}
	return o.Type(name)
}

func provenance(m *checkpoint.Model, opt Options) results.Provenance {
	p := results.Provenance{
		Started: time.Now().UTC(),
		Model:   m.Path(),
		Options: results.Options{
			Noise:   opt.Analyzer.Noise.String(),
			Edge:    opt.Analyzer.ResolvedEdge().String(),
			Ratio:   opt.Analyzer.Ratio.String(),
			Divisor: opt.Analyzer.Divisor.String(),
			Backend: opt.Analyzer.Backend.Name(), Precision: opt.Analyzer.Precision.String(),
			Jobs:    opt.jobs(),
			Memory:  opt.Memory,
			Include: opt.Include,
			Exclude: opt.Exclude,
			Vectors: opt.Vectors,
		},
	}
	if c := m.Config(); c.SHA256 != "" {
		p.Config = &results.Config{SHA256: c.SHA256, ModelType: c.ModelType, Architectures: c.Architectures}
	}
	for _, f := range m.Files() {
		p.Files = append(p.Files, results.Source{Name: f.Name, Size: f.Size})
	}
	return p
}
