package numfmt

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fixtures is tables.json, which testdata/make.py writes.
type fixtures struct {
	Tables map[string]string
	Scaled []struct {
		Format        string
		Rows, Cols    int
		Height, Width int
		Seed          uint64
		ScaleSeed     uint64 `json:"scale_seed"`
		SHA256        string
	}
	MXFP4 struct {
		Blocks     int
		Seed       uint64
		FirstScale int `json:"first_scale"`
		Values     []float32
		SHA256     string
	}
}

func load(t *testing.T) (f fixtures) {
	t.Helper()
	text, err := os.ReadFile("testdata/tables.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &f))
	return f
}

// splitmix returns the i-th number of the stream that make.py draws from.
func splitmix(seed uint64, i int) uint64 {
	z := seed*0xD1B54A32D192ED03 + uint64(i+1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func digest(values []float32) string {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func TestTables(t *testing.T) {
	f := load(t)
	require.Len(t, f.Tables, 5)
	for name, text := range f.Tables {
		format, ok := Lookup(name)
		require.True(t, ok, name)
		table := format.Table()
		want := strings.Fields(text)
		require.Len(t, want, len(table), name)
		for code, v := range table {
			bits := math.Float32bits(v)
			if v != v {
				bits = 0x7fc00000
			}
			assert.Equal(t, want[code], fmt.Sprintf("%08x", bits), "%s %#x", name, code)
		}
	}
	for _, name := range []string{"F32", "F8", "F8_E3M4", ""} {
		_, ok := Lookup(name)
		assert.False(t, ok, name)
	}
}

// tail returns memory for n values of type T whose last len(src) bytes are src.
func tail[T uint16 | float32](n int, src []byte) (dst []T, at []byte) {
	dst = make([]T, n)
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), n*int(unsafe.Sizeof(dst[0])))
	at = b[len(b)-len(src):]
	copy(at, src)
	return dst, at
}

func widen(b []uint16) []float32 {
	v := make([]float32, len(b))
	for i, x := range b {
		v[i] = math.Float32frombits(uint32(x) << 16)
	}
	return v
}

// TestBFloat16 holds that no value of any format needs more than a bfloat16,
// and that source and result may share memory.
func TestBFloat16(t *testing.T) {
	for name := range load(t).Tables {
		format, _ := Lookup(name)
		table := format.Table()
		src := make([]byte, 256)
		for i := range src {
			src[i] = byte(i)
		}
		dst, at := tail[uint16](256, src)
		table.BFloat16(dst, at)
		for code, got := range widen(dst) {
			if want := table[code]; want == want {
				assert.Equal(t, math.Float32bits(want), math.Float32bits(got), "%s %#x", name, code)
			} else {
				assert.True(t, got != got, "%s %#x", name, code)
			}
		}
	}
}

func TestScaled(t *testing.T) {
	for _, f := range load(t).Scaled {
		format, ok := Lookup(f.Format)
		require.True(t, ok)
		table := format.Table()
		var good []byte
		for code, v := range table {
			if math.Abs(float64(v)) <= math.MaxFloat32 {
				good = append(good, byte(code))
			}
		}
		src := make([]byte, f.Rows*f.Cols)
		for i := range src {
			src[i] = good[splitmix(f.Seed, i)%uint64(len(good))]
		}
		g := Grid{Cols: (f.Cols + f.Width - 1) / f.Width, Height: f.Height, Width: f.Width}
		for i := range (f.Rows + f.Height - 1) / f.Height * g.Cols {
			g.Values = append(g.Values, float32(splitmix(f.ScaleSeed, i)>>40)*0x1p-30)
		}
		dst := make([]float32, len(src))
		table.Scaled(dst, src, f.Cols, g)
		assert.Equal(t, f.SHA256, digest(dst), "%s in blocks of %d×%d", f.Format, f.Height, f.Width)

		shared, at := tail[float32](len(src), src)
		table.Scaled(shared, at, f.Cols, g)
		assert.Equal(t, dst, shared)
	}
	new(Table).Scaled(nil, nil, 0, Grid{}) // a matrix of no columns
}

func TestMXFP4(t *testing.T) {
	f := load(t).MXFP4
	var blocks, scales []byte
	for b := range f.Blocks {
		scales = append(scales, byte(f.FirstScale+b))
		for i := range BlockBytes {
			at := b*Block + 2*i
			blocks = append(blocks, byte(splitmix(f.Seed, at)>>60|splitmix(f.Seed, at+1)>>60<<4))
		}
	}
	dst := make([]uint16, Block*f.Blocks)
	MXFP4(dst, blocks, scales)
	assert.Equal(t, f.SHA256, digest(widen(dst)))

	shared, at := tail[uint16](len(dst), blocks)
	MXFP4(shared, at, scales)
	assert.Equal(t, dst, shared)
}

func TestMXFP4Scales(t *testing.T) {
	want := load(t).MXFP4.Values
	for s := range 256 {
		for code, got := range MXFP4Values(byte(s)) {
			if s == 255 {
				assert.True(t, got != got)
				continue
			}
			exact := math.Ldexp(float64(want[code]), s-127)
			assert.Equal(t, math.Float32bits(float32(exact)), math.Float32bits(got), "scale %d code %d", s, code)
			assert.Equal(t, float32(exact), widen([]uint16{upper(got)})[0], "scale %d code %d in bfloat16", s, code)
		}
	}
}

// TestScale multiplies values as Scaled does codes, at blocks that are cut off.
func TestScale(t *testing.T) {
	format, _ := Lookup("F8_E4M3")
	table := format.Table()
	for _, g := range []Grid{
		{Values: []float32{0.5}, Cols: 1, Height: 5, Width: 7},
		{Values: []float32{1, 2, 3, 4, 5}, Cols: 1, Height: 1, Width: 7},
		{Values: []float32{1, 2, 3, 4, 5, 6}, Cols: 2, Height: 2, Width: 4},
		{Values: []float32{1, 2, 3, 4, 5, 6, 7}, Cols: 7, Height: 5, Width: 1},
	} {
		const rows, cols = 5, 7
		codes := make([]byte, rows*cols)
		values := make([]float32, len(codes))
		for i := range codes {
			codes[i] = byte(i * 3)
			values[i] = table[codes[i]]
		}
		want := make([]float32, len(codes))
		table.Scaled(want, codes, cols, g)
		g.Scale(values, cols)
		assert.Equal(t, want, values, "%v", g)
	}
	Grid{}.Scale(nil, 0)
}
