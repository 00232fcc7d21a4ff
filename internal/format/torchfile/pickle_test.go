package torchfile

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A pickle for tests is written of these values and of nil, bool, int, float64 and
// string.
type (
	pairsOf  []any // a dictionary: keys and values in turn
	listOf   []any
	tupleOf  []any
	globalOf struct{ module, name string }
	callOf   struct { // REDUCE
		class globalOf
		args  tupleOf
	}
	made struct { // NEWOBJ, BUILD
		class globalOf
		state any
	}
	weightOf []int64 // a tensor of float32 of this shape, in storage 0 from its start
	code     string  // instructions as they are
)

var stateDict = globalOf{"collections", "OrderedDict"}

// write returns the instructions that build v.
func write(v any) string {
	switch v := v.(type) {
	case nil:
		return "N"
	case bool:
		return map[bool]string{true: "\x88", false: "\x89"}[v]
	case int:
		return number8(int64(v))
	case float64:
		return "G" + string(binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
	case string:
		return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(v)))) + v
	case pairsOf:
		return "}(" + all(v) + "u"
	case listOf:
		return "](" + all(v) + "e"
	case tupleOf:
		return "(" + all(v) + "t"
	case globalOf:
		return "c" + v.module + "\n" + v.name + "\n"
	case callOf:
		return write(v.class) + write(v.args) + "R"
	case made:
		return write(v.class) + ")\x81" + write(v.state) + "b"
	case weightOf:
		return write(weight(v...))
	case code:
		return string(v)
	}
	panic(fmt.Sprintf("cannot write a %T", v))
}

func all(values []any) (s string) {
	for _, v := range values {
		s += write(v)
	}
	return s
}

// storageOf is a storage of n elements of a class of torch.
func storageOf(class, key string, n int) code {
	return code(write(tupleOf{"storage", globalOf{"torch", class}, key, "cpu", n}) + "Q")
}

// weight is a tensor of float32 in a storage of 1024.
func weight(shape ...int64) callOf {
	dims, strides, n := tupleOf{}, tupleOf{}, 1
	for i := range shape {
		d := int(shape[len(shape)-1-i])
		dims, strides = append(tupleOf{d}, dims...), append(tupleOf{n}, strides...)
		n *= d
	}
	return callOf{globalOf{"torch._utils", "_rebuild_tensor_v2"},
		tupleOf{storageOf("FloatStorage", "0", 1024), 0, dims, strides, false, callOf{stateDict, tupleOf{}}}}
}

// saved is the file of a value, with one storage of 4096 bytes.
func saved(v any) []byte {
	return archived("x/data.pkl", write(v)+".", "x/data/0", string(make([]byte, 4096)))
}

// savedLegacy is the same file as PyTorch before 1.6 would write it.
func savedLegacy(v any) []byte {
	return []byte(legacyText(write(v)+".", write(listOf{"0"})+".", 1024, 4096))
}

func legacyText(root, keys string, count uint64, bytes int) string {
	return "\x80\x02\x8a\x0a" + string(magicNumber) + "." + "\x80\x02M\xe9\x03." + "\x80\x02}X\x0d\x00\x00\x00little_endian\x88s." +
		root + keys + string(binary.LittleEndian.AppendUint64(nil, count)) + string(make([]byte, bytes))
}
