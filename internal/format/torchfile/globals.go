package torchfile

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The names that the machine understands. Of all others it only keeps what they
// would be given.
var (
	orderedDict    = global{"collections", "OrderedDict"}
	counter        = global{"collections", "Counter"}
	defaultDict    = global{"collections", "defaultdict"}
	plainDict      = global{"builtins", "dict"}
	plainList      = global{"builtins", "list"}
	plainTuple     = global{"builtins", "tuple"}
	plainSet       = global{"builtins", "set"}
	frozenSet      = global{"builtins", "frozenset"}
	classOf        = global{"builtins", "type"}
	attribute      = global{"builtins", "getattr"}
	encode         = global{"_codecs", "encode"}
	reconstructor  = global{"copyreg", "_reconstructor"}
	newObject      = global{"copyreg", "__newobj__"}
	torchSize      = global{"torch", "Size"}
	torchTensor    = global{"torch", "Tensor"}
	torchTensor2   = global{"torch._tensor", "Tensor"}
	torchParameter = global{"torch.nn.parameter", "Parameter"}
	nnParameter    = global{"torch.nn", "Parameter"}
	torchBuffer    = global{"torch.nn.parameter", "Buffer"}
	torchVariable  = global{"torch.autograd.variable", "Variable"}
	numpyArray     = global{"numpy", "ndarray"}
	numpyDType     = global{"numpy", "dtype"}
	numpyRebuild   = global{"numpy.core.multiarray", "_reconstruct"}
)

// modules has today's names of modules that older pickles, or newer ones, name
// otherwise.
var modules = map[string]string{
	"__builtin__": "builtins", "exceptions": "builtins", "copy_reg": "copyreg", "_operator": "operator", "_collections": "collections",
	"torch.tensor": "torch._tensor", "numpy._core.multiarray": "numpy.core.multiarray",
}

// named returns the global of a module and a name.
func named(module, name string) global {
	if today, ok := modules[module]; ok {
		module = today
	}
	return global{module, name}
}

// data lists what of Python's own library is no more than data: classes whose
// objects hold values, and functions that only put such an object together.
// Capitals in builtins, which are exceptions and constants, and in typing are
// data too.
var data = map[string]string{
	"_codecs":         "encode",
	"argparse":        "Namespace",
	"array":           "array _array_reconstructor",
	"builtins":        "bool bytearray bytes complex dict float frozenset getattr int list long object range set slice str tuple type unicode xrange",
	"collections":     "ChainMap Counter OrderedDict UserDict UserList UserString defaultdict deque",
	"copyreg":         "__newobj__ __newobj_ex__ _reconstructor",
	"dataclasses":     "_MISSING_TYPE MISSING",
	"datetime":        "date datetime time timedelta timezone",
	"decimal":         "Decimal",
	"enum":            "Enum Flag IntEnum IntFlag StrEnum",
	"fractions":       "Fraction",
	"functools":       "partial",
	"ipaddress":       "IPv4Address IPv4Network IPv6Address IPv6Network",
	"logging":         "Logger getLogger",
	"operator":        "getitem",
	"pathlib":         "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
	"pathlib._local":  "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
	"random":          "Random",
	"re":              "_compile",
	"time":            "struct_time",
	"types":           "GenericAlias MappingProxyType NoneType SimpleNamespace UnionType",
	"uuid":            "SafeUUID UUID",
	"zoneinfo":        "ZoneInfo ZoneInfo._unpickle",
	"collections.abc": "Callable Hashable Iterable Iterator Mapping MutableMapping MutableSequence Sequence Set",
}

// executable reports whether g is code: a name of Python's own library that is
// not data, or one that is reached through a module inside another
// (torch, "serialization.os.system").
func executable(g global) bool {
	top, _, _ := strings.Cut(g.module, ".")
	if standard(top) {
		capital := (g.module == "builtins" || g.module == "typing") && startsUpper(g.name) && !strings.Contains(g.name, ".")
		return !capital && !contains(data[g.module], g.name)
	}
	parts := strings.Split(g.name, ".")
	return slices.ContainsFunc(parts, dunder) || slices.ContainsFunc(parts[:len(parts)-1], standard)
}

// function reports whether g is the name of a function, which begins with a
// lower-case letter where that of a class begins with a capital (PEP 8). The
// functions by which libraries put their own objects together again are not
// meant: NumPy's, Cython's and those that say so.
func function(g global) bool {
	if top, _, _ := strings.Cut(g.module, "."); standard(top) || g == numpyArray || g == numpyDType {
		return false // executable has judged Python's own
	}
	last := g.name[strings.LastIndexByte(g.name, '.')+1:]
	if startsUpper(strings.TrimLeft(last, "_")) || contains(constructors[g.module], last) {
		return false
	}
	if strings.HasPrefix(last, "_") {
		for _, word := range []string{"reconstruct", "rebuild", "unpickle", "_ctor", "_new_", "_frombuffer"} {
			if strings.Contains(last, word) {
				return false
			}
		}
	}
	return true
}

// constructors lists further functions that put objects together, and classes
// with names in lower case, of PyTorch and NumPy.
var constructors = map[string]string{
	"torch":                 "device finfo iinfo",
	"torch.serialization":   "_get_layout",
	"numpy":                 "datetime64 timedelta64 float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_ str_ bytes_",
	"numpy.core.multiarray": "scalar",
}

// standard reports whether a module is one of Python's own library. Those that
// begin with an underscore are the library's own parts.
func standard(module string) bool {
	if strings.HasPrefix(module, "_") {
		return module != "__main__" && module != "__mp_main__" && module != "__torch__"
	}
	return library[module]
}

func startsUpper(name string) bool {
	r, _ := utf8.DecodeRuneInString(name)
	return unicode.IsUpper(r)
}

// dunder reports whether a name is one of Python's special ones, as __globals__.
func dunder(name string) bool { return strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__") }

// contains reports whether a word is in a list with spaces between.
func contains(words, word string) bool {
	for w := range strings.FieldsSeq(words) {
		if w == word {
			return true
		}
	}
	return false
}
