package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(b []byte) ([]Tensor, error) { return Read(bytes.NewReader(b), int64(len(b))) }

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return b
}

func names(tensors []Tensor) (names []string) {
	for _, t := range tensors {
		names = append(names, t.Name)
	}
	return names
}

// number decodes one element.
func number(t *testing.T, dtype string, b []byte) float64 {
	switch dtype {
	case "F64":
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	case "F32":
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case "BF16":
		return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16))
	case "F16": // the fixture has normal numbers and 0 only
		h := binary.LittleEndian.Uint16(b)
		if h&0x7fff == 0 {
			return 0
		}
		v := math.Ldexp(float64(h&0x3ff|0x400), int(h>>10&31)-25)
		if h>>15 != 0 {
			v = -v
		}
		return v
	case "I64":
		return float64(int64(binary.LittleEndian.Uint64(b)))
	case "I8":
		return float64(int8(b[0]))
	case "BOOL":
		return float64(b[0])
	}
	t.Fatalf("type %s", dtype)
	return 0
}

// values follows the strides of a tensor through the file.
func values(t *testing.T, b []byte, x Tensor) []float64 {
	stride := x.Stride
	if stride == nil {
		stride = make([]int64, len(x.Shape))
		n := int64(1)
		for i := len(x.Shape) - 1; i >= 0; i-- {
			stride[i] = n
			n *= x.Shape[i]
		}
	}
	result := []float64{}
	var visit func(dim int, at int64)
	visit = func(dim int, at int64) {
		if dim == len(x.Shape) {
			at := at * int64(width(x.DType))
			require.Less(t, at, x.Span, x.Name)
			result = append(result, number(t, x.DType, b[x.Offset+at:]))
			return
		}
		for i := range x.Shape[dim] {
			visit(dim+1, at+i*stride[dim])
		}
	}
	visit(0, 0)
	return result
}

// TestState holds every tensor of a state_dict to what PyTorch says of it.
func TestState(t *testing.T) {
	b := fixture(t, "state.bin")
	tensors, err := read(b)
	require.NoError(t, err)
	var want struct {
		Tensors map[string]struct {
			Shape  []int64
			Values []float64
		}
	}
	require.NoError(t, json.Unmarshal(fixture(t, "state.json"), &want))
	byName := make(map[string]Tensor)
	for _, x := range tensors {
		byName[x.Name] = x
		if x.Name == "c64" {
			continue
		}
		w, ok := want.Tensors[x.Name]
		require.True(t, ok, x.Name)
		assert.Equal(t, w.Shape, append([]int64{}, x.Shape...), x.Name)
		assert.Equal(t, w.Values, values(t, b, x), x.Name)
	}
	assert.Len(t, tensors, len(want.Tensors)+1)
	assert.Equal(t, "C64", byName["c64"].DType)
	for _, name := range []string{"f32", "rows", "cube", "parameter", "scalar", "empty", "big"} {
		assert.Nil(t, byName[name].Stride, name)
	}
	assert.Equal(t, []int64{1, 8}, byName["transposed"].Stride)
	assert.Equal(t, []int64{8, 1}, byName["corner"].Stride)
	assert.Equal(t, []int64{0, 1}, byName["broadcast"].Stride)
	assert.Equal(t, "embed.weight", byName["head.weight"].Shares)
	assert.Empty(t, byName["embed.weight"].Shares)
	assert.Empty(t, byName["rows"].Shares)
}

func TestNesting(t *testing.T) {
	for name, want := range map[string][]string{
		"wrapped.pt":   {"a.weight"},
		"training.pt":  {"model.w", "optimizer.state.0.m", "optimizer.list.0"},
		"tensor.pt":    {"tensor"},
		"protocol4.pt": {"a"},
	} {
		tensors, err := read(fixture(t, name))
		require.NoError(t, err, name)
		assert.Equal(t, want, names(tensors), name)
	}
}

func TestRefused(t *testing.T) {
	for name, want := range map[string]string{
		"evil.pt":       `asks for "posix.system"`,
		"late.pt":       `asks for "__builtin__.eval"`,
		"module.pt":     `asks for "torch.nn.modules.linear.Linear"`,
		"quantised.pt":  `asks for "torch._utils._rebuild_qtensor"`,
		"bomb.pt":       "data/0 is compressed",
		"big-endian.pt": `byte order "big"`,
	} {
		tensors, err := read(fixture(t, name))
		assert.ErrorIs(t, err, ErrRefused, name)
		assert.ErrorContains(t, err, want, name)
		assert.Empty(t, tensors)
	}
	_, err := read(fixture(t, "legacy.pt"))
	assert.ErrorIs(t, err, ErrLegacy)
}

// archived puts entries, pairs of name and content, into an uncompressed zip.
func archived(entries ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: entries[i], Method: zip.Store})
		if err == nil {
			_, err = f.Write([]byte(entries[i+1]))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func pickled(text string) []byte {
	return archived("x/data.pkl", text, "x/data/0", strings.Repeat("\x00", 64))
}

// tensorText is a pickle of {"w": a tensor} whose storage claims n elements.
func tensorText(class, key string, n int, offset, shape, stride string) string {
	storage := fmt.Sprintf("(U\x07storagec%s\nU%c%sU\x03cpuJ%stQ", class, rune(len(key)), key, binary.LittleEndian.AppendUint32(nil, uint32(n)))
	return "}U\x01wctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + shape + stride + "\x89NtRs."
}

// numbers is a tuple of integers of eight bytes.
func numbers(values ...int64) string {
	s := "("
	for _, v := range values {
		s += number8(v)
	}
	return s + "t"
}

func number8(v int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(v)))
}

const float = "torch\nFloatStorage"

// crafted maps what the error must say to a file.
func crafted() map[string][]byte {
	view := func(offset int64, shape, stride string) []byte {
		return pickled(tensorText(float, "0", 16, number8(offset), shape, stride))
	}
	good := pickled(tensorText(float, "0", 16, "K\x00", numbers(4, 4), numbers(4, 1)))
	return map[string][]byte{
		"3 bytes":                              []byte("PK\x03"),
		"has no directory at its end":          good[:len(good)-30],
		"has no data.pkl":                      archived("x/data/0", "y"),
		`"x/data.pkl" is in the archive twice`: archived("x/data.pkl", "}.", "x/data.pkl", "}."),
		"byte 0: 1 bytes wanted, 0 are left":   pickled(""),
		"byte 1: the stack is empty":           pickled("."),
		"byte 1: no mark":                      pickled("t"),
		"pickle protocol 9":                    pickled("\x80\x09}."),
		`instruction 'i'`:                      pickled("(i"),
		"instruction 'o'":                      pickled("(o"),
		"instruction '\\u0081'":                pickled("}\x81."),
		`asks for "os.system"`:                 pickled("cos\nsystem\n(U\x04truetR."),
		`asks for "builtins.exec"`:             pickled("\x80\x04\x8c\x08builtins\x8c\x04exec\x93."),
		`asks for "torch._utils._rebuild"`:     pickled("ctorch._utils\n_rebuild\n."),
		`asks for "torch.os.Storage"`:          pickled("ctorch.os\nStorage\n."),
		"a line without end":                   pickled("cos"),
		"holds None":                           pickled("N."),
		"holds a list":                         pickled("]."),
		"holds torch.Size":                     pickled("ctorch\nSize\n."),
		"nothing is remembered as 5":           pickled("h\x05."),
		"4294967295 bytes wanted":              pickled("X\xff\xff\xff\xff."),
		"18446744073709551615 bytes wanted":    pickled("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."),
		"not a dictionary but *torchfile.list": pickled("]U\x01aU\x01bs."),
		"not a list but *torchfile.dict":       pickled("}U\x01aa."),
		"a key without a value":                pickled("}(U\x01au."),
		"a call of":                            pickled("}}R."),
		"with 1 arguments that it does not":    pickled("ctorch\nSize\n(K\x01tR."),
		"other than a storage":                 pickled("U\x01aQ."),
		"nested more than 32 deep":             pickled("}q\x00U\x01ah\x00s."),
		"builds far more":                      pickled(strings.Repeat("]", 1<<20) + "."),
		`storage "9": malformed PyTorch file: x/data/9 is not in`: pickled(tensorText(float, "9", 1, "K\x00", ")", ")")),
		"17 elements of 4 bytes, the archive has 64":              pickled(tensorText(float, "0", 17, "K\x00", ")", ")")),
		"-1 elements":              pickled(tensorText(float, "0", -1, "K\x00", ")", ")")),
		"a storage of class":       pickled(tensorText("torch\nSize", "0", 1, "K\x00", ")", ")")),
		"key ../0":                 pickled(tensorText(float, "../0", 1, "K\x00", ")", ")")),
		"with 6 arguments":         pickled(tensorText(float, "0", 16, "N", numbers(4), numbers(1))),
		"shape [4 5] with strides": view(0, numbers(4, 5), numbers(5, 1)),
		"at 1, its storage":        view(1, numbers(4, 4), numbers(4, 1)),
		"strides [4 1] at -1":      view(-1, numbers(4, 4), numbers(4, 1)),
		"shape [-4 4]":             view(0, numbers(-4, 4), numbers(4, 1)),
		"strides [-4 1]":           view(0, numbers(4, 4), numbers(-4, 1)),
		"strides [1] at 0":         view(0, numbers(4, 4), numbers(1)),
		"shape [4611686018427387904 4611686018427387904] with": view(0, numbers(1<<62, 1<<62), numbers(1, 1)),
		"shape [2 2] with strides [9223372036854775807":        view(0, numbers(2, 2), numbers(math.MaxInt64, math.MaxInt64)),
		"at 9223372036854775807":                               view(math.MaxInt64, numbers(1), numbers(1)),
	}
}

func TestReadRejects(t *testing.T) {
	for want, b := range crafted() {
		tensors, err := read(b)
		assert.True(t, errors.Is(err, ErrFormat) || errors.Is(err, ErrRefused), "%s: %v", want, err)
		assert.ErrorContains(t, err, want)
		assert.Empty(t, tensors)
	}
}

func TestMinimal(t *testing.T) {
	b := pickled(tensorText(float, "0", 16, "K\x02", numbers(2, 3), numbers(3, 1)))
	tensors, err := read(b)
	require.NoError(t, err)
	require.Len(t, tensors, 1)
	at := int64(bytes.Index(b, make([]byte, 64)))
	assert.Equal(t, Tensor{Name: "w", DType: "F32", Shape: []int64{2, 3}, Offset: at + 8, Span: 24}, tensors[0])
}

func TestNameTaken(t *testing.T) {
	text := tensorText(float, "0", 16, "K\x00", numbers(4, 4), numbers(4, 1))
	_, err := read(pickled(strings.TrimSuffix(text, ".") + text[1:]))
	assert.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, `tensor "w": name taken`)
}

// TestLaterVersions reads what PyTorch 2 writes for types without a storage class
// of their own: an untyped storage, and the type with the tensor.
func TestLaterVersions(t *testing.T) {
	text := func(dtype string) string {
		s := tensorText("torch.storage\nUntypedStorage", "0", 64, "K\x02", numbers(3, 2), numbers(2, 1))
		s = strings.Replace(s, "_rebuild_tensor_v2", "_rebuild_tensor_v3", 1)
		return strings.Replace(s, "\x89NtR", "\x89Nctorch\n"+dtype+"\ntR", 1)
	}
	for dtype, want := range map[string]string{"float8_e4m3fn": "F8_E4M3", "float8_e5m2fnuz": "F8_E5M2FNUZ", "uint16": "U16", "bfloat16": "BF16"} {
		tensors, err := read(pickled(text(dtype)))
		require.NoError(t, err, dtype)
		require.Len(t, tensors, 1)
		assert.Equal(t, want, tensors[0].DType)
		assert.Equal(t, int64(6*width(want)), tensors[0].Span, dtype)
	}
	_, err := read(pickled(text("complex128")))
	assert.ErrorContains(t, err, `asks for "torch.complex128"`)
	_, err = read(pickled(strings.Replace(text("int64"), numbers(3, 2), numbers(9, 2), 1)))
	assert.ErrorContains(t, err, "its storage \"0\" has 8 elements")
}

// TestManyTensors reads as many small tensors as a training checkpoint has: the
// budget is not for them.
func TestManyTensors(t *testing.T) {
	one := strings.TrimSuffix(tensorText(float, "0", 16, "K\x00", numbers(2, 2), numbers(2, 1))[1:], ".")
	var text strings.Builder
	text.WriteString("}")
	const n = 20_000
	for i := range n {
		text.WriteString(strings.Replace(one, "U\x01w", fmt.Sprintf("U\x07%07d", i), 1))
	}
	tensors, err := read(pickled(text.String() + "."))
	require.NoError(t, err)
	assert.Len(t, tensors, n)
}

func FuzzRead(f *testing.F) {
	for _, b := range crafted() {
		f.Add(b)
	}
	for _, name := range []string{"state.bin", "wrapped.pt", "training.pt", "protocol4.pt", "evil.pt", "bomb.pt"} {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b) })
}

// FuzzPickle spares the fuzzer the search for a valid archive.
func FuzzPickle(f *testing.F) {
	for _, b := range crafted() {
		if z, err := zip.NewReader(bytes.NewReader(b), int64(len(b))); err == nil {
			if r, err := z.Open("x/data.pkl"); err == nil {
				var text bytes.Buffer
				_, _ = text.ReadFrom(r)
				f.Add(text.Bytes())
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) { check(t, pickled(string(text))) })
}

// check reads a file and holds what is accepted to what Read promises.
func check(t *testing.T, b []byte) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tensors, err := read(b)
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, 64*uint64(len(b))+64<<20; got > limit {
		t.Errorf("allocated %d bytes for a file of %d", got, len(b))
	}
	if err != nil {
		return
	}
	for _, x := range tensors {
		require.GreaterOrEqual(t, x.Offset, int64(0), x.Name)
		require.LessOrEqual(t, x.Offset+x.Span, int64(len(b)), x.Name)
		require.NotZero(t, width(x.DType))
		if x.Stride == nil {
			n := int64(width(x.DType))
			for _, d := range x.Shape {
				n *= d
			}
			require.Equal(t, n, x.Span, x.Name)
		}
	}
}
