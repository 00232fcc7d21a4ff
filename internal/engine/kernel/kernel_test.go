package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// guarded returns n numbers in the middle of a larger slice of canaries, and a
// check that the canaries are untouched.
func guarded[T Float](n int) (s []T, check func(t *testing.T)) {
	const margin = 64
	canary := T(1234.5)
	all := make([]T, n+2*margin)
	for i := range all {
		all[i] = canary
	}
	s = all[margin : margin+n : margin+n]
	return s, func(t *testing.T) {
		t.Helper()
		for i, v := range all {
			if (i < margin || i >= margin+n) && v != canary {
				t.Fatalf("element %d of a slice of %d was overwritten", i-margin, n)
			}
		}
	}
}

func fill[T Float](rnd *rand.Rand, s []T) {
	for i := range s {
		s[i] = T(rnd.NormFloat64())
	}
}

func TestStrip(t *testing.T) {
	t.Run("float32", testStrip[float32])
	t.Run("float64", testStrip[float64])
}

func testStrip[T Float](t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, k := range All[T]() {
		for _, depth := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 193} {
			for tiles := 1; tiles <= 3; tiles++ {
				rows := tiles * k.MR
				for _, layout := range []struct{ rs, cs int }{{depth, 1}, {depth + 3, 1}, {1, rows}, {1, k.NR * 2}, {2, 2*rows + 1}, {0, 1}} {
					if layout.rs == 1 && layout.cs < rows {
						continue
					}
					for _, ldc := range []int{k.NR, k.NR + 5} {
						t.Run(fmt.Sprintf("%s/k%d/t%d/%v/ldc%d", k.Name, depth, tiles, layout, ldc), func(t *testing.T) {
							a, checkA := guarded[T]((rows-1)*layout.rs + (depth-1)*layout.cs + 1)
							b, checkB := guarded[T](depth * k.NR)
							c, checkC := guarded[T]((rows-1)*ldc + k.NR)
							fill(rnd, a)
							fill(rnd, b)
							fill(rnd, c)
							a0, b0, c0 := clone(a), clone(b), clone(c)
							k.Strip(depth, tiles, a, layout.rs, layout.cs, b, c, ldc)
							checkA(t)
							checkB(t)
							checkC(t)
							require.Equal(t, a0, a)
							require.Equal(t, b0, b)
							for i := range c {
								row, col := i/ldc, i%ldc
								if col >= k.NR {
									require.Equal(t, c0[i], c[i], "between the rows of C")
									continue
								}
								want, size := float64(c0[i]), math.Abs(float64(c0[i]))
								for p := range depth {
									x := float64(a0[row*layout.rs+p*layout.cs]) * float64(b0[p*k.NR+col])
									want += x
									size += math.Abs(x)
								}
								require.InDelta(t, want, float64(c[i]), float64(depth+1)*Eps[T]()*size, "(%d, %d)", row, col)
							}
						})
					}
				}
			}
		}
	}
}

func clone[T any](s []T) []T { return append([]T(nil), s...) }

func TestReflect(t *testing.T) {
	t.Run("float32", testReflect[float32])
	t.Run("float64", testReflect[float64])
}

func testReflect[T Float](t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, k := range All[T]() {
		t.Run(k.Name, func(t *testing.T) {
			for _, rows := range []int{0, 1, 2, 3, 4, 5, 16, 101} {
				for _, col := range []int{0, 1, k.NR / 2, k.NR - 1} {
					next := min(col+1, k.NR-1)
					p, checkP := guarded[T](rows * k.NR)
					w, checkW := guarded[T](k.NR)
					sum, checkSum := guarded[T](k.NR)
					fill(rnd, p)
					fill(rnd, w)
					fill(rnd, sum)
					p0 := clone(p)
					k.Reflect(rows, p, col, next, w, sum)
					checkP(t)
					checkW(t)
					checkSum(t)
					want, size := make([]float64, k.NR), make([]float64, k.NR)
					for r := range rows {
						x := float64(p0[r*k.NR+col])
						for j := range k.NR {
							old := float64(p0[r*k.NR+j])
							now := old - x*float64(w[j])
							got := float64(p[r*k.NR+j])
							require.InDelta(t, now, got, 2*Eps[T]()*(math.Abs(old)+math.Abs(x*float64(w[j]))))
							y := float64(p[r*k.NR+next])
							want[j] += y * got
							size[j] += math.Abs(y * got)
						}
					}
					for j := range k.NR {
						require.InDelta(t, want[j], float64(sum[j]), float64(rows+1)*Eps[T]()*size[j], "%s, %d rows, sum %d", k.Name, rows, j)
					}
				}
			}
		})
	}
}

func TestPeak(t *testing.T) {
	t.Run("float32", testPeak[float32])
	t.Run("float64", testPeak[float64])
}

func testPeak[T Float](t *testing.T) {
	for _, k := range All[T]() {
		t.Run(k.Name, func(t *testing.T) {
			for _, rounds := range []int{1, 2, 7, 100} {
				x, checkX := guarded[T](k.NR)
				sum, checkSum := guarded[T](k.NR)
				for j := range x {
					x[j] = T(j+1) / 64
				}
				x0 := clone(x)
				flops := k.Peak(rounds, x, sum)
				checkX(t)
				checkSum(t)
				require.Equal(t, x0, x)
				for j := range k.lanes {
					v := float64(x[j])
					power := math.Pow(v, float64(rounds))
					want := peakChains*v*(1-power)/(1-v) + peakChains*(peakChains-1)/2*v*power
					require.InEpsilon(t, want, float64(sum[j]), 40*Eps[T](), "%d rounds, lane %d", rounds, j)
				}
				require.EqualValues(t, 2*peakChains*k.lanes*rounds, flops)
			}
		})
	}
}

// What is wrong is said in numbers.
func TestMisuseText(t *testing.T) {
	k := Named[float32]("generic")
	a := make([]float32, 10)
	require.PanicsWithValue(t, "kernel: Strip of generic: 2 tiles of 1×6 and depth 3 do not fit A of 10 elements with strides 8 and 1, B of 10 and C of 10 with rows 6 apart",
		func() { k.Strip(3, 2, a, 8, 1, a, a, 6) })
	require.PanicsWithError(t, "kernel: 10 elements do not hold a window of a band matrix with columns 48 apart",
		func() { k.Mul(a, Band, new([Band]float32), new([Band]float32)) })
}

func TestMisuse(t *testing.T) {
	for _, k := range All[float32]() {
		a := make([]float32, 1000)
		for name, f := range map[string]func(){
			"depth": func() { k.Strip(0, 1, a, 1, 1, a, a, k.NR) },
			"tiles": func() { k.Strip(1, 0, a, 1, 1, a, a, k.NR) },
			"ldc":   func() { k.Strip(1, 1, a, 1, 1, a, a, k.NR-1) },
			"a":     func() { k.Strip(2, 1, a[:2*k.MR-1], 2, 1, a, a, k.NR) },
			"b":     func() { k.Strip(2, 1, a, 2, 1, a[:2*k.NR-1], a, k.NR) },
			"c":     func() { k.Strip(1, 1, a, 1, 1, a, a[:k.MR*k.NR-1], k.NR) },
			"col":   func() { k.Reflect(1, a, k.NR, 0, a, a) },
			"p":     func() { k.Reflect(2, a[:2*k.NR-1], 0, 0, a, a) },
			"ld":    func() { k.Mul(a, Band-1, new([Band]float32), new([Band]float32)) },
			"h":     func() { k.Mul(a, Band, new([Band]float32), new([Band]float32)) },
			"w":     func() { k.Reflect(1, a, 0, 0, a[:k.NR-1], a) },
			"round": func() { k.Peak(0, a, a) },
			"x":     func() { k.Peak(1, a[:k.NR-1], a) },
		} {
			require.Panics(t, f, "%s %s", k.Name, name)
		}
	}
}

// CI says which kernel a machine, real or emulated, must have, so that a run
// that tests less than it should fails.
func TestExpectedKernel(t *testing.T) {
	want := os.Getenv("SPECTRUM_EXPECT_KERNEL")
	if want == "" {
		t.Skip("SPECTRUM_EXPECT_KERNEL is not set")
	}
	require.Equal(t, want, All[float32]()[0].Name)
	require.Equal(t, Named[float64](want).Name, All[float64]()[0].Name)
}

func TestNamed(t *testing.T) {
	for _, k := range All[float32]() {
		named := Named[float32](k.Name)
		require.Equal(t, k.Name, named.Name)
		require.Equal(t, k.HasPairs(), named.HasPairs())
		double := strings.TrimSuffix(k.Name, "bf16") // which has no use for pairs
		require.Equal(t, double, Named[float64](k.Name).Name)
		require.True(t, slices.ContainsFunc(All[float64](), func(k Kernel[float64]) bool { return k.Name == double }))
	}
	require.PanicsWithValue(t, `kernel: there is no kernel "mmx" here`, func() { Named[float32]("mmx") })
}

// What is known to lack nothing is what runs, in the same order, and no kernel is
// listed twice.
func TestAllKnown(t *testing.T) {
	var runs, has []string
	for _, k := range AllKnown() {
		if len(k.Missing) == 0 {
			runs = append(runs, k.Name)
		}
	}
	for _, k := range All[float32]() {
		has = append(has, k.Name)
	}
	var double []string
	for _, k := range All[float64]() {
		double = append(double, k.Name)
	}
	require.Subset(t, has, double)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(double))), len(double))
	require.Equal(t, has, runs)
	var names []string
	for _, k := range AllKnown() {
		names = append(names, k.Name)
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names))
	require.Subset(t, names, []string{"avx512bf16", "avx512", "avx2", "neon", "generic"})
}
