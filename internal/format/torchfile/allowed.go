package torchfile

import "strings"

// width returns the size of an element in bytes, 0 for a type that is not known.
func width(dtype string) int {
	switch dtype {
	case "BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0":
		return 1
	case "I16", "U16", "F16", "BF16":
		return 2
	case "I32", "U32", "F32":
		return 4
	case "I64", "U64", "F64", "C64":
		return 8
	}
	return 0
}

// untyped is the storage of later versions, whose tensors say their type.
var untyped = global{"torch.storage", "UntypedStorage"}

// storageType returns the type of the elements of a class of storages.
func storageType(g global) (dtype string, ok bool) {
	if g == untyped || g == (global{"torch", "UntypedStorage"}) {
		return "", true
	}
	name, ok := strings.CutSuffix(g.name, "Storage")
	if !ok || g.module != "torch" && g.module != "torch.storage" {
		return "", false
	}
	dtype, ok = map[string]string{
		"Double": "F64", "Float": "F32", "Half": "F16", "BFloat16": "BF16", "ComplexFloat": "C64",
		"Long": "I64", "Int": "I32", "Short": "I16", "Char": "I8", "Byte": "U8", "Bool": "BOOL",
	}[name]
	return dtype, ok
}

// elementType returns the type that torch.<name> stands for.
func elementType(g global) (dtype string, ok bool) {
	if g.module != "torch" {
		return "", false
	}
	dtype, ok = map[string]string{
		"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "complex64": "C64",
		"int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
		"uint16": "U16", "uint32": "U32", "uint64": "U64",
		"float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e4m3fnuz": "F8_E4M3FNUZ",
		"float8_e5m2fnuz": "F8_E5M2FNUZ", "float8_e8m0fnu": "F8_E8M0",
	}[g.name]
	return dtype, ok
}

// The functions and classes a pickle may ask for besides storages and types.
var (
	orderedDict       = global{"collections", "OrderedDict"}
	rebuildTensor     = global{"torch._utils", "_rebuild_tensor_v2"}
	rebuildTensorV3   = global{"torch._utils", "_rebuild_tensor_v3"}
	rebuildParameter  = global{"torch._utils", "_rebuild_parameter"}
	rebuildParameter2 = global{"torch._utils", "_rebuild_parameter_with_state"}
	torchSize         = global{"torch", "Size"}
)

func (g global) String() string { return g.module + "." + g.name }

// allowed reports whether a pickle may ask for g.
func allowed(g global) bool {
	switch g {
	case orderedDict, rebuildTensor, rebuildTensorV3, rebuildParameter, rebuildParameter2, torchSize:
		return true
	}
	_, isStorage := storageType(g)
	_, isType := elementType(g)
	return isStorage || isType
}

// global pushes a name, if it is one of the allowed.
func (m *machine) global(op byte) (err error) {
	var g global
	at := m.at - 1
	if op == opGlobal {
		if g.module, err = m.line(); err == nil {
			g.name, err = m.line()
		}
	} else {
		var name, module any
		if name, err = m.pop(); err == nil {
			module, err = m.pop()
		}
		g.name, _ = name.(string)
		g.module, _ = module.(string)
	}
	if err != nil {
		return err
	}
	if !allowed(g) {
		return refused("byte %d: the pickle asks for %q, which tensors do not need", at, g)
	}
	return m.push(g)
}

// persistent makes a storage of ("storage", class, key, device, elements).
func (m *machine) persistent() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	id, _ := v.(tuple)
	if len(id) != 5 || id[0] != "storage" {
		return malformed("byte %d: a reference to something other than a storage", m.at)
	}
	class, _ := id[1].(global)
	dtype, known := storageType(class)
	key, isKey := id[2].(string)
	n, isCount := id[4].(int64)
	if !known || !isKey || !isCount || strings.ContainsAny(key, "/\\") {
		return malformed("byte %d: a storage of class %v, key %v and %v elements", m.at, id[1], id[2], id[4])
	}
	s, err := m.archive.open(key, dtype, n)
	if err != nil {
		return err
	}
	if err := m.spend(tensorCost); err != nil {
		return err
	}
	return m.push(s)
}

// reduce does what calling one of the allowed names with a tuple would.
func (m *machine) reduce() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	args, isTuple := v.(tuple)
	if v, err = m.pop(); err != nil {
		return err
	}
	f, isGlobal := v.(global)
	if !isTuple || !isGlobal {
		return malformed("byte %d: a call of %T with %T", m.at, v, args)
	}
	result, ok, err := m.call(f, args)
	if err != nil {
		return err
	}
	if !ok {
		return malformed("byte %d: %v with %d arguments that it does not take", m.at, f, len(args))
	}
	return m.push(result)
}

func (m *machine) call(f global, args tuple) (result any, ok bool, err error) {
	switch f {
	case orderedDict:
		d := new(dict)
		if len(args) == 0 {
			return d, true, nil
		}
		items, isList := args[0].(*list)
		if !isList || len(args) != 1 {
			return nil, false, nil
		}
		for _, item := range items.items {
			pair := sequence(item)
			if len(pair) != 2 {
				return nil, false, nil
			}
			d.keys, d.values = append(d.keys, pair[0]), append(d.values, pair[1])
		}
		return d, true, m.spend(len(items.items) * 2 * valueCost)
	case torchSize:
		if len(args) != 1 {
			return nil, false, nil
		}
		size, isTuple := args[0].(tuple)
		return size, isTuple, nil
	case rebuildParameter, rebuildParameter2:
		if len(args) < 3 {
			return nil, false, nil
		}
		t, isTensor := args[0].(*Tensor)
		return t, isTensor, nil
	case rebuildTensor, rebuildTensorV3:
		return m.tensor(args, f == rebuildTensorV3)
	}
	return nil, false, nil
}

// sequence returns the items of a list or tuple.
func sequence(v any) []any {
	switch v := v.(type) {
	case tuple:
		return v
	case *list:
		return v.items
	}
	return nil
}

// tensor makes one of storage, offset, shape, strides, requires_grad, hooks and,
// in version 3, its type.
func (m *machine) tensor(args tuple, typed bool) (any, bool, error) {
	if len(args) < 6 || typed && len(args) < 7 {
		return nil, false, nil
	}
	s, isStorage := args[0].(*storage)
	offset, isOffset := args[1].(int64)
	shape, isShape := integers(args[2])
	stride, isStride := integers(args[3])
	if !isStorage || !isOffset || !isShape || !isStride {
		return nil, false, nil
	}
	dtype := s.dtype
	if typed {
		g, _ := args[6].(global)
		var known bool
		if dtype, known = elementType(g); !known {
			return nil, false, nil
		}
	} else if dtype == "" {
		dtype = "U8"
	}
	if err := m.spend(tensorCost + 16*len(shape)); err != nil {
		return nil, false, err
	}
	t, err := s.view(dtype, offset, shape, stride)
	return t, true, err
}

func integers(v any) ([]int64, bool) {
	items, ok := v.(tuple)
	numbers := make([]int64, len(items))
	for i, item := range items {
		n, isNumber := item.(int64)
		numbers[i], ok = n, ok && isNumber
	}
	return numbers, ok
}

// build drops the attributes of a dictionary, such as _metadata of a
// state_dict; nothing else gets attributes.
func (m *machine) build() error {
	if _, err := m.pop(); err != nil {
		return err
	}
	_, err := top[*dict](m, "a dictionary")
	return err
}
