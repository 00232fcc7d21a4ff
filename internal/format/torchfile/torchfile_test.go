package torchfile

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(b []byte) ([]Tensor, error) { return readChoice(b, Choice{}) }

func readChoice(b []byte, c Choice) ([]Tensor, error) {
	f, err := Read(bytes.NewReader(b), int64(len(b)), c)
	if err != nil {
		return nil, err
	}
	return f.Tensors, nil
}

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

// TestState holds every tensor of a state_dict to what PyTorch says of it, in the
// format of today and in that before PyTorch 1.6.
func TestState(t *testing.T) {
	for _, file := range []string{"state.bin", "legacy.pt"} {
		t.Run(file, func(t *testing.T) { checkState(t, fixture(t, file)) })
	}
}

func checkState(t *testing.T, b []byte) {
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

// TestCheckpoints takes the model alone from what training leaves, under the names
// of the module.
func TestCheckpoints(t *testing.T) {
	h := []string{"h.0.fc.weight", "h.1.fc.weight"}
	for name, want := range map[string][]string{
		"wrapped.pt":                 {"a.weight"},
		"training.pt":                {"w"},
		"tensor.pt":                  {"tensor"},
		"protocol4.pt":               {"a"},
		"compiled.pt":                h,
		"lightning.ckpt":             h,
		"timm.pth.tar":               h,
		"parallel.pt":                h,
		"mp_rank_00_model_states.pt": h,
	} {
		tensors, err := read(fixture(t, name))
		require.NoError(t, err, name)
		assert.Equal(t, want, read0(tensors), name)
		for _, x := range tensors[len(want):] {
			assert.Contains(t, x.Skip, "left out", "%s: %s", name, x.Name)
		}
	}
}

// read0 returns the names of the tensors that are read.
func read0(tensors []Tensor) (list []string) {
	for _, x := range tensors {
		if x.Skip == "" {
			list = append(list, x.Name)
		}
	}
	return list
}

// TestLeftOut lists what a checkpoint keeps beside the model.
func TestLeftOut(t *testing.T) {
	tensors, err := read(fixture(t, "lightning.ckpt"))
	require.NoError(t, err)
	why := make(map[string]string)
	for _, x := range tensors {
		why[x.Name] = x.Skip
	}
	assert.Equal(t, "left out: the state of an optimiser", why["optimizer_states.0.state.1.exp_avg_sq"])
	assert.Equal(t, "left out: the state of the training", why["callbacks.EMA.shadow.h.0.fc.weight"])
	assert.Equal(t, "left out: inside an object of class torch.nn.modules.linear.Linear", why["hyper_parameters.net._parameters.weight"])
	assert.Equal(t, "state_dict.model._orig_mod.h.0.fc.weight", tensors[0].Stored)
	tensors, err = read(fixture(t, "timm.pth.tar"))
	require.NoError(t, err)
	assert.Equal(t, "left out: an averaged copy (EMA)", tensors[2].Skip)
}

// TestExtras reads the tensors beside numbers of NumPy, a namespace, devices, sets,
// classes of the program that trained and so on, in both formats.
func TestExtras(t *testing.T) {
	for _, name := range []string{"extras.pt", "legacy-extras.pt"} {
		tensors, err := read(fixture(t, name))
		require.NoError(t, err, name)
		assert.Equal(t, []string{"a.weight", "a.bias"}, read0(tensors), name)
		assert.Equal(t, []string{"array", "settings.tensor", "numpy random.state.key"}, names(tensors[2:]), name)
	}
}

// TestListed lists the forms of tensors that are not read, and reads the others.
func TestListed(t *testing.T) {
	tensors, err := read(fixture(t, "listed.pt"))
	require.NoError(t, err)
	assert.Equal(t, []string{"dense", "complex"}, read0(tensors))
	for i, want := range []Tensor{
		1: {Name: "coo", DType: "F32", Shape: []int64{3, 3}, Skip: "sparse, which is not read"},
		2: {Name: "csr", DType: "F32", Shape: []int64{3, 3}, Skip: "sparse, which is not read"},
		3: {Name: "quantised", DType: "QI8", Shape: []int64{2, 3}, Skip: "quantised by PyTorch, which is not read"},
		4: {Name: "channels", DType: "QU8", Shape: []int64{2, 3}, Skip: "quantised by PyTorch, which is not read"},
		6: {Name: "meta", DType: "F32", Shape: []int64{4, 5}, Skip: "without values: of the meta device"},
		7: {Name: "array", DType: "F32", Shape: []int64{2, 2}, Skip: "an array of NumPy and not a tensor"},
	} {
		if want.Name != "" {
			assert.Equal(t, want, tensors[i])
		}
	}
	assert.Equal(t, "C128", tensors[5].DType)
}

func TestRefused(t *testing.T) {
	for name, want := range map[string]string{
		"evil.pt":       `asks for "posix.system", which is code`,
		"late.pt":       `asks for "__builtin__.eval", which is code`,
		"module.pt":     "an object of class torch.nn.modules.linear.Linear, a whole model",
		"bomb.pt":       "version is compressed",
		"big-endian.pt": `byte order "big"`,
	} {
		tensors, err := read(fixture(t, name))
		assert.ErrorIs(t, err, ErrRefused, name)
		assert.ErrorContains(t, err, want, name)
		assert.Empty(t, tensors)
	}
}
