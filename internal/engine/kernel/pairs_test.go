package kernel

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// pairKernels returns the kernels that multiply bfloat16 pairs, and skips the
// test where there are none.
func pairKernels(t *testing.T) []Kernel[float32] {
	var all []Kernel[float32]
	for _, k := range All[float32]() {
		if k.pairs != nil {
			all = append(all, k)
		}
	}
	if len(all) == 0 {
		t.Skip("this CPU has no bfloat16 products")
	}
	return all
}

func bf16(f float32) uint16 { return uint16(math.Float32bits(f) >> 16) }

// words returns the memory of a slice as 32-bit words, for guarded to watch over.
func words(s []float32) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}

// pairsGo is Pairs in Go: two rounded steps for each pair.
func pairsGo(mr, nr, depth, tiles int, a []uint32, rs, cs int, b []uint32, c []float32, ldc int) {
	upper := func(v uint32) float64 { return float64(math.Float32frombits(v &^ 0xffff)) }
	lower := func(v uint32) float64 { return float64(math.Float32frombits(v << 16)) }
	for i := range tiles * mr {
		for j := range nr {
			var sum float32
			for p := range depth {
				x, y := a[i*rs+p*cs], b[p*nr+j]
				sum = float32(float64(sum) + upper(x)*upper(y))
				sum = float32(float64(sum) + lower(x)*lower(y))
			}
			c[i*ldc+j] += sum
		}
	}
}

func TestPeakPairs(t *testing.T) {
	for _, k := range pairKernels(t) {
		for _, rounds := range []int{1, 2, 7, 100} {
			x, checkX := guarded[float32](k.NR)
			sum, checkSum := guarded[float32](k.NR)
			for j, w := 0, words(x); j < len(w); j++ {
				w[j] = uint32(bf16(float32(j)))<<16 | uint32(bf16(3))
			}
			x0 := clone(x)
			flops := k.PeakPairs(rounds, words(x), sum)
			checkX(t)
			checkSum(t)
			require.Equal(t, words(x0), words(x))
			for j := range k.lanes {
				require.Equal(t, float32(peakChains*rounds*(j*j+9)), sum[j], "%d rounds, lane %d", rounds, j)
			}
			require.EqualValues(t, 4*peakChains*k.lanes*rounds, flops)
		}
		a := make([]float32, k.NR)
		require.Panics(t, func() { k.PeakPairs(0, words(a), a) })
		require.Panics(t, func() { k.PeakPairs(1, words(a[1:]), a) })
	}
}

func TestPairs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(31, 32))
	pair := func() uint32 {
		return uint32(bf16(float32(rnd.NormFloat64())))<<16 | uint32(bf16(float32(rnd.NormFloat64())))
	}
	for _, k := range pairKernels(t) {
		for _, depth := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31, 193} {
			for tiles := 1; tiles <= 3; tiles++ {
				rows := tiles * k.MR
				for _, layout := range []struct{ rs, cs int }{{depth + 3, 1}, {1, rows}, {1, k.NR * 2}, {0, 1}} {
					if layout.rs == 1 && layout.cs < rows {
						continue
					}
					ldc := k.NR + tiles
					t.Run(fmt.Sprintf("%s/k%d/t%d/%v", k.Name, depth, tiles, layout), func(t *testing.T) {
						a, checkA := guarded[float32]((rows-1)*layout.rs + (depth-1)*layout.cs + 1)
						b, checkB := guarded[float32](depth * k.NR)
						c, checkC := guarded[float32]((rows-1)*ldc + k.NR)
						for _, s := range [][]uint32{words(a), words(b)} {
							for i := range s {
								s[i] = pair()
							}
						}
						fill(rnd, c)
						a0, b0, want := clone(a), clone(b), clone(c)
						pairsGo(k.MR, k.NR, depth, tiles, words(a), layout.rs, layout.cs, words(b), want, ldc)
						k.Pairs(depth, tiles, words(a), layout.rs, layout.cs, words(b), c, ldc)
						checkA(t)
						checkB(t)
						checkC(t)
						require.Equal(t, words(a0), words(a))
						require.Equal(t, words(b0), words(b))
						require.Equal(t, want, c)
					})
				}
			}
		}
	}
}

// TestPairsEncoding reads what a disassembler makes of the bytes that stand for
// an instruction Go's assembler lacks.
func TestPairsEncoding(t *testing.T) {
	objdump, err := exec.LookPath("objdump")
	if err != nil {
		t.Skip("no objdump")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	symbols, err := exec.Command("go", "tool", "nm", self).Output()
	if err != nil {
		t.Skip("the executable of go test has no symbols, that of go test -c has")
	}
	at := regexp.MustCompile(`(?m)^ *([0-9a-f]+) T .*kernel\.stripBF16AVX512\.abi0$`).FindSubmatch(symbols)
	if at == nil {
		t.Skip("this build has no bfloat16 products")
	}
	start, err := strconv.ParseUint(string(at[1]), 16, 64)
	require.NoError(t, err)
	text, err := exec.Command(objdump, "-d", "-M", "intel", fmt.Sprintf("--start-address=%d", start), fmt.Sprintf("--stop-address=%d", start+4096), self).Output()
	require.NoError(t, err)
	if end := bytes.Index(text, []byte("\tret")); end >= 0 {
		text = text[:end]
	}
	require.NotContains(t, string(text), "(bad)")
	const steps, mr, vectors = 5, 8, 3 // four unrolled and a single one
	seen := make(map[string]int)
	for _, m := range regexp.MustCompile(`vdpbf16ps (\S+)`).FindAllSubmatch(text, -1) {
		seen[string(m[1])]++
	}
	// The tile is in the first 24 registers, x in the next, then comes B.
	for i := range mr {
		for j := range vectors {
			operands := fmt.Sprintf("zmm%d,zmm%d,zmm%d", i*vectors+j, mr*vectors, mr*vectors+1+j)
			require.Equal(t, steps, seen[operands], operands)
			delete(seen, operands)
		}
	}
	require.Empty(t, seen)
}
