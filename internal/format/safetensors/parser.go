package safetensors

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// parser reads the entries of a header one after the other. What it needs for one it
// uses for the next, so that an entry costs no memory but for a layout that is new.
type parser struct {
	*strictjson.Scanner
	layouts map[string]*Layout // by their bytes, see find
	last    *Layout
	key     []byte

	// The entry that is being read; offsets are relative to the data.
	dtype   string
	shape   []int64
	offsets []int64
	has     struct{ dtype, shape, offsets bool }

	// The methods as functions, which would be made anew for every entry.
	onField                   func(key string) error
	onDimension, onDataOffset func() error
}

func newParser(s *strictjson.Scanner) *parser {
	p := &parser{Scanner: s, layouts: make(map[string]*Layout), shape: []int64{}}
	p.onField, p.onDimension, p.onDataOffset = p.field, p.dimension, p.dataOffset
	return p
}

// tensor reads one entry, whose name is not part of it.
func (p *parser) tensor() (t Tensor, err error) {
	p.has.dtype, p.has.shape, p.has.offsets = false, false, false
	err = p.Object(p.onField)
	switch {
	case err != nil:
		return t, err
	case !p.has.dtype:
		return t, p.Errorf("no dtype")
	case !p.has.shape:
		return t, p.Errorf("no shape")
	case !p.has.offsets:
		return t, p.Errorf("no data_offsets")
	}
	t.Offset = p.offsets[0]
	t.Layout, err = p.layout(p.offsets[1] - p.offsets[0])
	return t, err
}

func (p *parser) field(key string) (err error) {
	switch key {
	case "dtype":
		p.has.dtype = true
		p.dtype, err = p.String()
	case "shape":
		p.has.shape = true
		p.shape = p.shape[:0]
		err = p.Array(p.onDimension)
	case "data_offsets":
		p.has.offsets = true
		err = p.readOffsets()
	default:
		return p.Errorf("unknown field %q", key)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func (p *parser) dimension() error {
	n, err := p.Natural()
	p.shape = append(p.shape, n)
	return err
}

// readOffsets reads [begin, end].
func (p *parser) readOffsets() error {
	p.offsets = p.offsets[:0]
	if err := p.Array(p.onDataOffset); err != nil {
		return err
	}
	switch {
	case len(p.offsets) != 2:
		return p.Errorf("%d numbers, want two", len(p.offsets))
	case p.offsets[0] > p.offsets[1]:
		return p.Errorf("begin %d is after end %d", p.offsets[0], p.offsets[1])
	}
	return nil
}

func (p *parser) dataOffset() error {
	if len(p.offsets) == 2 {
		return p.Errorf("more than two numbers")
	}
	n, err := p.Natural()
	p.offsets = append(p.offsets, n)
	return err
}

// layout returns the layout of the entry just read, whose data are size bytes.
func (p *parser) layout(size int64) (*Layout, error) {
	if l := p.last; l != nil && l.Size == size && l.DType == p.dtype && slices.Equal(l.Shape, p.shape) {
		return l, nil
	}
	p.key = append(p.key[:0], p.dtype...)
	for _, n := range p.shape {
		p.key = binary.AppendUvarint(p.key, uint64(n))
	}
	p.key = binary.AppendUvarint(p.key, uint64(size))
	l := p.layouts[string(p.key)]
	if l == nil || l.DType != p.dtype || len(l.Shape) != len(p.shape) { // a type may look like a number
		l = &Layout{DType: p.dtype, Shape: slices.Clone(p.shape), Size: size}
		if err := l.checkSize(); err != nil {
			return nil, err
		}
		p.layouts[string(p.key)] = l
	}
	p.last = l
	return l, nil
}
