package results

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/scan"
)

// Errors of [Merge]; test for them with [errors.Is].
var (
	// ErrMissing reports shards, or matrices of a shard, that are not there yet.
	ErrMissing = errors.New("something is missing")
	// ErrMerge reports results that are not the shards of one scan.
	ErrMerge = errors.New("not the shards of one scan")
)

// Merge joins the shards of a scan, in any order, into the result that a scan of all
// matrices would have given, its times apart. They must be of one model, as far as its
// headers tell, one version of the program and the same settings; of one kernel too,
// unless mixed, because kernels differ in their last digits.
//
// The error wraps [ErrMerge], or [ErrMissing] if nothing is wrong but that shards or
// matrices are missing; it names which.
func Merge(shards []*Result, mixed bool) (*Result, error) {
	parts, err := inOrder(shards)
	if err != nil {
		return nil, err
	}
	out := &Result{Kind: parts[0].Kind, Provenance: parts[0].Provenance, Skipped: parts[0].Skipped}
	p := &out.Provenance
	p.Shard = ""
	seen := make(map[string]string)
	for _, r := range parts {
		q := r.Provenance
		if mixed && q.Settings.Kernel != p.Settings.Kernel {
			p.Settings.Kernel = "mixed"
			q.Settings.Kernel = p.Settings.Kernel
		}
		if differ := p.differences(&q); len(differ) > 0 {
			return nil, fmt.Errorf("%w: shards %s and %s: %s", ErrMerge, parts[0].Provenance.Shard, q.Shard, firstOf(differ))
		}
		if r.Kind != out.Kind {
			return nil, fmt.Errorf("%w: shards %s and %s are of different kinds, %s and %s", ErrMerge, parts[0].Provenance.Shard, q.Shard, plainText(out.Kind), plainText(r.Kind))
		}
		if !reflect.DeepEqual(r.Skipped, out.Skipped) {
			return nil, fmt.Errorf("%w: shards %s and %s passed over different tensors", ErrMerge, parts[0].Provenance.Shard, q.Shard)
		}
		for _, row := range r.Rows {
			if other, twice := seen[row.Name]; twice {
				return nil, fmt.Errorf("%w: %s is in shard %s and in shard %s", ErrMerge, row.Name, other, q.Shard)
			}
			seen[row.Name] = q.Shard
			out.Rows = append(out.Rows, row)
		}
		p.spread(&q)
	}
	slices.SortFunc(out.Rows, byModel)
	return out, nil
}

// spread makes p last from the first beginning to the last end.
func (p *Provenance) spread(q *Provenance) {
	if q.Started.Before(p.Started) {
		p.Started = q.Started
	}
	if q.Finished.After(p.Finished) {
		p.Finished = q.Finished
	}
	p.Seconds = Number(p.Finished.Sub(p.Started).Seconds())
}

// inOrder returns the shards by their index. All must be there, each once and finished.
func inOrder(shards []*Result) ([]*Result, error) {
	var parts []*Result
	of := 0
	for _, r := range shards {
		if r == nil {
			return nil, fmt.Errorf("%w: one is no result of ours", ErrMerge)
		}
		s, err := scan.ParseShard(r.Provenance.Shard)
		if err != nil {
			return nil, fmt.Errorf("%w: one is no shard", ErrMerge)
		}
		if of == 0 {
			of, parts = s.Of, make([]*Result, s.Of)
		}
		switch {
		case s.Of != of:
			return nil, fmt.Errorf("%w: a scan in %d and one in %d shards", ErrMerge, of, s.Of)
		case parts[s.Index-1] != nil:
			return nil, fmt.Errorf("%w: shard %v is there twice", ErrMerge, s)
		}
		parts[s.Index-1] = r
	}
	var missing []string
	for i, r := range parts {
		switch {
		case r == nil:
			missing = append(missing, fmt.Sprintf("shard %d/%d", i+1, of))
		case r.Interrupted:
			missing = append(missing, fmt.Sprintf("%d matrices of shard %d/%d", r.Missing, i+1, of))
		}
	}
	switch {
	case of == 0:
		return nil, fmt.Errorf("%w: there are none", ErrMerge)
	case len(missing) > 0:
		return nil, fmt.Errorf("%w: %s", ErrMissing, strings.Join(missing, ", "))
	}
	return parts, nil
}
