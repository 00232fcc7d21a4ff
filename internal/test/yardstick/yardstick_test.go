package yardstick

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func random(rnd *rand.Rand, n int) []float64 {
	a := make([]float64, n)
	for i := range a {
		a[i] = rnd.NormFloat64()
	}
	return a
}

// hard edits the rows of a: graded, repeated, or as they are.
func hard(rnd *rand.Rand, a []float64, r, c, which int) {
	for i := range r {
		row := a[i*c : (i+1)*c]
		switch which {
		case 1:
			for j := range row {
				row[j] *= math.Pow(10, -12*float64(i)/float64(r))
			}
		case 2:
			if i > 0 && rnd.IntN(3) == 0 {
				copy(row, a[:c])
			}
		}
	}
}

func TestAgainstBig(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][2]int{{1, 1}, {1, 7}, {7, 1}, {2, 2}, {3, 9}, {14, 14}, {20, 13}} {
		for which := range 3 {
			r, c := shape[0], shape[1]
			a := random(rnd, r*c)
			hard(rnd, a, r, c, which)
			want := Big(r, c, 256, func(i, j int) *big.Float { return big.NewFloat(a[i*c+j]) })
			got := SingularValues(a, r, c)
			for i := range want {
				// Half an ulp is the rounding to float64.
				require.InDelta(t, want[i], got[i], Error(len(want))*want[0]+0x1p-53*want[i], "%d×%d, kind %d, %d", r, c, which, i)
			}
		}
	}
}

func TestLongValues(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	const n, m = 5, 5000
	a := random(rnd, n*m)
	copy(a[:m], a[m:2*m])
	want := Big(n, m, 200, func(i, j int) *big.Float { return big.NewFloat(a[i*m+j]) })
	got, errs := LongValues(n, m, func(dst []float64, i, p int) { copy(dst, a[i*m+p:(i+1)*m]) })
	for i := range want {
		require.InDelta(t, want[i], got[i], errs[i])
		require.Less(t, errs[i], 0x1p-45*got[0])
	}
}

func TestHadamard(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 9, 15, 16, 17, 23} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			a := make([]float64, n*n)
			for i := range a {
				a[i] = 1.3 * Hadamard(i/n, i%n)
			}
			require.InDeltaSlice(t, HadamardValues(n, 1.3), SingularValues(a, n, n), 1e-14)
		})
	}
}

func TestDoubleArithmetic(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	exact := func(d double) *big.Float {
		return new(big.Float).SetPrec(300).Add(big.NewFloat(d.hi).SetPrec(300), big.NewFloat(d.lo).SetPrec(300))
	}
	near := func(want *big.Float, got double, what string) {
		diff := new(big.Float).Sub(want, exact(got))
		diff.Quo(diff, want)
		f, _ := diff.Abs(diff).Float64()
		require.Less(t, f, Eps, what)
	}
	draw := func() double { return fastTwoSum(1+rnd.Float64(), rnd.NormFloat64()*0x1p-54) }
	for range 2000 {
		a, b := draw(), draw()
		x, y := exact(a), exact(b)
		near(new(big.Float).Add(x, y), a.add(b), "add")
		near(new(big.Float).Mul(x, y), a.mul(b), "mul")
		near(new(big.Float).Quo(x, y), a.div(b), "div")
		near(new(big.Float).Sqrt(x), a.sqrt(), "sqrt")
	}
	v := vector{random(rnd, 100), make([]float64, 100)}
	sum := new(big.Float).SetPrec(300)
	for _, x := range v.hi {
		sum.Add(sum, new(big.Float).SetPrec(300).Mul(big.NewFloat(x), big.NewFloat(x)))
	}
	near(sum, v.dot(v), "dot")
	near(sum, plainDot(v.hi, slices.Clone(v.hi)), "plainDot")
}
