package torchfile

import "strings"

// width returns the size of an element in bytes, 0 for a type that is not known.
func width(dtype string) int {
	switch dtype {
	case "BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0", "QI8", "QU8", "QU4X2", "QU2X4", "F4_X2":
		return 1
	case "I16", "U16", "F16", "BF16":
		return 2
	case "I32", "U32", "F32", "C32", "QI32":
		return 4
	case "I64", "U64", "F64", "C64":
		return 8
	case "C128":
		return 16
	}
	return 0
}

// storageTypes has the element type of each class of storages, by the class's
// name without "Storage".
var storageTypes = map[string]string{
	"Double": "F64", "Float": "F32", "Half": "F16", "BFloat16": "BF16", "ComplexFloat": "C64", "ComplexDouble": "C128",
	"Long": "I64", "Int": "I32", "Short": "I16", "Char": "I8", "Byte": "U8", "Bool": "BOOL",
	"QInt8": "QI8", "QUInt8": "QU8", "QInt32": "QI32", "QUInt4x2": "QU4X2", "QUInt2x4": "QU2X4",
}

// elementTypes has the element type that torch.NAME stands for.
var elementTypes = map[string]string{
	"float64": "F64", "double": "F64", "float32": "F32", "float": "F32", "float16": "F16", "half": "F16", "bfloat16": "BF16",
	"complex32": "C32", "complex64": "C64", "complex128": "C128",
	"int64": "I64", "long": "I64", "int32": "I32", "int": "I32", "int16": "I16", "short": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
	"uint16": "U16", "uint32": "U32", "uint64": "U64",
	"float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e4m3fnuz": "F8_E4M3FNUZ",
	"float8_e5m2fnuz": "F8_E5M2FNUZ", "float8_e8m0fnu": "F8_E8M0", "float4_e2m1fn_x2": "F4_X2",
	"qint8": "QI8", "quint8": "QU8", "qint32": "QI32", "quint4x2": "QU4X2", "quint2x4": "QU2X4",
}

// untyped is the type of a storage that is bytes, whose tensors say their type.
const untyped = ""

// storageType returns the type of the elements of a class of storages. PyTorch
// goes by the name alone: the module tells the device (torch.cuda).
func storageType(g global) (dtype string, ok bool) {
	name, ok := strings.CutSuffix(g.name, "Storage")
	if !ok || g.module != "torch" && !strings.HasPrefix(g.module, "torch.") {
		return "", false
	}
	if name == "Untyped" {
		return untyped, true
	}
	dtype, ok = storageTypes[name]
	return dtype, ok
}

// tensorType returns the type of the elements of a class of tensors, as
// torch.FloatTensor, that files before PyTorch 0.4 name.
func tensorType(g global) (dtype string, ok bool) {
	name, ok := strings.CutSuffix(g.name, "Tensor")
	if !ok || g.module != "torch" && g.module != "torch.cuda" {
		return "", false
	}
	dtype, ok = storageTypes[name]
	return dtype, ok
}

// elementType returns the type that v, such as torch.float32, stands for. One
// that is not known has its own name, and no width.
func elementType(v any) (dtype string, ok bool) {
	g, ok := v.(global)
	if !ok || g.module != "torch" {
		return "", false
	}
	if dtype, ok = elementTypes[g.name]; ok {
		return dtype, true
	}
	return strings.ToUpper(g.name), true
}

// numpyTypes has the element type that NumPy's dtype(NAME) stands for.
var numpyTypes = map[string]string{
	"f8": "F64", "f4": "F32", "f2": "F16", "c8": "C64", "c16": "C128", "b1": "BOOL",
	"i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8", "u8": "U64", "u4": "U32", "u2": "U16", "u1": "U8",
}
