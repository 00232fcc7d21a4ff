package bidiagonal

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/test/matrices"
)

func gaussian(seed uint64, r, c int) ([]float64, *kernel.Matrix) {
	data := matrices.Gaussian(rand.New(rand.NewPCG(seed, 7)), r*c)
	return data, &kernel.Matrix{Rows: r, Cols: c, Stride: c, F64: data}
}

func TestValues(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	t.Run("float32", testValues[float32])
	t.Run("float64", testValues[float64])
}

// kernels returns every kernel as if it had two stages for every size, and the generic
// one, which has the most in one stage, as it is.
func kernels[T kernel.Float]() []kernel.Kernel[T] {
	all := kernel.All[T]()
	asItIs := all[len(all)-1]
	for i := range all {
		all[i].OneStage = 0
	}
	return append(all, asItIs)
}

// No kernel has more in one stage than WorkLen foresees.
func TestMostOneStage(t *testing.T) {
	const mostOneStage = 640 // TestWorkLen has tried as many
	for _, k := range kernel.All[float64]() {
		require.LessOrEqual(t, k.OneStage, mostOneStage, k.Name)
	}
}

// Rows that stream in are whole blocks.
func TestStreamRows(t *testing.T) {
	for n := 1; n < 3000; n++ {
		require.Zero(t, streamRows%block.Size(n), "n = %d", n)
	}
}

// shapes covers the smallest, panel and block edges, both sides of the QR
// crossover, more rows than stream at once, and both orientations.
var shapes = [][2]int{
	{1, 1}, {1, 2}, {2, 2}, {3, 2}, {3, 3}, {4, 3}, {5, 5}, {47, 47}, {48, 48}, {49, 48}, {49, 49}, {50, 97}, {95, 95}, {96, 96}, {97, 97},
	{145, 143}, {191, 192}, {193, 193}, {250, 240}, {400, 385}, {1, 700}, {900, 3}, {900, 100}, {97, 1700}, {800, 193}, {2000, 50}, {450, 450},
}

func testValues[T kernel.Float](t *testing.T) {
	ctx := context.Background()
	for _, s := range shapes {
		for _, shape := range [][2]int{s, {s[1], s[0]}} {
			r, c := shape[0], shape[1]
			data, w := gaussian(uint64(r*10000+c), r, c)
			var svd mat.SVD
			require.True(t, svd.Factorize(mat.NewDense(r, c, data), mat.SVDNone))
			want := svd.Values(nil)
			scale := math.Ldexp(1, -6-math.Ilogb(math.Sqrt(float64(r*c))))
			for i, k := range kernels[T]() {
				rotate := (i+r)%2 == 1
				t.Run(fmt.Sprintf("%dx%d/%s/%d", r, c, k.Name, k.OneStage), func(t *testing.T) {
					got, err := Values(ctx, &k, w, T(scale), rotate, 2)
					require.NoError(t, err)
					require.Len(t, got, len(want))
					for i, s := range got {
						// gonum's dqds is off by about √(3n) units itself.
						tol := 8*kernel.Eps[T]() + 0x1p-53*(8+3*math.Sqrt(float64(3*len(want))))
						require.InDelta(t, want[i], s/scale, tol*want[0], "value %d", i)
					}
				})
			}
		}
	}
}

// The same bits for any number of workers.
func TestWorkers(t *testing.T) {
	t.Run("float32", testWorkers[float32])
	t.Run("float64", testWorkers[float64])
}

func testWorkers[T kernel.Float](t *testing.T) {
	for _, shape := range [][2]int{{1, 1}, {50, 50}, {450, 440}, {900, 130}, {130, 1500}} {
		_, w := gaussian(3, shape[0], shape[1])
		for i, k := range kernels[T]() {
			rotate := i%2 == 1
			want, err := Values(context.Background(), &k, w, 0x1p-12, rotate, 1)
			require.NoError(t, err)
			for _, workers := range []int{2, 3, 7} {
				got, err := Values(context.Background(), &k, w, 0x1p-12, rotate, workers)
				require.NoError(t, err)
				require.Equal(t, want, got, "%s, %v, %d workers", k.Name, shape, workers)
			}
		}
	}
}

// Spectra that are known; the largest with the best kernel only.
func TestPrescribedSpectrum(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	t.Run("float32", testPrescribed[float32])
	t.Run("float64", testPrescribed[float64])
}

func testPrescribed[T kernel.Float](t *testing.T) {
	for _, shape := range [][2]int{{1, 1}, {2, 2}, {3, 5}, {49, 48}, {97, 97}, {193, 192}, {300, 240}, {60, 700}, {700, 100}, {385, 390}} {
		r, c := shape[0], shape[1]
		for _, kind := range matrices.Spectra {
			want := kind.Values(min(r, c))
			data := matrices.Prescribed(rand.New(rand.NewPCG(uint64(r), uint64(c))), r, c, want)
			w := &kernel.Matrix{Rows: r, Cols: c, Stride: c, F64: data}
			tried := kernels[T]()
			if len(data) > 50000 {
				tried = tried[:1]
			}
			for _, k := range tried {
				got, err := Values(context.Background(), &k, w, 0x1p-6, false, 2)
				require.NoError(t, err)
				for i, s := range got {
					// The matrix is rounded, too, and the elements are rounded to T.
					tol := (40*kernel.Eps[T]() + 40*0x1p-53) * want[0]
					require.InDelta(t, want[i], s*0x1p6, tol, "%d×%d, %s, %s, value %d", r, c, kind.Name, k.Name, i)
				}
			}
		}
	}
}

// Errors measured against exact values: in float64 every value keeps 64·2⁻⁵², which is
// 128·ε, of the largest, with room. The one-stage reduction is gonum's, whose sums
// without assembly are plain ones: their errors grow with n, to 53·ε here on arm64.
func TestAccuracy(t *testing.T) {
	t.Run("float32", testAccuracy[float32])
	t.Run("float64", testAccuracy[float64])
}

func testAccuracy[T kernel.Float](t *testing.T) {
	for _, n := range []int{64, 256, 512} {
		w := hadamard(n)
		want := make([]float64, n)
		for i := range want {
			want[i] = 2 * math.Cos(float64(i+1)*math.Pi/float64(2*n+1))
		}
		for _, k := range kernels[T]() {
			got, err := Values(context.Background(), &k, w, 0x1p-6, false, 2)
			require.NoError(t, err)
			worst := 0.0
			for i, s := range got {
				worst = max(worst, math.Abs(s*0x1p6-want[i])/want[0])
			}
			t.Logf("n = %d, %s (%d): largest error %.1f·ε·s₁", n, k.Name, k.OneStage, worst/kernel.Eps[T]())
			limit := 24 * kernel.Eps[T]()
			if n <= k.OneStage {
				limit = 64 * kernel.Eps[T]()
			}
			require.Less(t, worst, limit)
		}
	}
}

// hadamard returns H·B·H/n, with H the Hadamard matrix of order n, a power of two,
// and B the bidiagonal matrix of ones, which has the singular values
// 2·cos(kπ/(2n+1)): all elements are small multiples of 1/n, so that they are exact.
func hadamard(n int) *kernel.Matrix {
	a := make([]float64, n*n)
	for i := range n {
		a[i*n+i] = 1 / float64(n)
		if i > 0 {
			a[(i-1)*n+i] = 1 / float64(n)
		}
	}
	for _, step := range [][2]int{{n, 1}, {1, n}} { // rows, then columns
		for line := range n {
			at, stride := line*step[0], step[1]
			for h := 1; h < n; h *= 2 {
				for i := range n {
					if i&h == 0 {
						x, y := &a[at+i*stride], &a[at+(i+h)*stride]
						*x, *y = *x+*y, *x-*y
					}
				}
			}
		}
	}
	return &kernel.Matrix{Rows: n, Cols: n, Stride: n, F64: a}
}

// Matrices with nothing in some places.
func TestSparse(t *testing.T) {
	k := kernels[float64]()[0]
	for name, keep := range map[string]func(i, j int) bool{
		"zero":         func(_, _ int) bool { return false },
		"one element":  func(i, j int) bool { return i == 77 && j == 50 },
		"one row":      func(i, _ int) bool { return i == 60 },
		"one column":   func(_, j int) bool { return j == 99 },
		"zero rows":    func(i, _ int) bool { return i%3 != 0 },
		"zero columns": func(_, j int) bool { return j > 50 && j != 60 },
		"first block":  func(i, j int) bool { return i < 48 && j < 48 },
		"last":         func(i, j int) bool { return i > 100 && j > 80 },
		"diagonal":     func(i, j int) bool { return i == j },
		"below":        func(i, j int) bool { return i == j+1 },
		"triangle":     func(i, j int) bool { return i <= j },
	} {
		for _, shape := range [][2]int{{120, 110}, {1000, 110}, {110, 120}} {
			r, c := shape[0], shape[1]
			data, w := gaussian(9, r, c)
			for i := range data {
				if !keep(i/c, i%c) {
					data[i] = 0
				}
			}
			var svd mat.SVD
			require.True(t, svd.Factorize(mat.NewDense(r, c, data), mat.SVDNone))
			want := svd.Values(nil)
			got, err := Values(context.Background(), &k, w, 0x1p-9, false, 2)
			require.NoError(t, err)
			for i := range got {
				got[i] *= 0x1p9
			}
			require.InDeltaSlice(t, want, got, 100*0x1p-53*want[0]+1e-300, "%s, %v", name, shape)
		}
	}
}

// WorkLen is what is allocated, but for some small change.
func TestWorkLen(t *testing.T) {
	all := kernel.All[float64]()
	k := all[len(all)-1]
	for _, shape := range [][2]int{{800, 800}, {1100, 800}, {2500, 800}, {800, 2500}, {640, 640}, {900, 600}, {1600, 600}} {
		_, w := gaussian(1, shape[0], shape[1])
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Values(context.Background(), &k, w, 0x1p-12, false, 1)
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		got, want := after.TotalAlloc-before.TotalAlloc, 8*WorkLen(shape[0], shape[1])
		require.InEpsilon(t, want, got, 0.25, "%v: %d bytes allocated, %d foreseen", shape, got, want)
	}
}

// countdown is a context that ends after a number of looks at it.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// Whichever stage the context ends in, Values returns its error.
func TestCanceled(t *testing.T) {
	k := kernel.All[float32]()[0]
	for _, shape := range [][2]int{{300, 300}, {2000, 150}} {
		_, w := gaussian(1, shape[0], shape[1])
		ctx := &countdown{Context: context.Background(), left: 1 << 30}
		_, err := Values(ctx, &k, w, 0x1p-12, false, 1)
		require.NoError(t, err)
		looks := 1<<30 - ctx.left
		for _, part := range []int{0, 10, 100, 300, 500, 700, 800, 900, 950, 980, 999, 1000} {
			ctx := &countdown{Context: context.Background(), left: (looks - 1) * part / 1000}
			_, err := Values(ctx, &k, w, 0x1p-12, false, 1)
			require.ErrorIs(t, err, context.Canceled, "%v, after %d of %d looks", shape, (looks-1)*part/1000, looks)
		}
	}
}
