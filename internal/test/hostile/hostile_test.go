package hostile

import (
	"context"
	"errors"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSourcesAreRead reads the exported names of this package.
func TestSourcesAreRead(t *testing.T) {
	names, err := exported(".")
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{"Package.Walk": true}, names)
}

type weak struct{ list []int }

func (w *weak) First() int { return w.list[0] }

// TestPanicsAreFound has a function for each way to fail, found in few calls.
func TestPanicsAreFound(t *testing.T) {
	g := &generator{rand: rand.New(rand.NewPCG(1, 2))}
	for name, f := range map[string]any{
		"a nil map":       func(m map[string]int) { m["x"] = 1 },
		"a negative size": func(n int8) { _ = make([]int, n) },
		"a nil pointer":   func(p *weak) int { return len(p.list) },
		"a field":         func(o struct{ N *int }) int { return *o.N },
		"a nil callback":  func(f func(int) error) error { return f(1) },
		"an iterator":     func(n int8) iter.Seq[int] { return func(yield func(int) bool) { yield([]int{1}[n]) } },
		"a nil context":   func(ctx context.Context, _ string) error { return nil },
		"an error itself": func() error { return (*faulty)(nil) },
		"a NaN": func(x float64) {
			if x != x {
				panic("NaN")
			}
		},
		"a variadic argument": func(p ...*int) int { return *p[0] },
	} {
		assert.Error(t, g.first(reflect.ValueOf(f)), name)
	}
	for name, f := range map[string]any{
		"math":        math.Sqrt,
		"no argument": func() {},
		"a context": func(ctx context.Context) error {
			if ctx == nil {
				return errors.New("nil")
			}
			return ctx.Err()
		},
		"a sequence": func(m map[string]int) iter.Seq[string] { return maps.Keys(m) },
		"a slice":    func(s []float64) []float64 { return slices.Sorted(slices.Values(s)) },
	} {
		assert.NoError(t, g.first(reflect.ValueOf(f)), name)
	}
}

type faulty struct{ text string }

func (f *faulty) Error() string { return f.text }

func TestReceivers(t *testing.T) {
	one := weak{[]int{1}}
	calls := (&Package{Types: []any{one, &one}}).targets()["weak.First"]
	require.Len(t, calls, 6, "given, zero and nil, of each")
	assert.NoError(t, call(calls[0].fn, nil))
	assert.Error(t, call(calls[1].fn, nil))
	assert.Error(t, call(calls[2].fn, nil))
	assert.True(t, calls[2].nilReceiver)
}
