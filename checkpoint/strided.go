package checkpoint

import (
	"cmp"
	"context"
	"encoding/binary"
	"io"
	"slices"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// window is how many bytes of a tensor with strides are read at a time.
const window = 4 << 20

// width returns the size of an element in bytes.
func (s *stored) width() int64 { return int64(safetensors.Bits(s.dtype) / 8) }

// dim is one dimension of a tensor with strides, in bytes.
type dim struct{ count, from, to int64 }

// gather reads a tensor with strides into dst, row by row. The file is read once
// and forwards, a window at a time, in whatever order the elements lie.
func (s *stored) gather(ctx context.Context, dst []byte, r io.ReaderAt) error {
	width := s.width()
	dims := make([]dim, 0, len(s.shape))
	to := width
	for i := len(s.shape) - 1; i >= 0; i-- {
		if s.shape[i] != 1 {
			dims = append(dims, dim{s.shape[i], s.stride[i] * width, to})
		}
		to *= s.shape[i]
	}
	if len(dst) == 0 {
		return nil
	}
	// No two elements overlap, so by stride each dimension steps over all inside it.
	slices.SortFunc(dims, func(a, b dim) int { return cmp.Compare(b.from, a.from) })
	g := &gatherer{ctx: ctx, r: r, dst: dst, width: int(width)}
	return g.walk(dims, s.offset, 0)
}

type gatherer struct {
	ctx   context.Context
	r     io.ReaderAt
	dst   []byte
	src   []byte // the window
	width int
}

// walk reads the elements of dims, the first of which has the largest stride, from
// offset from of the file to offset to of dst.
func (g *gatherer) walk(dims []dim, from, to int64) error {
	inner := int64(g.width)
	for _, d := range dims[min(1, len(dims)):] {
		inner += (d.count - 1) * d.from
	}
	if len(dims) == 0 {
		return g.move(nil, inner, from, to)
	}
	outer := dims[0]
	step := int64(1) // of outer that fit into the window
	if inner < window {
		step += (window - inner) / outer.from
	}
	for i := int64(0); i < outer.count; i += step {
		at, into := from+i*outer.from, to+i*outer.to
		var err error
		if inner > window {
			err = g.walk(dims[1:], at, into)
		} else {
			part := slices.Clone(dims)
			part[0].count = min(step, outer.count-i)
			err = g.move(part, inner+(part[0].count-1)*outer.from, at, into)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// move reads the size bytes in which the elements of dims lie and puts them into
// their places.
func (g *gatherer) move(dims []dim, size, from, to int64) error {
	if int64(len(g.src)) < size {
		g.src = make([]byte, size)
	}
	src := g.src[:size]
	if err := readAt(g.ctx, g.r, src, from); err != nil {
		return err
	}
	// What is written one behind the other stays in the cache.
	slices.SortFunc(dims, func(a, b dim) int { return cmp.Compare(b.to, a.to) })
	g.scatter(dims, src, g.dst[to:])
	return nil
}

func (g *gatherer) scatter(dims []dim, src, dst []byte) {
	switch len(dims) {
	case 0:
		copy(dst[:g.width], src)
	case 1:
		copyStrided(dst, src, dims[0], g.width)
	default:
		for i := range dims[0].count {
			g.scatter(dims[1:], src[i*dims[0].from:], dst[i*dims[0].to:])
		}
	}
}

// copyStrided copies the elements of one dimension.
func copyStrided(dst, src []byte, d dim, width int) {
	for i := range d.count {
		from, to := src[i*d.from:], dst[i*d.to:]
		switch width {
		case 2:
			binary.NativeEndian.PutUint16(to, binary.NativeEndian.Uint16(from))
		case 4:
			binary.NativeEndian.PutUint32(to, binary.NativeEndian.Uint32(from))
		case 8:
			binary.NativeEndian.PutUint64(to, binary.NativeEndian.Uint64(from))
		default:
			copy(to[:width], from)
		}
	}
}
