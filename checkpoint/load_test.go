package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
)

func TestLoadTypes(t *testing.T) {
	dir := t.TempDir()
	want := []float64{1, -2, 0.5, 0, math.Inf(1), 0x1p-14}
	f32s, f16s, bf16s := make([]float32, 6), make([]spectrum.Float16, 6), make([]spectrum.BFloat16, 6)
	for i, v := range want {
		f32s[i] = float32(v)
		f16s[i], bf16s[i] = spectrum.ToFloat16(f32s[i]), spectrum.ToBFloat16(f32s[i])
	}
	shape := []int64{2, 3}
	// An odd tensor first, so that the others are not aligned in the file.
	writeShard(t, dir, "model.safetensors", tensor("odd", "U8", []int64{3}, []byte{1, 2, 3}),
		tensor("F64", "F64", shape, want), tensor("F32", "F32", shape, f32s),
		tensor("F16", "F16", shape, f16s), tensor("BF16", "BF16", shape, bf16s),
		tensor("vector", "F32", []int64{6}, f32s))
	m := open(t, dir)
	var buf Buffer
	for _, name := range []string{"F64", "F32", "F16", "BF16", "vector"} {
		w, err := m.Load(t.Context(), find(t, m, name), &buf)
		require.NoError(t, err, name)
		rows, cols := w.Dims()
		if name == "vector" {
			assert.Equal(t, [2]int{1, 6}, [2]int{rows, cols})
		} else {
			assert.Equal(t, [2]int{2, 3}, [2]int{rows, cols})
			assert.Equal(t, spectrum.DType(name), w.DType())
		}
		for i, v := range want {
			assert.Equal(t, v, w.At(i/cols, i%cols), "%s %d", name, i)
		}
	}
}

func TestBufferIsReused(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", f32("big", 10, 10), f32("small", 3, 3), f32("odd", 1, 1), f32("bigger", 11, 10))
	m := open(t, dir)
	var buf Buffer
	load := func(name string) *spectrum.Weights {
		w, err := m.Load(t.Context(), find(t, m, name), &buf)
		require.NoError(t, err)
		return w
	}
	big := load("big")
	memory := unsafe.SliceData(buf.words)
	assert.Equal(t, 50, cap(buf.words), "exactly the size of the tensor")
	assert.Zero(t, uintptr(unsafe.Pointer(memory))%8)
	assert.Equal(t, 100.0, big.At(9, 9))

	small := load("small")
	assert.Same(t, memory, unsafe.SliceData(buf.words))
	assert.Equal(t, 9.0, small.At(2, 2))
	load("odd")
	load("bigger")
	assert.Equal(t, 55, cap(buf.words))

	a, err := m.Load(t.Context(), find(t, m, "big"), nil)
	require.NoError(t, err)
	b, err := m.Load(t.Context(), find(t, m, "bigger"), nil)
	require.NoError(t, err)
	assert.Equal(t, []float64{100, 110}, []float64{a.At(9, 9), b.At(10, 9)}, "nil buffers share nothing")
}

func TestBufferTooLarge(t *testing.T) {
	var buf Buffer
	require.NoError(t, buf.grow(8))
	assert.ErrorIs(t, buf.grow(math.MaxInt), ErrMemory)
	require.NoError(t, buf.grow(17))
	assert.Len(t, buf.words, 3)
	assert.EqualValues(t, 24, buf.Size())
}

func TestLoadUnknownTensor(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", f32("a", 1, 1))
	m := open(t, dir)
	for _, x := range []Tensor{{}, {Name: "a"}, {Name: "b", File: "model.safetensors"}} {
		_, err := m.Load(t.Context(), x, nil)
		assert.ErrorIs(t, err, ErrNoTensor)
	}
	_, err := new(Model).Load(t.Context(), Tensor{Name: "a"}, nil)
	assert.ErrorIs(t, err, ErrNoTensor)
}

func TestLoadAfterTruncation(t *testing.T) {
	dir := t.TempDir()
	path := writeShard(t, dir, "model.safetensors", f32("first", 2, 2), f32("last", 2, 2))
	m := open(t, dir)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, info.Size()-1))
	_, err = m.Load(t.Context(), find(t, m, "first"), nil)
	assert.NoError(t, err)
	_, err = m.Load(t.Context(), find(t, m, "last"), nil)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.ErrorContains(t, err, `model.safetensors: tensor "last"`)
}

func TestLoadAfterClose(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", f32("a", 1, 1))
	m, err := Open(t.Context(), dir)
	require.NoError(t, err)
	kept, err := m.Load(t.Context(), m.Tensors()[0], nil)
	require.NoError(t, err)
	require.NoError(t, m.Close())
	assert.Equal(t, 1.0, kept.At(0, 0))
	_, err = m.Load(t.Context(), m.Tensors()[0], nil)
	assert.ErrorIs(t, err, os.ErrClosed)
}

func TestLoadCancelled(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", f32("a", 1, 1))
	m := open(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.Load(ctx, m.Tensors()[0], nil)
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, `model.safetensors: tensor "a"`)
}

// reader is a file that records the reads, and cancels after some of them.
type reader struct {
	*bytes.Reader
	lengths []int
	after   int
	cancel  func()
}

func (r *reader) ReadAt(p []byte, offset int64) (int, error) {
	r.lengths = append(r.lengths, len(p))
	if len(r.lengths) == r.after {
		r.cancel()
	}
	return r.Reader.ReadAt(p, offset)
}

func TestReadAtInPieces(t *testing.T) {
	data := make([]byte, 5+2*piece+7)
	for i := range data {
		data[i] = byte(i * 31 >> 8)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := &reader{Reader: bytes.NewReader(data), cancel: cancel}
	b := make([]byte, len(data)-5)
	require.NoError(t, readAt(ctx, r, b, 5))
	assert.True(t, bytes.Equal(data[5:], b))
	assert.Equal(t, []int{16 << 20, 16 << 20, 7}, r.lengths)

	// One byte more than there is, found with the last piece.
	assert.Equal(t, io.ErrUnexpectedEOF, readAt(ctx, r, b, 6))

	r.lengths, r.after = nil, 2
	assert.Equal(t, context.Canceled, readAt(ctx, r, b, 5))
	assert.Len(t, r.lengths, 2, "no read after the context ended")
}

// lazy returns fewer bytes than asked for, or an error.
type lazy struct{ err error }

func (l lazy) ReadAt(p []byte, _ int64) (int, error) { return len(p) / 2, l.err }

func TestReadAtErrors(t *testing.T) {
	b := make([]byte, 10)
	broken := errors.New("broken disk")
	assert.Equal(t, broken, readAt(t.Context(), lazy{broken}, b, 0))
	assert.Equal(t, io.ErrUnexpectedEOF, readAt(t.Context(), lazy{io.EOF}, b, 0))
	assert.Equal(t, io.ErrUnexpectedEOF, readAt(t.Context(), lazy{}, b, 0), "a reader that breaks the rules ends, too")
}

func TestSwap(t *testing.T) {
	for width, want := range map[int][]byte{
		2: {2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15},
		4: {4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9, 16, 15, 14, 13},
		8: {8, 7, 6, 5, 4, 3, 2, 1, 16, 15, 14, 13, 12, 11, 10, 9},
	} {
		b := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
		swap(b, width)
		assert.Equal(t, want, b, width)
		swap(nil, width)
	}
}

func TestConcurrentLoads(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", f32("a", 30, 30), f32("b", 20, 20))
	m := open(t, dir)
	done := make(chan error)
	for range 4 {
		go func() {
			var buf Buffer
			for range 50 {
				for _, x := range m.Tensors() {
					w, err := m.Load(context.Background(), x, &buf)
					if err == nil && w.At(x.Shape[0]-1, x.Shape[1]-1) != float64(x.Params()) {
						err = errors.New("wrong value in " + x.Name)
					}
					if err != nil {
						done <- err
						return
					}
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		assert.NoError(t, <-done)
	}
}
