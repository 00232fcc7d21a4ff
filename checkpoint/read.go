package checkpoint

import (
	"context"
	"fmt"
	"hash"
	"io"
)

// read fills b with the elements of s, row-major without gaps: packedSize bytes.
func (s *stored) read(ctx context.Context, b []byte) error {
	err := s.readAll(ctx, b)
	if sum, ok := ctx.Value(sumKey{}).(hash.Hash); ok && err == nil {
		sum.Write(b)
	}
	return err
}

// sumKey is the key in a context of the [hash.Hash] of what is read of a tensor and of
// what belongs to it, such as scales, which is found in several ways.
type sumKey struct{}

func (s *stored) readAll(ctx context.Context, b []byte) error {
	r := io.ReaderAt(bound{ctx, s.shard.file})
	if s.member == nil {
		return s.readFrom(ctx, b, r)
	}
	f := &forward{ctx: ctx, r: s.member.Reader(r)}
	if err := s.readFrom(ctx, b, f); err != nil {
		return formatError(err)
	}
	return formatError(f.drain())
}

func (s *stored) readFrom(ctx context.Context, b []byte, r io.ReaderAt) error {
	if s.stride != nil {
		return s.gather(ctx, b, r)
	}
	return readAt(ctx, r, b, s.offset)
}

// packedSize returns the size of the elements without gaps, in bytes.
func (s *stored) packedSize() int64 {
	if s.stride == nil {
		return s.size
	}
	return s.elements() * s.width()
}

// check reports a file that became shorter than it was.
func (s *stored) check() error {
	size, err := s.shard.file.Size()
	if err != nil {
		return err
	}
	end := s.offset + s.size
	if s.member != nil {
		end = s.member.End()
	}
	if size < end {
		return fmt.Errorf("file cut short to %d bytes: %w", size, io.ErrUnexpectedEOF)
	}
	return nil
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

// forward reads what can only be read from its start, such as what is compressed,
// as if it could be read anywhere: offsets may only grow.
type forward struct {
	ctx context.Context
	r   io.Reader
	at  int64
}

func (f *forward) ReadAt(p []byte, offset int64) (int, error) {
	if offset < f.at {
		return 0, fmt.Errorf("a read at %d behind one up to %d", offset, f.at)
	}
	if err := f.skip(offset - f.at); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(f.r, p)
	f.at += int64(n)
	return n, err
}

// skip leaves out the next n bytes.
func (f *forward) skip(n int64) error {
	for n > 0 {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		m, err := io.CopyN(io.Discard, f.r, min(n, piece))
		f.at += m
		n -= m
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// drain reads what is left, so that a checksum at the end is looked at.
func (f *forward) drain() error {
	for {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		_, err := io.CopyN(io.Discard, f.r, piece)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
