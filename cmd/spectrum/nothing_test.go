package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// matrix is a float32 tensor of numbers without a pattern.
func matrix(name string, shape ...int64) safetensors.Data {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	b := make([]byte, 0, 4*n)
	for i := range n {
		v := float32(math.Sin(float64(i*i)*1.7 + float64(len(name))))
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return safetensors.Data{Name: name, DType: "F32", Shape: shape, Bytes: b}
}

// modelDir writes a model directory of the tensors and of other files.
func modelDir(t *testing.T, name string, others map[string]string, tensors ...safetensors.Data) string {
	t.Helper()
	dir := t.TempDir()
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, tensors, nil))
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644))
	for name, text := range others {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}

// TestNothingRanked scans what has no matrix of a model: the exit code says so, and the
// reason is that of inspect.
func TestNothingRanked(t *testing.T) {
	nan := matrix("a.weight", 2, 2)
	binary.LittleEndian.PutUint32(nan.Bytes, math.Float32bits(float32(math.NaN())))
	for name, c := range map[string]struct {
		dir  string
		says string
	}{
		"placeholders": {modelDir(t, "model.safetensors", nil, matrix("a.weight", 0), matrix("b.weight", 0, 4)), "2 of 2 tensors: empty: a placeholder"},
		"older ones":   {modelDir(t, "model.safetensors", nil, matrix("a.weight", 1), matrix("b.weight", 1)), "2 of 2 tensors: empty: a placeholder of one element"},
		"vectors":      {modelDir(t, "model.safetensors", nil, matrix("norm.weight", 4)), "1 of 1 tensor: 1-D"},
		"no tensors":   {modelDir(t, "model.safetensors", nil), "there are no tensors"},
	} {
		code, out, errs := command("scan", c.dir)
		assert.Equal(t, exitNothing, code, name)
		assert.Contains(t, errs, "spectrum: nothing was ranked: "+c.says)
		_, listed, _ := strings.Cut(c.says, ": ")
		assert.Contains(t, out, listed, "the table is written all the same")
		inspected, _ := ok(t, "inspect", c.dir)
		if listed != "" {
			assert.Contains(t, inspected, "no: "+listed)
		}
	}
	code, _, errs := command("scan", modelDir(t, "model.safetensors", nil, nan))
	assert.Equal(t, exitNothing, code)
	assert.Contains(t, errs, "nothing was ranked: 1 layer failed")
	code, _, _ = command("scan", modelDir(t, "model.safetensors", nil, nan, matrix("b.weight", 3, 4)))
	assert.Equal(t, exitFailed, code, "one of two")
	code, _, errs = command("scan", tiny, "--exclude", "*")
	assert.Equal(t, exitNothing, code)
	assert.Contains(t, errs, `excluded by "*"`)
}

func TestNotesAreSaid(t *testing.T) {
	dir := modelDir(t, "model.safetensors", map[string]string{"model.safetensors.index.json": `{"weight_map":{}}`, "config.json": `{"architectures":"A"}`},
		matrix("a.weight", 3, 4))
	for _, verb := range []string{"inspect", "scan"} {
		out, errs := ok(t, verb, dir)
		assert.Contains(t, errs, "spectrum: note: reads model.safetensors; not read: model.safetensors.index.json; of model.safetensors and model.safetensors.index.json one may be out of date\n")
		assert.Contains(t, errs, "spectrum: note: config.json: architectures is \"A\", read as [A]\n")
		assert.NotContains(t, out, "note:")
	}
	_, errs := ok(t, "inspect", filepath.Join("..", "..", "internal", "format", "npy", "testdata", "rows.npy"))
	assert.Empty(t, errs, "nothing to say of a file that was named")
}

// TestRecurrentLayersAreChosenFrom has the parameters of torch.nn.GRU(num_layers=8,
// bidirectional=True): a quarter of each role is chosen.
func TestRecurrentLayersAreChosenFrom(t *testing.T) {
	var tensors []safetensors.Data
	for i := range 8 {
		for _, way := range []string{"", "_reverse"} {
			for _, part := range []string{"ih", "hh"} {
				tensors = append(tensors, matrix(fmt.Sprintf("rnn.weight_%s_l%d%s", part, i, way), 12, 8))
			}
		}
	}
	out, _ := ok(t, "scan", modelDir(t, "model.safetensors", nil, tensors...), "--top", "25", "--all")
	assert.Contains(t, out, "rnn.weight_ih_l* (8)")
	assert.Contains(t, out, "rnn.weight_hh_l*_reverse (8)")
	assert.Regexp(t, regexp.MustCompile(`top 25 % of each type \(marked \*\): 8 layers`), out)
}
