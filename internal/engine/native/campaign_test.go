package native

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/test/matrices"
	"github.com/gospectrum/spectrum/internal/test/yardstick"
)

var (
	campaignSize = flag.Int("campaign", 0, "number of matrices of each part of TestCampaign; 0 means a few")
	campaignSeed = flag.Uint64("campaign-seed", 1, "seed of TestCampaign")
	campaignFile = flag.String("campaign-file", "", "where TestCampaign notes how far it is, and goes on from")
)

// TestCampaign looks for a matrix whose singular values are off by more than the reported
// bound, by either way, in either arithmetic, on any kernel. It prints, for each family,
// the largest error in units of the bound. It has four parts:
//
//	small  order up to 128, near square; every way is held against 106 bits
//	large  order 500 to 1100; float32 is held against float64, float64 against what is
//	       known by construction
//	seen   sides from where a first look at a matrix decides how float32 goes about it, one
//	       in two near square; held as large ones are
//	long   order up to 64, up to five million columns a row; every way, against 106 bits
//
// A matrix depends on the seed, the part and its number only. With a file, which is for
// one part, what is found is kept there and the next run goes on behind it:
//
//	go test ./internal/engine/native -run Campaign/small -campaign 1000000 -campaign-file small.json -v -timeout 0
func TestCampaign(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	for _, p := range []part{
		{"small", 1, 1200, drawSmall, holdSmall},
		{"large", 2, 12, drawLarge, holdLarge},
		{"long", 3, 8, drawLong, holdLong},
		{"seen", 4, 6, drawSeen, holdLarge},
	} {
		t.Run(p.name, func(t *testing.T) { p.run(t) })
	}
}

// part is a part of the campaign.
type part struct {
	name   string
	number uint64
	few    int // matrices without flags
	draw   func(rnd *rand.Rand) (r, c int)
	// hold returns the largest error of each way in units of its bound.
	hold func(m *subject) (map[string]float64, error)
}

// subject is a matrix on trial.
type subject struct {
	family family
	a      []float64 // as stored
	w      *kernel.Matrix
	maxAbs float64
	rnd    *rand.Rand
}

// progress is what the file holds.
type progress struct {
	Seed       uint64
	Part       string
	Done       int              // matrices
	Worst      map[string]worst // by family and way
	Violations []string
}

// worst is the largest error, in units of its bound, and the matrix it was found with.
type worst struct {
	Used   float64
	Matrix int
}

func (p part) run(t *testing.T) {
	total, state := *campaignSize, progress{Seed: *campaignSeed, Part: p.name, Worst: make(map[string]worst)}
	if total == 0 {
		total = p.few
	}
	state.load(t)
	for ; state.Done < total; state.Done++ {
		if state.Done%100 == 0 {
			state.save(t)
		}
		if err := p.try(&state); err != nil {
			t.Errorf("matrix %d: %v", state.Done, err)
			state.Violations = append(state.Violations, fmt.Sprintf("matrix %d: %v", state.Done, err))
			state.save(t)
		}
	}
	state.save(t)
	names := make([]string, 0, len(state.Worst))
	for name := range state.Worst {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		w := state.Worst[name]
		t.Logf("%-42s largest error %.3f of the bound, matrix %d", name, w.Used, w.Matrix)
	}
	require.Empty(t, state.Violations)
}

// try draws the next matrix and holds it against the bounds.
func (p part) try(state *progress) error {
	rnd := rand.New(rand.NewPCG(state.Seed<<8|p.number, uint64(state.Done)))
	all := families()
	f := all[state.Done%len(all)]
	r, c := p.draw(rnd)
	if f.spectral && max(r, c) > 20*min(r, c) {
		r, c = min(r, c), 2*min(r, c)
	}
	m := subject{family: f, a: f.make(rnd, r, c), rnd: rnd}
	m.w, m.maxAbs = inType(m.a, r, c, storage(rnd.IntN(4)))
	if m.maxAbs == 0 {
		return nil
	}
	used, err := p.hold(&m)
	for way, x := range used {
		if key := f.name + ", " + way; x >= state.Worst[key].Used {
			state.Worst[key] = worst{x, state.Done}
		}
	}
	if err != nil {
		return fmt.Errorf("%s, %d×%d: %w", f.name, r, c, err)
	}
	return nil
}

func (s *progress) load(t *testing.T) {
	if *campaignFile == "" {
		return
	}
	data, err := os.ReadFile(*campaignFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	require.NoError(t, err)
	fresh := *s
	require.NoError(t, json.Unmarshal(data, s))
	require.Equal(t, fresh.Seed, s.Seed, "%s is of another seed", *campaignFile)
	require.Equal(t, fresh.Part, s.Part, "%s is of another part", *campaignFile)
}

// save replaces the file, so that one cut short is never seen.
func (s *progress) save(t *testing.T) {
	if *campaignFile == "" {
		return
	}
	data, err := json.MarshalIndent(s, "", "\t")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(*campaignFile+".new", data, 0o666))
	require.NoError(t, os.Rename(*campaignFile+".new", *campaignFile))
}

// ratio is a shape's long side over its short one, 1 more often than 8.
func ratio(rnd *rand.Rand) float64 { return math.Pow(8, rnd.Float64()*rnd.Float64()) }

func orient(rnd *rand.Rand, n, m int) (r, c int) {
	if rnd.IntN(2) == 0 {
		return m, n
	}
	return n, m
}

func drawSmall(rnd *rand.Rand) (r, c int) {
	n := int(math.Pow(128, rnd.Float64()))
	return orient(rnd, n, int(float64(n)*ratio(rnd)))
}

func drawLarge(rnd *rand.Rand) (r, c int) {
	n := 500 + rnd.IntN(601)
	if rnd.IntN(3) == 0 {
		return n, n
	}
	return orient(rnd, n, int(float64(n)*ratio(rnd)))
}

func drawSeen(rnd *rand.Rand) (r, c int) {
	m := leastLooked*kernel.GramDepth + rnd.IntN(500)
	if rnd.IntN(2) == 0 {
		return orient(rnd, m-rnd.IntN(m/5), m)
	}
	return orient(rnd, minDeflated+rnd.IntN(m-minDeflated), m)
}

func drawLong(rnd *rand.Rand) (r, c int) {
	n := int(math.Pow(64, rnd.Float64()))
	most := min(5e7/float64(n), 5e6)
	return orient(rnd, n, int(20000*math.Pow(most/20000, rnd.Float64())))
}

func holdSmall(m *subject) (map[string]float64, error) {
	r, c := m.w.Rows, m.w.Cols
	truth := known{w: m.w, maxAbs: m.maxAbs}
	e := -math.Ilogb(m.maxAbs) // or squares leave the range of float64
	a := slices.Clone(m.a)
	scaleAll(a, math.Ldexp(1, e))
	truth.values = yardstick.SingularValues(a, r, c)
	for _, v := range truth.values {
		truth.errs = append(truth.errs, math.Ldexp(yardstick.Error(len(truth.values))*truth.values[0]+0x1p-53*v, -e)+0x1p-1074)
	}
	scaleAll(truth.values, math.Ldexp(1, -e))
	return m.against(truth, true)
}

// holdLarge compares float32 with float64 by the way that does not square, whose own bound
// is 2⁻²⁹ of that of float32.
func holdLarge(m *subject) (map[string]float64, error) {
	if m.family.exact != nil {
		if s := m.family.exact(m.a, m.w.Rows, m.w.Cols); s != nil {
			return m.against(exactly(m.w, m.maxAbs, s), true)
		}
	}
	k := kernel.All[float64]()[0]
	got, err := Direct(context.Background(), &k, m.w, m.maxAbs, 1)
	if err != nil {
		return nil, err
	}
	return m.against(known{m.w, m.maxAbs, got.Values, got.Errors}, false)
}

func holdLong(m *subject) (map[string]float64, error) {
	n, length := min(m.w.Rows, m.w.Cols), max(m.w.Rows, m.w.Cols)
	e := -math.Ilogb(m.maxAbs)
	scale := math.Ldexp(1, e)
	values, errs := yardstick.LongValues(n, length, func(dst []float64, i, p int) {
		for j := range dst {
			if m.w.Rows > m.w.Cols {
				dst[j] = scale * m.a[(p+j)*n+i]
			} else {
				dst[j] = scale * m.a[i*length+p+j]
			}
		}
	})
	scaleAll(values, 1/scale)
	scaleAll(errs, 1/scale)
	return m.against(known{m.w, m.maxAbs, values, errs}, true)
}

// against holds all ways against the truth, those in float64 only if it is good enough.
func (m *subject) against(truth known, double bool) (map[string]float64, error) {
	used := make(map[string]float64)
	var all []error
	if m.w.F64 == nil { // which never comes to float32
		all = append(all, drawn(m, truth, used, "float32", Single), drawn(m, truth, used, "float32 direct", Direct[float32]))
	}
	if double {
		all = append(all, drawn(m, truth, used, "float64", Gram[float64]), drawn(m, truth, used, "float64 direct", Direct[float64]))
	}
	return used, errors.Join(all...)
}

// drawn holds a way on a kernel that is drawn.
func drawn[T kernel.Float](m *subject, truth known, used map[string]float64, way string, solve solver[T]) error {
	kernels := kernel.All[T]()
	k := kernels[m.rnd.IntN(len(kernels))]
	if m.rnd.IntN(2) == 0 {
		k.OneStage = 0
	}
	got, err := solve(context.Background(), &k, m.w, m.maxAbs, 1+m.rnd.IntN(2))
	if err != nil {
		return fmt.Errorf("%s, %s: %w", way, k.Name, err)
	}
	largest, at := truth.used(got)
	if used[way] = largest; largest <= 1 {
		return nil
	}
	return fmt.Errorf("%s, %s: s[%d] = %g, should be %g: %.3f of the bound %g (s₁ = %g)",
		way, k.Name, at, got.Values[at], truth.values[at], largest, got.Errors[at], got.Values[0])
}

// solver is Gram or Direct.
type solver[T kernel.Float] func(ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, maxAbs float64, workers int) (*Result, error)

// storage is a type that checkpoints hold weights in.
type storage int

const (
	inBF16 storage = iota
	inF32
	inF16
	inF64
)

// inType rounds a to a type, as a checkpoint would hold it, and a itself with it. What is
// beyond the range of float16 is stored in float32.
func inType(a []float64, r, c int, in storage) (w *kernel.Matrix, maxAbs float64) {
	for _, v := range a {
		maxAbs = max(maxAbs, math.Abs(v))
	}
	if in == inF16 && !(maxAbs < 60000 && maxAbs > 1e-3) {
		in = inF32
	}
	w = &kernel.Matrix{Rows: r, Cols: c, Stride: c}
	for _, v := range a {
		switch in {
		case inBF16:
			w.BF16 = append(w.BF16, matrices.BF16(float32(v)))
		case inF32:
			w.F32 = append(w.F32, float32(v))
		case inF16:
			w.F16 = append(w.F16, matrices.F16(v))
		default:
			w.F64 = append(w.F64, v)
		}
	}
	maxAbs = 0
	for i := range a {
		a[i] = w.At(i/c, i%c)
		maxAbs = max(maxAbs, math.Abs(a[i]))
	}
	return w, maxAbs
}
