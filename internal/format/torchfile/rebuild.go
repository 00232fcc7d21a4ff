package torchfile

import (
	"math/bits"
	"strings"
)

// rebuild makes the tensor that f would make. Of a tensor in a form that is not
// read it keeps what there is to list. It reports false when f makes none.
func (m *machine) rebuild(f global, args tuple) (v any, ok bool, err error) {
	if f.module == "torch._utils" && strings.HasPrefix(f.name, "_rebuild") {
		return m.rebuildByName(f, args)
	}
	switch f {
	case torchParameter, nnParameter, torchBuffer, torchVariable:
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
	case torchTensor, torchTensor2, torchParameter, nnParameter, torchBuffer:
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
