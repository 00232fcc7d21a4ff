package torchfile

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// storage is a run of numbers that tensors are views of.
type storage struct {
	key     string
	dtype   string   // untyped where the tensor says it
	unknown string   // the class of the storage, if its type is not known
	length  int64    // in bytes
	offset  int64    // in the file, or in the storage that this is part of
	placed  bool     // the offset is known: the old format tells it last
	whole   *storage // what this is part of, or nil
}

// start returns the offset in the file.
func (s *storage) start() (offset int64, placed bool) {
	if s.whole == nil {
		return s.offset, s.placed
	}
	offset, placed = s.whole.start()
	return offset + s.offset, placed
}

// tensor is a tensor whose Offset counts from the start of its storage.
type tensor struct {
	Tensor
	storage *storage
	bare    bool // made without values, which BUILD brings
}

// persistent makes a storage of ("storage", class, key, device, elements) and,
// in the old format, what part of it is meant. There a class of modules comes
// with its source.
func (m *machine) persistent() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	id, _ := v.(tuple)
	_, old := m.storages.(*legacy)
	if old && len(id) == 4 && id[0] == "module" {
		return m.push(id[1])
	}
	if len(id) != 5 && !(old && len(id) == 6) || id[0] != "storage" {
		return m.malformed("a reference to something other than a storage")
	}
	class, isClass := id[1].(global)
	key, isKey := id[2].(string)
	n, isCount := id[4].(int64)
	if !isClass || !isKey || !isCount || strings.ContainsAny(key, "/\\") {
		return m.malformed("a storage of class %s, key %v and %v elements", describe(id[1]), id[2], id[4])
	}
	dtype, known := storageType(class)
	if !known && !strings.HasSuffix(class.name, "Storage") {
		return m.malformed("a storage of class %s", class)
	}
	s, err := m.storages.open(key, dtype, n)
	if err != nil {
		return err
	}
	if !known {
		s.unknown = class.String()
	}
	if len(id) == 6 && id[5] != nil {
		if s, err = m.part(s, id[5]); err != nil {
			return err
		}
	}
	return m.push(s)
}

// part returns the part of a storage that a view (key, offset, elements) means.
func (m *machine) part(s *storage, view any) (*storage, error) {
	v, _ := view.(tuple)
	first, isOffset := at[int64](v, 1)
	n, isCount := at[int64](v, 2)
	w := int64(max(1, width(s.dtype)))
	if len(v) != 3 || !isOffset || !isCount || first < 0 || n < 0 || first > s.length/w || n > s.length/w-first {
		return nil, m.malformed("the part %s of storage %q of %d bytes", describe(view), s.key, s.length)
	}
	p := &storage{key: s.key, dtype: s.dtype, unknown: s.unknown, length: n * w, offset: first * w, whole: s}
	return p, m.spend(tensorCost)
}

// view makes a tensor of storage, offset, shape and strides, of the storage's
// type if dtype is empty. It reports false if args are not that.
func (m *machine) view(args tuple, dtype string) (*tensor, bool, error) {
	s, isStorage := at[*storage](args, 0)
	offset, isOffset := at[int64](args, 1)
	if !isStorage || !isOffset || len(args) < 4 {
		return nil, false, nil
	}
	shape, isShape := integers(args[2])
	stride, isStride := integers(args[3])
	if !isShape || !isStride {
		return nil, false, nil
	}
	switch {
	case dtype != "":
	case s.dtype != untyped:
		dtype = s.dtype
	case s.unknown == "":
		dtype = "U8"
	}
	if width(dtype) == 0 {
		return s.unread(dtype, shape)
	}
	t, err := s.view(dtype, offset, shape, stride)
	if err != nil {
		return nil, false, m.malformed("%w", err)
	}
	return t, true, nil
}

// unread makes a tensor of a type that is not known.
func (s *storage) unread(dtype string, shape []int64) (*tensor, bool, error) {
	if !plausible(shape) {
		return nil, false, nil
	}
	reason := "its type is not known"
	if s.unknown != "" {
		reason = "its storage is of class " + s.unknown + ", which is not known"
	}
	return &tensor{Tensor: Tensor{DType: dtype, Shape: shape, Skip: reason}}, true, nil
}

// view makes the tensor of this type, shape and strides in s whose first
// element is offset elements from the start.
func (s *storage) view(dtype string, offset int64, shape, stride []int64) (*tensor, error) {
	if len(shape) != len(stride) || len(shape) > maxDims || offset < 0 {
		return nil, fmt.Errorf("a tensor of shape %d with strides %d at %d", shape, stride, offset)
	}
	w := uint64(width(dtype))
	n, last, row := uint64(1), uint64(0), true // elements; offset of the last one; row-major
	for i, d := range slices.Backward(shape) {
		if d < 0 || stride[i] < 0 {
			return nil, fmt.Errorf("a tensor of shape %d with strides %d", shape, stride)
		}
		row = row && (d == 1 || uint64(stride[i]) == n)
		hi, step := bits.Mul64(uint64(max(d-1, 0)), uint64(stride[i]))
		over, product := bits.Mul64(n, uint64(d))
		if n = product; hi|over != 0 || step > 1<<61 || n > 1<<61 || last > 1<<61 {
			return nil, fmt.Errorf("a tensor of shape %d with strides %d overflows", shape, stride)
		}
		last += step
	}
	t := &tensor{Tensor: Tensor{DType: dtype, Shape: shape}, storage: s}
	if n == 0 {
		return t, nil
	}
	capacity := uint64(s.length) / w
	if last >= capacity || uint64(offset) >= capacity-last {
		return nil, fmt.Errorf("a tensor of shape %d with strides %d at %d, its storage %q has %d elements",
			shape, stride, offset, s.key, capacity)
	}
	t.Offset = offset * int64(w)
	t.Span = int64((last + 1) * w)
	if !row {
		t.Stride = stride
	}
	return t, nil
}
