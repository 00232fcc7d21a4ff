package checkpoint

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/gospectrum/spectrum"
)

// piece is the most that is read between two looks at the context, in bytes.
const piece = 16 << 20

// Load reads a tensor of m: matrices as they are, vectors as a single row,
// tensors of more dimensions as [Tensor.Dims] says. Values in F64, F32, F16 and
// BF16 stay in the type they are stored in. The 8-bit floats and MXFP4 come as
// BF16, in which they are exact; with a scale, 8-bit floats come as F32, each
// product rounded. The blocks of GGUF come as F32, with the bits that ggml gives.
//
// The weights are a view of buf's memory and valid until buf is used again; a
// nil buf gives them memory of their own.
//
// Errors name file and tensor. They wrap [ErrNoTensor] when t is not from m,
// [ErrUnsupported] when t.Skip is set, [ErrMemory] when it is larger than what the machine,
// its control groups or GOMEMLIMIT leave, [io.ErrUnexpectedEOF] when the file was
// cut short after Open, [spectrum.ErrOption] for a nil context, and the context's
// error when it ended.
func (m *Model) Load(ctx context.Context, t Tensor, buf *Buffer) (*spectrum.Weights, error) {
	return m.load(ctx, t, buf, func(e *entry) *entry { return e })
}

// load loads what of makes of the entry of a tensor.
func (m *Model) load(ctx context.Context, t Tensor, buf *Buffer, of func(*entry) *entry) (*spectrum.Weights, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fmt.Errorf("%w: nil model", ErrNoTensor)
	}
	i, ok := m.find(t.File, t.Name)
	if !ok {
		return nil, fmt.Errorf("%s: tensor %q: %w", t.File, t.Name, ErrNoTensor)
	}
	if buf == nil {
		buf = new(Buffer)
	}
	e := m.tensors[i].entry()
	w, err := of(&e).load(ctx, buf)
	if err != nil {
		return nil, fmt.Errorf("%s: tensor %q: %w", t.File, t.Name, err)
	}
	return w, nil
}

func (e *entry) load(ctx context.Context, buf *Buffer) (*spectrum.Weights, error) {
	if e.Skip != "" {
		return nil, fmt.Errorf("%w: %s", ErrUnsupported, e.Skip)
	}
	if err := e.stored.check(); err != nil { // before memory is taken
		return nil, err
	}
	if err := buf.grow(int(e.Memory)); err != nil {
		return nil, err
	}
	b := buf.bytes(int(e.Memory))
	raw := b[len(b)-int(e.packedSize()):]
	buf.sum = sha256.New()
	ctx = context.WithValue(ctx, sumKey{}, buf.sum)
	if err := e.stored.read(ctx, raw); err != nil {
		return nil, err
	}
	if err := e.decode(ctx, buf, raw); err != nil {
		return nil, err
	}
	rows, cols, _ := e.Dims()
	return buf.weights(rows, cols, e.out)
}
