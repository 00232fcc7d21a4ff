package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// tensor makes a tensor whose bytes are the little-endian form of values.
func tensor(name, dtype string, shape []int64, values any) safetensors.Data {
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, values); err != nil {
		panic(err)
	}
	return safetensors.Data{Name: name, DType: dtype, Shape: shape, Bytes: b.Bytes()}
}

// f32 makes a float32 matrix of 1, 2, 3, ….
func f32(name string, rows, cols int) safetensors.Data {
	values := make([]float32, rows*cols)
	for i := range values {
		values[i] = float32(i + 1)
	}
	return tensor(name, "F32", []int64{int64(rows), int64(cols)}, values)
}

// writeShard writes a safetensors file and returns its path.
func writeShard(t testing.TB, dir, name string, tensors ...safetensors.Data) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, tensors, map[string]string{"format": "pt"}))
	return writeFile(t, dir, name, b.String())
}

func writeFile(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// indexText is an index with pairs of tensor and shard.
func indexText(pairs ...string) string {
	weightMap := make(map[string]string)
	for i := 0; i < len(pairs); i += 2 {
		weightMap[pairs[i]] = pairs[i+1]
	}
	text, err := json.Marshal(map[string]any{"metadata": map[string]any{"total_size": 1e3}, "weight_map": weightMap})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func open(t testing.TB, path string) *Model {
	t.Helper()
	m, err := Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// tensorNames lists the names of the tensors that can be read.
func tensorNames(m *Model) (readable []string) {
	for _, t := range m.Tensors() {
		if t.Skip == "" {
			readable = append(readable, t.Name)
		}
	}
	return readable
}

func find(t testing.TB, m *Model, name string) Tensor {
	t.Helper()
	for _, x := range m.Tensors() {
		if x.Name == name {
			return x
		}
	}
	t.Fatalf("no tensor %s", name)
	return Tensor{}
}
