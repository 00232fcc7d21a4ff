package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(b []byte) (*File, error) { return Read(bytes.NewReader(b), int64(len(b))) }

func TestRead(t *testing.T) {
	b := head(3, 6).
		text("general.architecture").u32(kindString).text("llama").
		text("split.count").u32(2).raw("\x03\x00").
		text("list").u32(kindArray).u32(kindString).u64(2).text("a").text("bc").
		text("numbers").u32(kindArray).u32(5).u64(2).u64(7).
		text("split.no").u32(2).raw("\x01\x00").
		text("x").u32(12).u64(1).
		tensor("late", Q8_0, 64, 32, 2).tensor("first", F32, 0, 3, 4, 1).tensor("odd", 99, 160, 5).
		data(164)
	f, err := read(b)
	require.NoError(t, err)
	start := int64(len(b) - 164)
	assert.Equal(t, &File{
		Version: 3, Architecture: "llama", Split: 1, Parts: 3,
		Tensors: []Tensor{
			{"first", F32, []int64{1, 4, 3}, start, 48},
			{"late", Q8_0, []int64{2, 32}, start + 64, 68},
			{"odd", 99, []int64{5}, start + 160, 0},
		},
	}, f)
	assert.Equal(t, "ggml type 99", f.Tensors[2].Type.String())
}

func TestVersions(t *testing.T) {
	for version, want := range map[uint32]string{1: "1, only", 4: "4, only", 0x03000000: "big-endian", 0: "0, only"} {
		_, err := read(new(builder).raw(Magic).u32(version).u64(0).u64(0).b)
		assert.ErrorIs(t, err, ErrVersion)
		assert.ErrorContains(t, err, want)
	}
	for _, version := range []uint32{2, 3} {
		f, err := read(new(builder).raw(Magic).u32(version).u64(0).u64(0).data(0))
		require.NoError(t, err)
		assert.EqualValues(t, version, f.Version)
	}
}

func TestReadRejects(t *testing.T) {
	for want, b := range crafted() {
		f, err := read(b)
		assert.ErrorIs(t, err, ErrFormat, want)
		assert.ErrorContains(t, err, want)
		assert.Nil(t, f)
	}
}

func TestReadErrors(t *testing.T) {
	b := head(1, 1).text("k").u32(kindString).text(strings.Repeat("v", 100)).tensor("x", F32, 0, 1).data(4)
	for cut := range len(b) - 36 {
		_, err := Read(bytes.NewReader(b[:cut]), int64(len(b)))
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF, cut)
		assert.NotErrorIs(t, err, ErrFormat)
	}
	broken := errors.New("broken disk")
	_, err := Read(io.MultiReader(bytes.NewReader(b[:40]), iotest.ErrReader(broken)), int64(len(b)))
	assert.ErrorIs(t, err, broken)
}

// tail returns memory for n numbers whose last bytes are src.
func tail(n int, src []byte) (dst []float32, at []byte) {
	dst = make([]float32, n)
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), 4*n)
	at = b[len(b)-len(src):]
	copy(at, src)
	return dst, at
}

// TestDequantise holds every format to the bits that NumPy made of quantised
// and of random blocks, also when the source lies in the result's memory.
func TestDequantise(t *testing.T) {
	b, err := os.ReadFile("testdata/quants.gguf")
	require.NoError(t, err)
	f, err := read(b)
	require.NoError(t, err)
	assert.Equal(t, "blocks", f.Name)
	raw, kinds := make(map[string][]byte), make(map[string]Type)
	for _, x := range f.Tensors {
		raw[x.Name], kinds[x.Name] = b[x.Offset:x.Offset+x.Size], x.Type
	}
	tested := make(map[Type]int)
	for name, expected := range raw {
		name, ok := strings.CutSuffix(name, ".expected")
		if !ok {
			continue
		}
		kind := kinds[name]
		require.True(t, kind.Quantised(), name)
		assert.True(t, strings.HasPrefix(name, kind.String()+"."), name)
		n := len(expected) / 4
		separate := make([]float32, n)
		require.True(t, kind.Dequantise(separate, raw[name]))
		shared, at := tail(n, raw[name])
		require.True(t, kind.Dequantise(shared, at))
		for i := range n {
			want := binary.LittleEndian.Uint32(expected[4*i:])
			require.Equal(t, want, math.Float32bits(separate[i]), "%s element %d", name, i)
			require.Equal(t, want, math.Float32bits(shared[i]), "%s element %d, shared memory", name, i)
		}
		tested[kind]++
	}
	assert.Len(t, tested, 11)
	for kind, n := range tested {
		assert.Equal(t, 2, n, kind)
	}
	for _, kind := range []Type{F32, F16, BF16, 16, 99} {
		assert.False(t, kind.Quantised())
		assert.False(t, kind.Dequantise(nil, nil))
	}
}

// TestTypesKnownByNameOnly lists tensors of types whose length nothing says between
// others. The numbers are those of ggml.h.
func TestTypesKnownByNameOnly(t *testing.T) {
	for kind, want := range map[Type]string{
		40: "NVFP4", 41: "Q1_0", 42: "Q2_0", 43: "ggml type 43", 4: "Q4_2", 5: "Q4_3", 7: "Q5_1",
		31: "Q4_0_4_4", 33: "Q4_0_8_8", 36: "IQ4_NL_4_4", 38: "IQ4_NL_8_8", 156: "ggml type 156",
	} {
		assert.Equal(t, want, kind.String())
		if kind == 7 {
			continue
		}
		assert.False(t, kind.Quantised(), want)
		f, err := read(head(2, 0).tensor("a", kind, 0, 3, 5).tensor("b", F32, 64, 2).data(72))
		require.NoError(t, err, want)
		assert.Zero(t, f.Tensors[0].Size, want)
		assert.Equal(t, kind, f.Tensors[0].Type)
	}
}

func FuzzRead(f *testing.F) {
	for _, b := range crafted() {
		f.Add(b)
	}
	f.Add(head(2, 1).text("general.alignment").u32(kindUint32).u32(64).tensor("a", Q4K, 0, 256, 2).tensor("b", F16, 320, 3).data(512))
	if b, err := os.ReadFile("testdata/quants.gguf"); err == nil {
		f.Add(b[:8192])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		file, err := read(b)
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, 64*uint64(len(b))+1<<20; got > limit {
			t.Errorf("allocated %d bytes for a file of %d", got, len(b))
		}
		if err != nil {
			require.True(t, errors.Is(err, ErrFormat) || errors.Is(err, ErrVersion), err)
			return
		}
		var end int64
		for _, x := range file.Tensors {
			require.GreaterOrEqual(t, x.Offset, end, x.Name)
			end = x.Offset + x.Size
			require.LessOrEqual(t, end, int64(len(b)), x.Name)
			if !x.Type.Quantised() {
				continue
			}
			n := int64(1)
			for _, d := range x.Shape {
				n *= d
			}
			x.Type.Dequantise(make([]float32, n), b[x.Offset:end])
		}
	})
}
