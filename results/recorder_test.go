package results

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/internal/test/shared"
	"github.com/gospectrum/spectrum/internal/test/tinyllama"
	"github.com/gospectrum/spectrum/scan"
)

const tiny = "../testdata/tiny-llama"

func openModel(t *testing.T, path string) *checkpoint.Model {
	t.Helper()
	m, err := checkpoint.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// A result holds the rows of what Collect returns, in its order, and reads back
// the same.
func TestRecorder(t *testing.T) {
	m := openModel(t, tiny)
	opt := scan.Options{Jobs: 2, Memory: 8 << 20, Exclude: []string{"*.3.mlp.*"}}
	outcomes, err := scan.Collect(context.Background(), m, opt)
	require.NoError(t, err)
	res, err := Recorder{}.Scan(context.Background(), m, opt)
	require.NoError(t, err)
	var rows []Row
	var skipped []Skipped
	for _, o := range outcomes {
		if o.Reason == "" || o.TiedTo != "" {
			rows = append(rows, NewRow(o))
		} else {
			skipped = append(skipped, Skipped{o.Name, o.DType, shape(o.Shape), o.Reason, o.Parameter})
		}
	}
	for _, all := range [][]Row{rows, res.Rows} {
		for i := range all {
			all[i].Seconds = 0
		}
	}
	require.Equal(t, rows, res.Rows)
	require.Len(t, rows, len(tinyllama.Matrices())-3+1)
	require.Equal(t, "model.embed_tokens.weight", rows[len(rows)-1].TiedTo)
	require.Equal(t, skipped, res.Skipped)
	require.Len(t, skipped, len(tinyllama.Norms())+3)
	require.Equal(t, scan.Layers(outcomes), res.Scores().Layers())
	require.False(t, res.Interrupted)

	p := res.Provenance
	backend, err := spectrum.DefaultBackend()
	require.NoError(t, err)
	require.Equal(t, Settings{
		Noise: "iqr", Edge: "asymptotic", Ratio: "sum", Divisor: "s_max", Backend: backend.Name(), Kernel: kernelOf(backend), Precision: "auto",
		Exclude: []string{"*.3.mlp.*"},
	}, p.Settings)
	require.Equal(t, "tiny-llama", p.Model)
	require.Len(t, p.Files, 2)
	require.Equal(t, "llama", p.Config.ModelType)
	require.InDelta(t, p.Finished.Sub(p.Started).Seconds(), float64(p.Seconds), 1e-9)

	var file bytes.Buffer
	require.NoError(t, res.WriteJSON(&file))
	back, err := Read(&file, "back")
	require.NoError(t, err)
	requireSameJSON(t, res, back.Result)
}

func shape(dims []int) (shape []int64) {
	for _, d := range dims {
		shape = append(shape, int64(d))
	}
	return shape
}

func TestRecorderKeepsSingularValues(t *testing.T) {
	m := openModel(t, tiny)
	for _, keep := range []bool{false, true} {
		res, err := Recorder{SingularValues: keep}.Scan(context.Background(), m, scan.Options{Include: []string{"*.q_proj", "*embed*"}})
		require.NoError(t, err)
		require.Len(t, res.Rows, 10)
		for _, r := range res.Rows {
			want := 0
			if keep {
				want = int(min(r.Rows, r.Cols))
			}
			require.Len(t, r.SingularValues, want, r.Name)
			if keep {
				require.Nil(t, r.SpectrumSketch, r.Name)
				continue
			}
			require.Len(t, r.SpectrumSketch, int(min(r.Rows, r.Cols, 512)), r.Name)
			require.InEpsilon(t, float64(r.SMax), r.SpectrumSketch[0], 5e-4)
			require.InEpsilon(t, float64(r.SMin), r.SpectrumSketch[len(r.SpectrumSketch)-1], 5e-4)
		}
	}
}

// What was finished when the context ended is in the result, and nothing else.
func TestRecorderInterrupted(t *testing.T) {
	m := openModel(t, tiny)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	res, err := Recorder{}.Scan(ctx, m, scan.Options{Jobs: 1, Progress: func(p scan.Progress) {
		if p.Done == 3 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, res.Interrupted)
	require.GreaterOrEqual(t, len(res.Rows), 3)
	require.Less(t, len(res.Rows), len(tinyllama.Matrices()))
	require.Len(t, res.Skipped, len(tinyllama.Norms()))
	require.False(t, res.Provenance.Finished.IsZero())

	var none context.Context
	for _, scan := range []func() (*Result, error){
		func() (*Result, error) { return Recorder{}.Scan(context.Background(), m, scan.Options{Jobs: -1}) },
		func() (*Result, error) { return Recorder{}.Scan(context.Background(), nil, scan.Options{}) },
		func() (*Result, error) { return Recorder{}.Scan(none, m, scan.Options{}) },
	} {
		res, err := scan()
		require.ErrorIs(t, err, spectrum.ErrOption)
		require.Nil(t, res)
	}
}

// Whatever is scanned, in every format and by both rules, a tensor without a score
// keeps the type that the scan gave it.
func TestTypesSurviveTheFile(t *testing.T) {
	entries, err := os.ReadDir("../testdata/formats")
	require.NoError(t, err)
	models := []string{tiny, mixed(t)}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext != ".json" && ext != ".py" {
			models = append(models, filepath.Join("../testdata/formats", e.Name()))
		}
	}
	compared := 0
	for _, path := range models {
		m := openModel(t, path)
		for _, opt := range []scan.Options{{}, {Type: checkpoint.ReferenceType}} {
			res, err := Recorder{}.Scan(context.Background(), m, opt)
			require.NoError(t, err, path)
			outcomes, err := scan.List(m, opt)
			require.NoError(t, err)
			types := make(map[string]string)
			for o := range outcomes {
				types[o.Name] = o.Type
			}
			for _, l := range append(res.Scores().Layers(), res.Scores().Unranked()...) {
				if opt.Type == nil || path == models[1] { // where the rules differ
					compared++
					assert.Equal(t, types[l.Name], l.Type, "%s %s", path, l.Name)
				}
			}
		}
	}
	assert.Greater(t, compared, 150)
}

// mixed writes a model whose names tell the rules for types apart.
func mixed(t *testing.T) string {
	t.Helper()
	var tensors []safetensors.Data
	for _, name := range []string{"vision_tower.layers.0.q.weight", "layers.0.q.weight", "layers.0.experts.1.up.weight"} {
		tensors = append(tensors, safetensors.Data{Name: name, DType: "F32", Shape: []int64{2, 2}, Bytes: make([]byte, 16)})
	}
	for _, name := range []string{"vision_tower.layers.0.norm.weight", "layers.0.norm.weight", "layers.0.experts.1.norm.weight", "norm.weight"} {
		tensors = append(tensors, safetensors.Data{Name: name, DType: "F32", Shape: []int64{2}, Bytes: make([]byte, 8)})
	}
	var file bytes.Buffer
	require.NoError(t, safetensors.Write(&file, tensors, nil))
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o666))
	return path
}

// The exported files agree with PyTorch following the reference's steps.
func TestRealWeightsInReferenceConventions(t *testing.T) {
	text, err := os.ReadFile(shared.Path(t, "data/real/expected.json"))
	require.NoError(t, err)
	var want map[string]struct {
		V0 float64 `json:"snr_v0"`
		V1 float64 `json:"snr_v1"`
	}
	require.NoError(t, json.Unmarshal(text, &want))
	require.NotEmpty(t, want)
	res, err := Recorder{}.Scan(context.Background(), openModel(t, shared.Path(t, "data/real/stories260K")), scan.Options{})
	require.NoError(t, err)
	for _, convention := range []Convention{ConventionV0, ConventionV1} {
		rows, err := ReferenceRows(res, convention)
		require.NoError(t, err)
		require.Len(t, rows, len(want)+1)
		for _, row := range rows {
			w := want[row.Name+".weight"]
			if row.Name == "lm_head" {
				w = want["model.embed_tokens.weight"]
			}
			snr := w.V0
			if convention == ConventionV1 {
				snr = w.V1
			}
			assert.InEpsilon(t, snr, row.SNR, 1e-5, "%s %v", row.Name, convention)
		}
	}
}
