package scan

import (
	"cmp"
	"fmt"
	"math"
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

// balance is what part of the mean cost of a shard a matrix must exceed to be dealt out by
// itself. All others are neighbours of each other, so that shards differ by about as much.
const balance = 0.05

// of returns the jobs of the shard; file says in which file a tensor is.
//
// Large matrices are dealt out, largest first, each to the shard that has least (the
// longest-processing-time rule of Graham 1969). The others fill the shards up to one level
// in the order of the files, so that a shard reads few of them, and of these one range.
func (s Shard) of(jobs []job, file func(index int) string) []job {
	if s == (Shard{}) || s.Of == 1 {
		return jobs
	}
	jobs = slices.Clone(jobs)
	slices.SortStableFunc(jobs, func(a, b job) int {
		return cmp.Or(names.Compare(file(a.index), file(b.index)), cmp.Compare(a.index, b.index))
	})
	large, small, rest := split(jobs, s.Of)
	load, mine := newLoads(s.Of), []job(nil)
	for _, j := range large {
		if load.add(j.cost) == s.Index-1 {
			mine = append(mine, j)
		}
	}
	level := levelOf(load.cost, rest)
	filled := 0. // up to the shard
	for _, c := range load.cost[:s.Index-1] {
		filled += max(0, level-c)
	}
	end := filled + max(0, level-load.cost[s.Index-1])
	if s.Index == s.Of {
		end = math.Inf(1)
	}
	before := 0.
	for _, j := range small {
		// The middle of a job decides whose it is.
		if middle := before + j.cost/2; middle >= filled && middle < end {
			mine = append(mine, j)
		}
		before += j.cost
	}
	return mine
}

// split takes the jobs apart that are large beside one of n shards, largest first, and
// sums the cost of the others.
func split(jobs []job, n int) (large, small []job, rest float64) {
	total := 0.
	for _, j := range jobs {
		total += j.cost
	}
	for _, j := range jobs {
		if j.cost > balance*total/float64(n) {
			large = append(large, j)
			continue
		}
		small = append(small, j)
		rest += j.cost
	}
	slices.SortStableFunc(large, func(a, b job) int { return cmp.Compare(b.cost, a.cost) })
	return large, small, rest
}

// levelOf returns up to where the shards are filled when rest is poured onto what they
// have.
func levelOf(have []float64, rest float64) float64 {
	sorted := slices.Sorted(slices.Values(have))
	for i, c := range sorted {
		// With the first i+1 at one level, what is left reaches up to the next?
		if i+1 == len(sorted) || float64(i+1)*(sorted[i+1]-c) >= rest {
			return c + rest/float64(i+1)
		}
		rest -= float64(i+1) * (sorted[i+1] - c)
	}
	return 0
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
