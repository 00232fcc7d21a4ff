package checkpoint

import (
	"context"
	"fmt"
	"io"

	"github.com/gospectrum/spectrum"
)

// piece is the most that is read between two looks at the context, in bytes.
const piece = 16 << 20

// Load reads a tensor of m: matrices as they are, vectors as a single row. The
// values stay in the type they are stored in.
//
// The weights are a view of buf's memory and valid until buf is used again; a
// nil buf gives them memory of their own.
//
// Errors name file and tensor. They wrap [ErrNoTensor] when t is not from m,
// [ErrUnsupported] when t.Skip is set, [io.ErrUnexpectedEOF] when the file was
// cut short after Open, and the context's error when it ended.
func (m *Model) Load(ctx context.Context, t Tensor, buf *Buffer) (*spectrum.Weights, error) {
	i, ok := m.byKey[key{t.File, t.Name}]
	if !ok {
		return nil, fmt.Errorf("%s: tensor %q: %w", t.File, t.Name, ErrNoTensor)
	}
	if buf == nil {
		buf = new(Buffer)
	}
	w, err := m.tensors[i].load(ctx, buf)
	if err != nil {
		return nil, fmt.Errorf("%s: tensor %q: %w", t.File, t.Name, err)
	}
	return w, nil
}

func (e *entry) load(ctx context.Context, buf *Buffer) (*spectrum.Weights, error) {
	if e.Skip != "" {
		return nil, fmt.Errorf("%w: %s", ErrUnsupported, e.Skip)
	}
	// Before memory is taken for data that are no longer there.
	if info, err := e.shard.file.Stat(); err != nil {
		return nil, err
	} else if info.Size() < e.offset+e.Size {
		return nil, fmt.Errorf("file cut short to %d bytes: %w", info.Size(), io.ErrUnexpectedEOF)
	}
	if err := buf.grow(int(e.Size)); err != nil {
		return nil, err
	}
	b := buf.bytes(int(e.Size))
	if err := readAt(ctx, e.shard.file, b, e.offset); err != nil {
		return nil, err
	}
	dtype := spectrum.DType(e.DType)
	if bigEndian() {
		swap(b, dtype.Size())
	}
	rows, cols, _ := e.Dims()
	return buf.weights(rows, cols, dtype)
}

// readAt fills b from offset on, a piece at a time.
func readAt(ctx context.Context, r io.ReaderAt, b []byte, offset int64) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(b) == 0 {
			return nil
		}
		n, err := r.ReadAt(b[:min(len(b), piece)], offset)
		switch {
		case n == min(len(b), piece): // ReadAt may return io.EOF with the last byte
		case err == io.EOF || err == nil:
			return io.ErrUnexpectedEOF
		default:
			return err
		}
		b = b[n:]
		offset += int64(n)
	}
}
