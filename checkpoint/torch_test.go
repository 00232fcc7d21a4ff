package checkpoint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// copyTorch copies a fixture of the PyTorch reader to path.
func copyTorch(t *testing.T, fixture, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "internal", "format", "torchfile", "testdata", fixture))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, b, 0o644))
	return path
}

// TestTrainingCheckpoint reads the model of a checkpoint, says what was left out and
// keeps the name in the file.
func TestTrainingCheckpoint(t *testing.T) {
	path := copyTorch(t, "compiled.pt", filepath.Join(t.TempDir(), "ckpt.pt"))
	m := open(t, path)
	assert.Equal(t, []string{"h.0.fc.weight", "h.1.fc.weight"}, tensorNames(m))
	x := find(t, m, "h.1.fc.weight")
	assert.Equal(t, "model._orig_mod.h.1.fc.weight", x.Stored)
	w, err := m.Load(t.Context(), x, nil)
	require.NoError(t, err)
	assert.Equal(t, 1.0, w.At(3, 2))
	assert.Equal(t, int64(24), m.Params())
	assert.Equal(t, "left out: the state of an optimiser", find(t, m, "optimizer.state.0.exp_avg").Skip)
	assert.Contains(t, m.Notes(), `ckpt.pt: the model is "model"; left out: the state of an optimiser (6), a loss (1), the state of the training (1)`)
}

// TestLegacyFile reads the same values from both formats of PyTorch.
func TestLegacyFile(t *testing.T) {
	dir := t.TempDir()
	old := open(t, copyTorch(t, "legacy.pt", filepath.Join(dir, "old.pt")))
	today := open(t, copyTorch(t, "state.bin", filepath.Join(dir, "new.pt")))
	assert.Equal(t, matrices(t, today), matrices(t, old))
}

// TestKey chooses by FILE#KEY, whatever the names of file and key have in them.
func TestKey(t *testing.T) {
	dir := t.TempDir()
	state := []string{"h.0.fc.weight", "h.1.fc.weight"}
	plain := copyTorch(t, "timm.pth.tar", filepath.Join(dir, "plain", "timm.pt"))
	mark := copyTorch(t, "timm.pth.tar", filepath.Join(dir, "a#b", "c#d.pt"))
	copyTorch(t, "compiled.pt", filepath.Join(dir, "a#b", "c"))
	ema := func(m *Model) float64 {
		w, err := m.Load(t.Context(), find(t, m, "h.1.fc.weight"), nil)
		require.NoError(t, err)
		return w.At(0, 0)
	}
	for path, want := range map[string]float64{
		plain: 1, plain + "#state_dict": 1, plain + "#state_dict_ema": float64(float32(1.01)),
		mark: 1, mark + "#state_dict_ema": float64(float32(1.01)),
		filepath.Join(dir, "plain") + "#state_dict_ema": float64(float32(1.01)),
		filepath.Join(dir, "a#b", "c#model"):            1,
	} {
		m := open(t, path)
		assert.Equal(t, state, tensorNames(m), path)
		assert.Equal(t, path, m.Path())
		assert.Equal(t, want, ema(m), path)
	}
	assert.Len(t, tensorNames(open(t, plain+"#")), 4)
	assert.Equal(t, []string{"state_dict.h.0.fc.weight"}, tensorNames(open(t, plain+"#state_dict.h.0.fc.weight")))

	_, err := Open(t.Context(), plain+"#none")
	assert.ErrorIs(t, err, ErrNoWeights)
	assert.ErrorContains(t, err, `there is no "none"; tensors are in "state_dict", "state_dict_ema"`)
	_, err = Open(t.Context(), filepath.Join(dir, "absent.pt#x"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(t.Context(), writeShard(t, dir, "x.safetensors", f32("x", 1, 1))+"#x")
	assert.ErrorIs(t, err, ErrUnsupported)
	assert.ErrorContains(t, err, "only PyTorch files have keys")

	for _, name := range []string{"plain/timm.pt#state_dict_ema", "a#b/c#d.pt#state_dict_ema", "plain#state_dict_ema"} {
		m, err := Opener{}.OpenFS(t.Context(), os.DirFS(dir), name)
		require.NoError(t, err, name)
		assert.Equal(t, float64(float32(1.01)), ema(m), name)
		require.NoError(t, m.Close())
	}
}

// TestKeyOfHub chooses in a file of a hub.
func TestKeyOfHub(t *testing.T) {
	dir := t.TempDir()
	copyTorch(t, "timm.pth.tar", filepath.Join(dir, "timm.pt"))
	hubOf(t, dir, nil)
	m := openHub(t, "hf://org/name/timm.pt#state_dict_ema")
	assert.Equal(t, "left out: beside the model", find(t, m, "state_dict.h.0.fc.weight").Skip)
	assert.Len(t, tensorNames(m), 2)
}

// TestIndexedNames takes the names of an index from its files as they are.
func TestIndexedNames(t *testing.T) {
	dir := t.TempDir()
	copyTorch(t, "parallel.pt", filepath.Join(dir, "a.bin"))
	stored := []string{"model.module.module.h.0.fc.weight", "model.module.module.h.1.fc.weight"}
	index := writeFile(t, dir, "pytorch_model.bin.index.json", indexText(stored[0], "a.bin", stored[1], "a.bin"))
	assert.Equal(t, stored, tensorNames(open(t, dir)))
	_, err := Open(t.Context(), index+"#model")
	assert.ErrorContains(t, err, "a key, as the file is one of several")
}

// TestDistributedCheckpoint names the parts of a checkpoint of several processes
// with the command that puts them together, and takes the model where it is whole.
func TestDistributedCheckpoint(t *testing.T) {
	const zero, dcp = "python zero_to_fp32.py CHECKPOINT_DIR", "python -m torch.distributed.checkpoint.format_utils dcp_to_torch CHECKPOINT_DIR"
	for want, files := range map[string][]string{
		dcp:                  {".metadata", "__0_0.distcp", "__1_0.distcp"},
		zero:                 {"zero_pp_rank_0_mp_rank_00_model_states.pt", "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt"},
		"zero_to_fp32.py is": {"latest", "zero_to_fp32.py"},
	} {
		dir := t.TempDir()
		for _, name := range files {
			copyTorch(t, "tensor.pt", filepath.Join(dir, name))
		}
		_, err := Open(t.Context(), dir)
		assert.ErrorIs(t, err, ErrUnsupported, want)
		assert.ErrorContains(t, err, want)
		if last := files[len(files)-1]; !strings.HasSuffix(last, ".py") {
			_, err = Open(t.Context(), filepath.Join(dir, last))
			assert.ErrorIs(t, err, ErrUnsupported, want)
			assert.ErrorContains(t, err, want)
		}
	}
	dir := t.TempDir()
	copyTorch(t, "tensor.pt", filepath.Join(dir, "zero_pp_rank_0_mp_rank_00_optim_states.pt"))
	copyTorch(t, "mp_rank_00_model_states.pt", filepath.Join(dir, "mp_rank_00_model_states.pt"))
	assert.Equal(t, []string{"h.0.fc.weight", "h.1.fc.weight"}, tensorNames(open(t, dir)))
}

// TestPlaceholders lists what ZeRO-3 leaves in place of weights, of no element or of
// one.
func TestPlaceholders(t *testing.T) {
	for name, data := range map[string][]safetensors.Data{
		"none": {tensor("a.weight", "F32", []int64{0}, []float32{}), tensor("b.weight", "F32", []int64{0, 3}, []float32{})},
		"one":  {tensor("a.weight", "F32", []int64{1}, []float32{1}), tensor("b.bias", "F32", []int64{1}, []float32{1})},
	} {
		dir := t.TempDir()
		writeShard(t, dir, "model.safetensors", data...)
		for _, x := range open(t, dir).Tensors() {
			assert.Contains(t, x.Skip, "empty: a placeholder", name)
			assert.Zero(t, x.Memory, name)
		}
	}
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", tensor("a.weight", "F32", []int64{1}, []float32{1}), f32("b.weight", 2, 2))
	assert.Equal(t, []string{"a.weight", "b.weight"}, tensorNames(open(t, dir)))
}
