package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
)

// Shard is a part of the matrices of a model, so that several processes can share a scan:
// the Index-th of Of, from 1 on. The zero value is all of them.
//
// The parts depend on nothing but the model and the settings of the scan. They cost about
// the same, by the flops of a spectrum; as far as that allows, the matrices of one are
// neighbours in the files.
type Shard struct{ Index, Of int }

// ParseShard reads a shard as String writes it, such as 2/8. The error wraps
// [spectrum.ErrOption].
func ParseShard(text string) (Shard, error) {
	index, of, ok := strings.Cut(text, "/")
	i, err := strconv.Atoi(index)
	n, errOf := strconv.Atoi(of)
	s := Shard{i, n}
	if !ok || err != nil || errOf != nil || s == (Shard{}) || s.check() != nil {
		return Shard{}, fmt.Errorf("%w: shard %q: want i/n with i from 1 to n, such as 2/8", spectrum.ErrOption, text)
	}
	return s, nil
}

// String spells a shard as ParseShard reads it, the zero value as "".
func (s Shard) String() string {
	if s == (Shard{}) {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Of)
}

// maxShards bounds the number of shards; no scheduler has as many tasks in a job.
const maxShards = 1 << 20

// check reports a shard that cannot be.
func (s Shard) check() error {
	if s != (Shard{}) && (s.Index < 1 || s.Index > s.Of || s.Of > maxShards) {
		return fmt.Errorf("%w: shard %d of %d", spectrum.ErrOption, s.Index, s.Of)
	}
	return nil
}

// of returns the jobs of the shard; file says in which file a tensor is.
//
// File by file, in the order of the model, the jobs are cut where the running cost passes a
// multiple of the n-th part, so that a shard reads few files, and of them neighbours. If the parts then differ by
// more than balance allows, jobs are dealt out instead, largest first, each to the shard
// that has least (the longest-processing-time rule of Graham 1969).
func (s Shard) of(jobs []job, file func(index int) string) []job {
	if s == (Shard{}) || s.Of == 1 {
		return jobs
	}
	jobs = slices.Clone(jobs)
	slices.SortStableFunc(jobs, func(a, b job) int {
		return cmp.Or(names.Compare(file(a.index), file(b.index)), cmp.Compare(a.index, b.index))
	})
	shares := cut(jobs, s.Of)
	if uneven(jobs, shares, s.Of) {
		shares = deal(jobs, s.Of)
	}
	var mine []job
	for i, j := range jobs {
		if shares[i] == s.Index-1 {
			mine = append(mine, j)
		}
	}
	return mine
}

// cut gives each shard a range of the jobs.
func cut(jobs []job, n int) []int {
	total := 0.
	for _, j := range jobs {
		total += j.cost
	}
	shares, before := make([]int, len(jobs)), 0.
	for i, j := range jobs {
		// The middle of a job decides whose it is.
		shares[i] = min(n-1, int((before+j.cost/2)/total*float64(n)))
		before += j.cost
	}
	return shares
}

// deal gives each job, largest first, to the shard that has least so far.
func deal(jobs []job, n int) []int {
	order := make([]int, len(jobs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(jobs[b].cost, jobs[a].cost) })
	shares, load := make([]int, len(jobs)), newLoads(n)
	for _, i := range order {
		shares[i] = load.add(jobs[i].cost)
	}
	return shares
}

// balance is by how much of the mean the costs of two shards may differ.
const balance = 0.05

// uneven reports whether the costs of shards differ by more than balance.
func uneven(jobs []job, shares []int, n int) bool {
	load, total := make([]float64, n), 0.
	for i, j := range jobs {
		load[shares[i]] += j.cost
		total += j.cost
	}
	return slices.Max(load)-slices.Min(load) > balance*total/float64(n)
}

// loads is a heap of the costs of shards, the one that has least on top, of those that
// have the same the first.
type loads struct {
	cost  []float64
	shard []int // heap
}

func newLoads(n int) *loads {
	l := &loads{cost: make([]float64, n), shard: make([]int, n)}
	for i := range n {
		l.shard[i] = i
	}
	return l
}

func (l *loads) less(a, b int) bool {
	return cmp.Or(cmp.Compare(l.cost[a], l.cost[b]), cmp.Compare(a, b)) < 0
}

// add gives a cost to the shard that has least, and returns which that is.
func (l *loads) add(cost float64) int {
	first := l.shard[0]
	l.cost[first] += cost
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(l.shard); c++ {
			if l.less(l.shard[c], l.shard[least]) {
				least = c
			}
		}
		if least == i {
			return first
		}
		l.shard[i], l.shard[least] = l.shard[least], l.shard[i]
		i = least
	}
}
