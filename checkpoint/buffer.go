package checkpoint

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"unsafe"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/machine"
)

// Buffer is memory that [Model.Load] reads into and uses again. The zero value
// is ready. It grows to the size of the largest tensor and no further. A Buffer
// must not be used by two goroutines at once.
type Buffer struct {
	words []uint64  // not bytes: the weights must be aligned
	sum   hash.Hash // of what was read last
	other *Buffer   // see Other
}

// grow makes room for n bytes. The old contents are not kept, and released
// first, so that the two are never needed at once.
func (b *Buffer) grow(n int) error {
	words := n/8 + (n%8+7)/8
	if words <= len(b.words) {
		return nil
	}
	// A sparse file, or one that a server announces, can be larger than any machine; memory
	// that the system does not have ends the process, and no error can be had of it.
	if limit := machine.Memory(); int64(n) > limit {
		return fmt.Errorf("%w: %d MiB, and there is memory for %d MiB", ErrMemory, n>>20, limit>>20)
	}
	b.words = nil
	b.words = make([]uint64, words)
	return nil
}

// Size returns how many bytes it has grown to.
func (b *Buffer) Size() int64 {
	if b == nil {
		return 0
	}
	return 8*int64(len(b.words)) + b.other.Size()
}

// Other returns a second buffer, for what is read together with what is in b. It belongs to b,
// whose Size counts it.
func (b *Buffer) Other() *Buffer {
	if b == nil {
		return new(Buffer)
	}
	if b.other == nil {
		b.other = new(Buffer)
	}
	return b.other
}

// SHA256 returns the SHA-256, in hexadecimal, of the stored bytes that the last Load read:
// those of the tensor, then those of its scales and what else it is made of. It is "" before
// any.
func (b *Buffer) SHA256() string {
	if b == nil || b.sum == nil {
		return ""
	}
	return hex.EncodeToString(b.sum.Sum(nil))
}

// bytes returns the first n bytes.
func (b *Buffer) bytes(n int) []byte { return view[byte](b, n) }

// weights returns the buffer as a matrix of the given type.
func (b *Buffer) weights(rows, cols int, dtype spectrum.DType) (*spectrum.Weights, error) {
	n := rows * cols
	switch dtype {
	case spectrum.F64:
		return spectrum.NewWeights(rows, cols, view[float64](b, n))
	case spectrum.F32:
		return spectrum.NewWeights(rows, cols, view[float32](b, n))
	case spectrum.F16:
		return spectrum.NewWeights(rows, cols, view[spectrum.Float16](b, n))
	case spectrum.BF16:
		return spectrum.NewWeights(rows, cols, view[spectrum.BFloat16](b, n))
	}
	return nil, fmt.Errorf("%w: type %s", ErrUnsupported, dtype)
}

// view returns the first n elements of the buffer as T, without a copy. The
// caller has grown the buffer. Every bit pattern is a valid T, T has no
// pointers and needs no more than the alignment of a uint64.
func view[T byte | uint16 | spectrum.Element](b *Buffer, n int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b.words))), n)
}

// bigEndian reports whether this machine stores the high byte first. Files are
// little-endian.
func bigEndian() bool {
	return binary.NativeEndian.Uint16([]byte{1, 0}) != 1
}

// swap reverses the bytes of each element of width bytes.
func swap(b []byte, width int) {
	for ; len(b) >= width; b = b[width:] {
		switch width {
		case 2:
			binary.BigEndian.PutUint16(b, binary.LittleEndian.Uint16(b))
		case 4:
			binary.BigEndian.PutUint32(b, binary.LittleEndian.Uint32(b))
		case 8:
			binary.BigEndian.PutUint64(b, binary.LittleEndian.Uint64(b))
		}
	}
}

// Float32 returns n elements of the buffer's memory for weights that are made of others, with
// what was there before. They are valid until the buffer is used again. The error wraps
// [ErrMemory] when there is not enough.
func (b *Buffer) Float32(n int) ([]float32, error) { return made[float32](b, n) }

// Float64 is [Buffer.Float32] for float64.
func (b *Buffer) Float64(n int) ([]float64, error) { return made[float64](b, n) }

// made returns the first n elements of the buffer, which grows as need be.
func made[T float32 | float64](b *Buffer, n int) ([]T, error) {
	size := int(unsafe.Sizeof(*new(T)))
	if b == nil || n < 0 || n > math.MaxInt/size-8 {
		return nil, fmt.Errorf("%w: %d elements of a buffer", ErrMemory, n)
	}
	if err := b.grow(n * size); err != nil {
		return nil, err
	}
	b.sum = nil
	return view[T](b, n), nil
}
