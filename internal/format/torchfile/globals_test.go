package torchfile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// beside saves a model with something else in its dictionary.
func beside(v any) []byte { return saved(pairsOf{"w", weightOf{2, 3}, "x", v}) }

// TestCode refuses files that name code, as a whole and whatever is done with it.
func TestCode(t *testing.T) {
	for _, name := range []string{
		"os system", "posix system", "nt system", "subprocess Popen", "subprocess check_output", "commands getoutput",
		"builtins eval", "builtins exec", "builtins compile", "builtins open", "builtins map", "builtins __import__", "builtins getattr.__self__",
		"__builtin__ eval", "__builtin__ execfile", "__builtin__ apply", "__builtin__ file", "builtins vars", "builtins globals",
		"pickle loads", "_pickle loads", "cPickle loads", "marshal loads", "types FunctionType", "types CodeType", "importlib import_module",
		"runpy run_path", "runpy _run_code", "code InteractiveInterpreter", "pty spawn", "pdb Pdb", "webbrowser open", "socket socket", "ctypes CDLL",
		"operator attrgetter", "_operator methodcaller", "functools reduce", "itertools starmap", "shutil rmtree", "tempfile mktemp", "timeit timeit",
		"multiprocessing.util spawnv_passfds", "_posixsubprocess fork_exec", "_io FileIO", "io open", "urllib.request urlopen", "httplib HTTPConnection",
		"pip main", "pip._internal main", "setuptools.command.build_py build_py", "pathlib Path.unlink", "pathlib Path.write_text", "zoneinfo ZoneInfo.from_file",
		"collections namedtuple", "copyreg add_extension", "logging FileHandler", "random _os", "argparse FileType", "typing get_type_hints",
		"torch serialization.os.system", "torch.serialization os.system", "torch _utils.__builtins__", "lib Class.__init__.__globals__", "lib __import__", "six.moves builtins.eval",
	} {
		module, name, _ := strings.Cut(name, " ")
		for _, v := range []any{
			globalOf{module, name},
			callOf{globalOf{module, name}, tupleOf{"x"}},
			made{globalOf{module, name}, nil},
			code("(" + "i" + module + "\n" + name + "\n"),
			code("(" + write(globalOf{module, name}) + "o"),
			code(write(module) + write(name) + "\x93"),
			code(write(globalOf{module, name}) + "0N"),
		} {
			tensors, err := read(beside(v))
			require.ErrorIs(t, err, ErrRefused, "%s.%s", module, name)
			assert.ErrorContains(t, err, `asks for "`+module+"."+name+`", which is code and not data: nothing was run`)
			assert.Empty(t, tensors)
		}
	}
}

// TestCalls refuses calls of functions that are not known, and of what is no name.
func TestCalls(t *testing.T) {
	for name, v := range map[string]any{
		`calls "numpy.testing._private.utils.runstring"`: callOf{globalOf{"numpy.testing._private.utils", "runstring"}, tupleOf{"x", pairsOf{}}},
		`calls "torch.hub.load"`:                         callOf{globalOf{"torch.hub", "load"}, tupleOf{"x"}},
		`calls "torch.storage._load_from_bytes"`:         callOf{globalOf{"torch.storage", "_load_from_bytes"}, tupleOf{"x"}},
		`calls "lib.Class.make"`:                         callOf{globalOf{"lib", "Class.make"}, tupleOf{}},
		`calls "lib.Class.method"`:                       code(write(callOf{globalOf{"builtins", "getattr"}, tupleOf{globalOf{"lib", "Class"}, "method"}}) + ")R"),
		`asks for "lib.Class.__globals__"`:               callOf{globalOf{"builtins", "getattr"}, tupleOf{globalOf{"lib", "Class"}, "__globals__"}},
		`takes apart with "builtins.getattr"`:            callOf{globalOf{"builtins", "getattr"}, tupleOf{pairsOf{}, "get"}},
		`makes a class with "builtins.type"`:             callOf{globalOf{"builtins", "type"}, tupleOf{"X", tupleOf{}, pairsOf{}}},
		`calls "an object of class operator.getitem"`:    code(write(callOf{globalOf{"operator", "getitem"}, tupleOf{globalOf{"lib", "TABLE"}, "key"}}) + ")R"),
		`calls "an object of class lib.Class"`:           code(write(made{globalOf{"lib", "Class"}, nil}) + ")R"),
		`calls "torch._tensor._rebuild_from_type_v2"`: callOf{globalOf{"torch._tensor", "_rebuild_from_type_v2"},
			tupleOf{globalOf{"torch._tensor", "_rebuild_from_type_v2"}, globalOf{"lib", "T"}, tupleOf{}, nil}},
		`calls "lib.run"`: callOf{globalOf{"torch._tensor", "_rebuild_from_type_v2"}, tupleOf{globalOf{"lib", "run"}, globalOf{"lib", "T"}, tupleOf{}, nil}},
	} {
		tensors, err := read(beside(v))
		require.ErrorIs(t, err, ErrRefused, name)
		assert.ErrorContains(t, err, name)
		assert.Empty(t, tensors)
	}
}

// TestInert keeps what is no code and not known, and reads the tensor beside it.
func TestInert(t *testing.T) {
	class := globalOf{"some.library", "Class"}
	for name, v := range map[string]any{
		"class":         class,
		"inner class":   globalOf{"some.library", "Class.Inner"},
		"call":          callOf{class, tupleOf{"x", 1}},
		"object":        made{class, pairsOf{"a", 1}},
		"slots":         made{class, tupleOf{nil, pairsOf{"a", 1}}},
		"dictionary":    code(write(class) + ")\x81(" + write("a") + write(1) + "u"),
		"list":          code(write(class) + ")\x81(" + write("a") + "e"),
		"set":           code("\x8f(" + write(1) + "\x90"),
		"frozen set":    code("(" + write(1) + "\x91"),
		"keywords":      code(write(class) + ")" + write(pairsOf{"a", 1}) + "\x92"),
		"old instance":  code("(" + write(1) + "isome.library\nClass\n"),
		"old object":    code("(" + write(class) + write(1) + "o"),
		"old list":      code("(" + write(1) + "l2" + "0"),
		"old dict":      code("(" + write("a") + "I01\nd"),
		"old numbers":   code("(I-5\nL12345678901234567890123L\nF1.5\nI00\nl"),
		"old text":      code("(S'a'\nVb\np7\ng7\nl"),
		"large number":  code("\x8b\x00\x20\x00\x00" + strings.Repeat("\x01", 0x2000)),
		"long text":     strings.Repeat("x", 1<<16),
		"bytes":         code("B\x01\x00\x00\x00\xff"),
		"byte array":    code("\x96\x01\x00\x00\x00\x00\x00\x00\x00\xff"),
		"enumeration":   callOf{globalOf{"builtins", "getattr"}, tupleOf{class, "MEMBER"}},
		"statistics":    callOf{globalOf{"builtins", "getattr"}, tupleOf{class, "statistics"}},
		"method":        callOf{globalOf{"__builtin__", "getattr"}, tupleOf{class, "method"}},
		"none type":     callOf{globalOf{"builtins", "type"}, tupleOf{nil}},
		"typing":        callOf{globalOf{"_operator", "getitem"}, tupleOf{globalOf{"typing", "Union"}, tupleOf{class, class}}},
		"any":           globalOf{"typing", "Any"},
		"exception":     callOf{globalOf{"builtins", "ValueError"}, tupleOf{"x"}},
		"logger":        callOf{globalOf{"logging", "getLogger"}, tupleOf{"x"}},
		"expression":    callOf{globalOf{"re", "_compile"}, tupleOf{"x", 0}},
		"function":      globalOf{"torch.nn.functional", "gelu"},
		"main":          made{globalOf{"__main__", "Args"}, pairsOf{"lr", 0.1}},
		"rebuilt":       callOf{globalOf{"pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"}, tupleOf{1}},
		"generator":     callOf{globalOf{"numpy.random._pickle", "__generator_ctor"}, tupleOf{"PCG64"}},
		"numpy number":  callOf{globalOf{"numpy._core.multiarray", "scalar"}, tupleOf{callOf{globalOf{"numpy", "dtype"}, tupleOf{"f8", false, true}}, "12345678"}},
		"numpy type":    globalOf{"numpy.dtypes", "Float64DType"},
		"encoded":       callOf{globalOf{"_codecs", "encode"}, tupleOf{"ÿ", "latin1"}},
		"reconstructed": callOf{globalOf{"copy_reg", "_reconstructor"}, tupleOf{class, globalOf{"__builtin__", "object"}, nil}},
		"counter":       callOf{globalOf{"collections", "Counter"}, tupleOf{pairsOf{"a", 1}}},
		"odd dict":      callOf{stateDict, tupleOf{1, 2}},
		"odd set":       callOf{globalOf{"builtins", "set"}, tupleOf{1, 2, 3}},
		"circle":        code("]q\x05h\x05a"),
	} {
		for _, b := range [][]byte{beside(v), savedLegacy(pairsOf{"w", weightOf{2, 3}, "x", v})} {
			tensors, err := read(b)
			if name == "circle" { // in the model itself it has no names
				assert.ErrorContains(t, err, "in a circle")
				continue
			}
			require.NoError(t, err, name)
			assert.Equal(t, []string{"w"}, names(tensors), name)
		}
	}
	// Beside the model a circle is nothing to name.
	tensors, err := read(saved(pairsOf{"model", pairsOf{"w", weightOf{2, 3}}, "x", code("]q\x05h\x05a")}))
	require.NoError(t, err)
	assert.Equal(t, []string{"w"}, names(tensors))
}

// TestForms lists tensors whose values are not the stored ones, or not there.
func TestForms(t *testing.T) {
	utils := func(name string, args ...any) callOf { return callOf{globalOf{"torch._utils", name}, args} }
	v2 := func(metadata any) callOf {
		c := weight(2, 3)
		c.args = append(c.args, metadata)
		return c
	}
	float32 := globalOf{"torch", "float32"}
	subclass := func(class globalOf) callOf {
		return callOf{globalOf{"torch._tensor", "_rebuild_from_type_v2"},
			tupleOf{globalOf{"torch._utils", "_rebuild_tensor_v2"}, class, weight(2, 3).args, pairsOf{}}}
	}
	for name, c := range map[string]struct {
		v    any
		skip string
	}{
		"plain":           {v2(pairsOf{"conj", false}), ""},
		"first version":   {utils("_rebuild_tensor", weight(2, 3).args[:4]...), ""},
		"third version":   {utils("_rebuild_tensor_v3", append(append(tupleOf{}, weight(2, 3).args...), float32)...), ""},
		"parameter":       {utils("_rebuild_parameter", weight(2, 3), true, nil), ""},
		"with attributes": {utils("_rebuild_parameter_with_state", weight(2, 3), true, nil, pairsOf{"partition", 1}), ""},
		"of a device":     {utils("_rebuild_device_tensor_from_cpu_tensor", weight(2, 3), float32, "xla", false), ""},
		"old parameter":   {code(write(callOf{globalOf{"torch.nn.parameter", "Parameter"}, tupleOf{weight(2, 3)}}) + write(tupleOf{true, nil}) + "b"), ""},
		"oldest":          {made{globalOf{"torch", "FloatTensor"}, weight(2, 3).args[:4]}, ""},
		"on a GPU":        {made{globalOf{"torch.cuda", "FloatTensor"}, weight(2, 3).args[:4]}, ""},
		"typed":           {subclass(globalOf{"torch.nn.parameter", "Parameter"}), ""},
		"negated":         {v2(pairsOf{"neg", true}), "stored negated or conjugated"},
		"subclass":        {subclass(globalOf{"lib", "Packed"}), "of class lib.Packed, whose values may not be the stored ones"},
		"wrapper": {utils("_rebuild_wrapper_subclass", globalOf{"lib", "Wrapper"}, float32, tupleOf{2, 3}, tupleOf{3, 1}, 0, nil, nil, false),
			"of class lib.Wrapper, which keeps its values in a way of its own"},
		"nested":        {utils("_rebuild_nested_tensor", weight(2, 3)), "rebuilt by torch._utils._rebuild_nested_tensor, which is not read"},
		"from NumPy":    {utils("_rebuild_device_tensor_from_numpy", nil), "rebuilt by torch._utils._rebuild_device_tensor_from_numpy, which is not read"},
		"of an object":  {utils("_rebuild_parameter", made{globalOf{"lib", "T"}, nil}, true, nil), "made of an object of class lib.T"},
		"uninitialised": {made{globalOf{"torch.nn.parameter", "UninitializedParameter"}, weight(2, 3)}, "left out: inside an object of class torch.nn.parameter.UninitializedParameter"},
		"empty":         {callOf{globalOf{"torch", "Tensor"}, tupleOf{}}, "without values"},
		"storage":       {storageOf("FloatStorage", "0", 1024), "a storage without the shape of a tensor"},
	} {
		tensors, err := read(saved(pairsOf{"w", c.v, "other", weightOf{4, 4}}))
		require.NoError(t, err, name)
		require.NotEmpty(t, tensors, name)
		i := 0
		if tensors[0].Name != "w" { // what is inside an object comes last
			i = 1
		}
		assert.Equal(t, c.skip, tensors[i].Skip, name)
		if c.skip == "" {
			assert.Equal(t, []int64{2, 3}, tensors[i].Shape, name)
			assert.Equal(t, int64(24), tensors[i].Span, name)
		}
	}
}

// TestStorageClasses lists the tensors of a storage whose type is not known. In the
// old format nothing behind it can be found.
func TestStorageClasses(t *testing.T) {
	of := func(class string, args ...any) callOf {
		return callOf{globalOf{"torch._utils", "_rebuild_tensor"}, append(tupleOf{storageOf(class, "0", 6)}, args...)}
	}
	v := pairsOf{"w", of("NewStorage", 0, tupleOf{2, 3}, tupleOf{3, 1})}
	want := []Tensor{{Name: "w", Shape: []int64{2, 3}, Skip: "its storage is of class torch.NewStorage, which is not known"}}
	tensors, err := read(saved(v))
	require.NoError(t, err)
	assert.Equal(t, want, tensors)

	last := callOf{globalOf{"torch._utils", "_rebuild_tensor"}, tupleOf{storageOf("FloatStorage", "1", 6), 0, tupleOf{2, 3}, tupleOf{3, 1}}}
	tensors, err = read([]byte(legacyText(write(append(v, "x", last))+".", write(listOf{"0", "1"})+".", 6, 100)))
	require.NoError(t, err)
	want = append(want, Tensor{Name: "x", DType: "F32", Shape: []int64{2, 3}, Skip: "behind a storage of a type, and length, that is not known"})
	assert.Equal(t, want, tensors)

	tensors, err = read(saved(pairsOf{"w", callOf{globalOf{"torch._utils", "_rebuild_tensor"}, tupleOf{storageOf("UntypedStorage", "0", 6), 0, tupleOf{6}, tupleOf{1}}}}))
	require.NoError(t, err)
	assert.Equal(t, "U8", tensors[0].DType)
}
