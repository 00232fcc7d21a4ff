package results

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/scan"
)

// A rescan computes what changed and nothing else, and ends in the result of a whole scan.
func TestReuse(t *testing.T) {
	old, err := Recorder{SingularValues: true, Version: "v1"}.Scan(t.Context(), openModel(t, tiny), scan.Options{Include: []string{"*self_attn*", "*mlp*", "*embed*"}})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(tiny)))
	tuned := filepath.Join(dir, "model-00002-of-00002.safetensors")
	b, err := os.ReadFile(tuned)
	require.NoError(t, err)
	b[len(b)/2] ^= 1 // of one matrix
	require.NoError(t, os.WriteFile(tuned, b, 0o644))

	whole, err := Recorder{Version: "v1"}.Scan(t.Context(), openModel(t, dir), scan.Options{})
	require.NoError(t, err)
	var computed []string
	opt := scan.Options{Jobs: 2, Progress: func(p scan.Progress) {
		if p.Last != nil && !p.Last.Reused {
			computed = append(computed, p.Last.Name)
		}
	}}
	name := filepath.Join(t.TempDir(), "journal")
	j := journal(t, name, false)
	res, err := Recorder{Version: "v1", Reuse: old, Journal: j}.Scan(t.Context(), openModel(t, dir), opt)
	require.NoError(t, err)
	assert.Len(t, computed, 1, "%v", computed)
	assert.Equal(t, text(t, whole), text(t, res))
	assert.NotEqual(t, whole.Rows[0].SHA256, whole.Rows[1].SHA256)
	require.NoError(t, j.Close())
	again, err := ReadFile(name)
	require.NoError(t, err)
	assert.Len(t, again.Result.Rows, 57, "what was reused is in the journal too")

	for want, rec := range map[string]Recorder{
		"noise is iqr there and kn here": {Version: "v1", Reuse: old},
		"the program":                    {Version: "v2", Reuse: old},
		"singular-values":                {Version: "v1", Reuse: res, SingularValues: true},
	} {
		opt := scan.Options{}
		if want[0] == 'n' {
			opt.Analyzer.Noise = spectrum.NoiseKritchmanNadler
		}
		_, err := rec.Scan(t.Context(), openModel(t, dir), opt)
		assert.ErrorIs(t, err, ErrReuse, want)
		assert.ErrorContains(t, err, want)
	}
}

// The digest is of all bytes that the weights are made of, and of nothing else.
func TestDigests(t *testing.T) {
	for _, model := range []string{"fp8-blocks", "gguf-Q4_K.gguf"} {
		path := filepath.Join("..", "testdata", "formats", model)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		a, err := Recorder{}.Scan(t.Context(), openModel(t, path), scan.Options{Jobs: 1})
		require.NoError(t, err)
		b, err := Recorder{}.Scan(t.Context(), openModel(t, path), scan.Options{Jobs: 4})
		require.NoError(t, err)
		for i := range a.Rows {
			assert.Len(t, a.Rows[i].SHA256, 64)
			assert.Equal(t, a.Rows[i].SHA256, b.Rows[i].SHA256)
		}
	}
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("..", "testdata", "formats", "fp8-blocks"))))
	before, err := Recorder{}.Scan(t.Context(), openModel(t, dir), scan.Options{})
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	require.NoError(t, err)
	m := openModel(t, dir)
	var scale int64
	for _, x := range m.Tensors() {
		if x.DType == "F32" {
			scale++
		}
	}
	require.NotZero(t, scale, "there are scales")
	changed := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		header := int(b[0]) + int(b[1])<<8 + int(b[2])<<16
		for i := 8 + header; i+3 < len(b); i += 97 { // one byte after the other
			c := append([]byte(nil), b...)
			c[i] ^= 1
			require.NoError(t, os.WriteFile(f, c, 0o644))
			after, err := Recorder{}.Scan(t.Context(), openModel(t, dir), scan.Options{})
			require.NoError(t, err)
			n := 0
			for k := range after.Rows {
				if after.Rows[k].SHA256 != before.Rows[k].SHA256 {
					n++
				}
			}
			assert.LessOrEqual(t, n, 1, "a byte is of one tensor")
			changed += n
		}
		require.NoError(t, os.WriteFile(f, b, 0o644))
	}
	assert.Positive(t, changed)
}
