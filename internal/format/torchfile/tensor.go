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

// rebuild makes the tensor that f would make. Of a tensor in a form that is not
// read it keeps what there is to list. It reports false when f makes none.
func (m *machine) rebuild(f global, args tuple) (v any, ok bool, err error) {
	if f.module == "torch._utils" && strings.HasPrefix(f.name, "_rebuild") {
		return m.rebuildByName(f, args)
	}
	switch f {
	case torchParameter, torchBuffer, torchVariable:
		if t, isTensor := at[*tensor](args, 0); isTensor {
			return t, true, nil
		}
		return m.bare("")
	case torchTensor, torchTensor2:
		return m.bare("")
	case global{"torch._tensor", "_rebuild_from_type"}, global{"torch._tensor", "_rebuild_from_type_v2"}:
		return m.subclass(f, args)
	}
	if dtype, isTensor := tensorType(f); isTensor {
		return m.bare(dtype)
	}
	return nil, false, nil
}

func (m *machine) bare(dtype string) (any, bool, error) {
	return &tensor{Tensor: Tensor{DType: dtype, Skip: "without values"}, bare: true}, true, m.spend(tensorCost)
}

// fillTensor gives a tensor of PyTorch before 0.2 its values: storage, offset,
// shape and strides.
func (m *machine) fillTensor(t *tensor, state any) error {
	args, isTuple := state.(tuple)
	if !isTuple || !t.bare || len(args) != 4 {
		return nil // attributes
	}
	made, ok, err := m.view(args, "")
	if err != nil || !ok {
		return err
	}
	*t = *made
	return m.spend(tensorCost + 32*len(t.Shape))
}

// subclass makes a tensor of (function, class, arguments, attributes).
func (m *machine) subclass(f global, args tuple) (any, bool, error) {
	by, isGlobal := at[global](args, 0)
	class, isClass := at[global](args, 1)
	inner, isTuple := at[tuple](args, 2)
	if !isGlobal || !isClass || !isTuple {
		return nil, true, m.malformed("%s with %d arguments that it does not take", f, len(args))
	}
	if by == f || function(by) {
		return nil, true, m.code("calls", by.String())
	}
	v, err := m.call(by, inner)
	t, isTensor := v.(*tensor)
	if err != nil || !isTensor {
		return v, true, err
	}
	switch class {
	case torchTensor, torchTensor2, torchParameter, torchBuffer:
		return t, true, nil
	}
	other := *t
	if other.Skip == "" {
		other.Skip = "of class " + class.String() + ", whose values may not be the stored ones"
	}
	return &other, true, m.spend(tensorCost)
}

// rebuildByName does the functions of torch._utils.
func (m *machine) rebuildByName(f global, args tuple) (any, bool, error) {
	var t *tensor
	ok := true
	var err error
	switch f.name {
	case "_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_device_tensor_from_cpu_tensor":
		t, ok = at[*tensor](args, 0)
	case "_rebuild_tensor":
		t, ok, err = m.view(args, "")
	case "_rebuild_tensor_v2":
		t, ok, err = m.view(args, "")
		t.flags(args, 6)
	case "_rebuild_tensor_v3":
		dtype, isType := "", false
		if len(args) > 6 {
			dtype, isType = elementType(args[6])
		}
		if !isType {
			ok = false
			break
		}
		t, ok, err = m.view(args, dtype)
		t.flags(args, 7)
	case "_rebuild_qtensor":
		if t, ok, err = m.view(args, ""); ok && err == nil {
			t.Skip = "quantised by PyTorch, which is not read"
		}
	case "_rebuild_sparse_tensor", "_rebuild_sparse_csr_tensor":
		t = sparse(args)
	case "_rebuild_meta_tensor_no_storage":
		t = outline(args, 0, 1, "without values: of the meta device")
	case "_rebuild_wrapper_subclass":
		class, _ := at[global](args, 0)
		t = outline(args, 1, 2, "of class "+class.String()+", which keeps its values in a way of its own")
	default:
		t = outline(args, -1, -1, "rebuilt by "+f.String()+", which is not read")
	}
	if x, isObject := at[*object](args, 0); isObject && !ok && err == nil {
		t, ok = outline(args, -1, -1, "made of an object of class "+x.class.String()), true
	}
	if err == nil && !ok {
		err = m.malformed("%s with %d arguments that it does not take", f, len(args))
	}
	if err != nil {
		return nil, true, err
	}
	return t, true, m.spend(tensorCost + 32*len(t.Shape))
}

// flags notes the metadata among the arguments: values that are to be negated
// or conjugated when they are read.
func (t *tensor) flags(args tuple, i int) {
	metadata, _ := at[*dict](args, i)
	if t == nil || metadata == nil {
		return
	}
	for _, name := range []string{"conj", "neg"} {
		if metadata.lookup(name) == true {
			t.Skip = "stored negated or conjugated"
		}
	}
}

// outline makes a tensor that is listed and not read, with its type and shape
// from the arguments of these numbers.
func outline(args tuple, dtype, shape int, reason string) *tensor {
	t := &tensor{Tensor: Tensor{Skip: reason}}
	if dtype >= 0 && dtype < len(args) {
		t.DType, _ = elementType(args[dtype])
	}
	if shape >= 0 && shape < len(args) {
		if size, ok := integers(args[shape]); ok && plausible(size) {
			t.Shape = size
		}
	}
	return t
}

// sparse makes a tensor of a layout and (indices, values, shape) or, by rows,
// (starts, columns, values, shape).
func sparse(args tuple) *tensor {
	parts, _ := at[tuple](args, 1)
	t := outline(parts, -1, min(3, len(parts)-1), "sparse, which is not read")
	for i, v := range parts {
		if size, ok := integers(v); ok && plausible(size) {
			t.Shape = size
		}
		if x, ok := v.(*tensor); ok && i > 0 {
			t.DType = x.DType
		}
	}
	return t
}

// plausible reports whether a shape has a size.
func plausible(shape []int64) bool {
	n := uint64(1)
	for _, d := range shape {
		hi, product := bits.Mul64(n, uint64(max(d, 0)))
		if n = product; d < 0 || hi != 0 || n > 1<<61 {
			return false
		}
	}
	return len(shape) <= maxDims
}

func integers(v any) ([]int64, bool) {
	items, ok := v.(tuple)
	if !ok {
		return nil, false
	}
	numbers := make([]int64, len(items))
	for i, item := range items {
		n, isNumber := item.(int64)
		numbers[i], ok = n, ok && isNumber
	}
	return numbers, ok
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
