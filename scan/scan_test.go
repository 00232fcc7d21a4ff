package scan_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/internal/test/tinyllama"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/scan"
)

func open(t *testing.T, path string) *checkpoint.Model {
	t.Helper()
	m, err := checkpoint.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// f32 is a tensor of n float32 values made by f.
func f32(name string, shape []int64, f func(i int) float32) safetensors.Data {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	var b []byte
	for i := range int(n) {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f(i)))
	}
	return safetensors.Data{Name: name, DType: "F32", Shape: shape, Bytes: b}
}

func hash(i int) float32 {
	x := uint32(i+1) * 2654435761
	x = (x ^ x>>15) * 2246822519
	return float32(int32(x^x>>13)) / (1 << 31)
}

func write(t *testing.T, config string, tensors ...safetensors.Data) string {
	t.Helper()
	dir := t.TempDir()
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, tensors, nil))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model.safetensors"), b.Bytes(), 0o666))
	if config != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o666))
	}
	return dir
}

func byName(f *results.File) map[string]results.Layer {
	m := make(map[string]results.Layer)
	for _, l := range f.Layers {
		m[l.Name] = l
	}
	return m
}

// The demonstration model ranks as it was built.
func TestTinyLlamaRanking(t *testing.T) {
	m := open(t, filepath.Join("..", "testdata", "tiny-llama"))
	file, err := scan.Run(context.Background(), m, scan.Options{})
	require.NoError(t, err)
	sel, err := spectrum.SelectTopK(results.FromFile(file).Layers(), 100)
	require.NoError(t, err)
	require.Len(t, sel.Groups, 8)
	for _, g := range sel.Groups {
		var got []string
		for _, l := range g.Chosen {
			got = append(got, l.Name)
		}
		assert.Equal(t, tinyllama.Ranking(g.Type), got, g.Type)
	}
	require.Len(t, file.Layers, len(tinyllama.Matrices())+1)
	assert.Len(t, file.Skipped, len(tinyllama.Norms()))
	head := file.Layers[len(file.Layers)-1]
	assert.Equal(t, "lm_head.weight", head.Name)
	assert.Equal(t, "model.embed_tokens.weight", head.TiedTo)
	assert.False(t, head.Ranked)
	assert.Equal(t, file.Layers[0].SNR, head.SNR)
}

// Rows, their order and every bit of the numbers are the same for any number
// of workers.
func TestWorkersDoNotShow(t *testing.T) {
	m := open(t, filepath.Join("..", "testdata", "tiny-llama"))
	var want []results.Layer
	for _, jobs := range []int{1, 2, 7} {
		file, err := scan.Run(context.Background(), m, scan.Options{Jobs: jobs, SingularValues: true, Memory: 8 << 20})
		require.NoError(t, err)
		for i := range file.Layers {
			file.Layers[i].Seconds = 0
		}
		if want == nil {
			want = file.Layers
		}
		assert.Equal(t, want, file.Layers, "%d jobs", jobs)
	}
}

func TestFailuresStayAlone(t *testing.T) {
	nan := func(i int) float32 {
		if i == 5*40+7 {
			return float32(math.NaN())
		}
		return hash(i)
	}
	m := open(t, write(t, "",
		f32("a.0.good.weight", []int64{20, 30}, hash),
		f32("a.0.nan.weight", []int64{10, 40}, nan),
		f32("a.0.empty.weight", []int64{0, 4}, hash),
		f32("a.0.zero.weight", []int64{6, 4}, func(int) float32 { return 0 }),
		f32("a.0.norm.weight", []int64{9}, hash),
		f32("a.0.conv.weight", []int64{3, 4, 5}, hash),
		f32("scalar", nil, hash),
		safetensors.Data{Name: "a.0.ids", DType: "I64", Shape: []int64{1, 2}, Bytes: make([]byte, 16)},
	))
	file, err := scan.Run(context.Background(), m, scan.Options{})
	require.NoError(t, err)
	rows := byName(file)
	require.Len(t, rows, 5)
	assert.EqualValues(t, [2]int64{3, 20}, [2]int64{rows["a.0.conv.weight"].Rows, rows["a.0.conv.weight"].Cols})
	assert.Empty(t, rows["a.0.good.weight"].Error)
	assert.Greater(t, float64(rows["a.0.good.weight"].SNR), 0.0)
	failed := rows["a.0.nan.weight"]
	for _, part := range []string{"model.safetensors", `"a.0.nan.weight"`, "row 5", "column 7"} {
		assert.Contains(t, failed.Error, part)
	}
	assert.True(t, math.IsNaN(float64(failed.SNR)))
	assert.Contains(t, rows["a.0.empty.weight"].Error, spectrum.ErrEmpty.Error())
	assert.True(t, rows["a.0.zero.weight"].Zero)
	assert.Zero(t, float64(rows["a.0.zero.weight"].SNR))
	reasons := make(map[string]string)
	for _, s := range file.Skipped {
		reasons[s.Name] = s.Reason
	}
	require.Len(t, reasons, 3)
	assert.Contains(t, reasons["a.0.norm.weight"], "1-D")
	for name := range reasons {
		assert.NotEmpty(t, reasons[name], name)
	}
	// Everything in the file is a row or skipped.
	assert.Len(t, m.Tensors(), len(file.Layers)+len(file.Skipped))
}

func TestPatterns(t *testing.T) {
	m := open(t, filepath.Join("..", "testdata", "tiny-llama"))
	for _, c := range []struct {
		include, exclude []string
		want             int
	}{
		{[]string{"self_attn.q_proj"}, nil, 8},
		{[]string{"model.layers.3.*"}, nil, 7},
		{[]string{"model.layers.3.*"}, []string{"*.q_proj"}, 6},
		{[]string{"*.0.*", "*.1.mlp.*"}, []string{"*.mlp.up_proj.weight"}, 8},
		{nil, []string{"*"}, 0},
	} {
		tensors, skipped, err := scan.List(m, scan.Options{Include: c.include, Exclude: c.exclude})
		require.NoError(t, err)
		assert.Len(t, tensors, c.want, "%v", c)
		assert.Len(t, m.Tensors(), c.want+len(skipped))
	}
	for _, opt := range []scan.Options{{Include: []string{"["}}, {Exclude: []string{"a", "[x"}}, {Jobs: -1}, {Memory: -1}} {
		_, err := scan.Run(context.Background(), m, opt)
		assert.ErrorIs(t, err, spectrum.ErrOption)
		_, _, err = scan.List(m, opt)
		assert.ErrorIs(t, err, spectrum.ErrOption)
	}
}

func TestVectors(t *testing.T) {
	m := open(t, write(t, "", f32("n.weight", []int64{3}, func(i int) float32 { return float32(2 - i) })))
	file, err := scan.Run(context.Background(), m, scan.Options{Vectors: true})
	require.NoError(t, err)
	require.Len(t, file.Layers, 1)
	assert.EqualValues(t, 1, file.Layers[0].Rows)
	assert.InDelta(t, math.Sqrt(5), float64(file.Layers[0].SMax), 1e-12)
	assert.True(t, file.Layers[0].Saturated)
}

func TestTiedHeadInTheFile(t *testing.T) {
	embed := f32("model.embed_tokens.weight", []int64{30, 10}, hash)
	head := f32("lm_head.weight", []int64{30, 10}, hash)
	file, err := scan.Run(context.Background(), open(t, write(t, `{"tie_word_embeddings": true}`, embed, head)), scan.Options{})
	require.NoError(t, err)
	require.Len(t, file.Layers, 2)
	assert.Equal(t, "model.embed_tokens.weight", file.Layers[1].TiedTo)
	assert.Len(t, results.FromFile(file).Layers(), 1, "a tied head is ranked with its embedding")

	file, err = scan.Run(context.Background(), open(t, write(t, `{"tie_word_embeddings": false}`, embed, head)), scan.Options{})
	require.NoError(t, err)
	assert.Len(t, results.FromFile(file).Layers(), 2)
}

func defaultBackend(t *testing.T) spectrum.Backend {
	t.Helper()
	b, err := spectrum.DefaultBackend()
	require.NoError(t, err)
	return b
}

func TestMemoryCap(t *testing.T) {
	big := f32("big.weight", []int64{200, 300}, hash)
	small := f32("small.weight", []int64{20, 30}, hash)
	m := open(t, write(t, "", big, small))
	b := defaultBackend(t)
	need := int64(len(small.Bytes)) + b.Workspace(20, 30)
	file, err := scan.Run(context.Background(), m, scan.Options{Memory: need})
	require.NoError(t, err)
	rows := byName(file)
	assert.Contains(t, rows["big.weight"].Error, scan.ErrMemory.Error())
	assert.Empty(t, rows["small.weight"].Error)
}

// meter is a back-end that measures how much work is in flight.
type meter struct {
	spectrum.Backend
	mu            sync.Mutex
	running, peak int
}

func (b *meter) Spectra(ctx context.Context, p spectrum.Problem) iter.Seq2[*spectrum.Spectrum, error] {
	return func(yield func(*spectrum.Spectrum, error) bool) {
		b.mu.Lock()
		b.running++
		b.peak = max(b.peak, b.running)
		b.mu.Unlock()
		time.Sleep(20 * time.Millisecond)
		defer func() {
			b.mu.Lock()
			b.running--
			b.mu.Unlock()
		}()
		b.Backend.Spectra(ctx, p)(yield)
	}
}

func TestMemoryCapHoldsWorkersBack(t *testing.T) {
	var tensors []safetensors.Data
	for _, name := range strings.Split("abcdef", "") {
		tensors = append(tensors, f32(name+".weight", []int64{20, 30}, hash))
	}
	m := open(t, write(t, "", tensors...))
	need := int64(20*30*4) + defaultBackend(t).Workspace(20, 30)
	for _, c := range []struct {
		cap  int64
		want int
	}{{need, 1}, {2*need + 1, 2}, {0, 6}} {
		b := &meter{Backend: defaultBackend(t)}
		file, err := scan.Run(context.Background(), m, scan.Options{Analyzer: spectrum.Analyzer{Backend: b}, Jobs: 6, Memory: c.cap})
		require.NoError(t, err)
		require.Len(t, file.Layers, 6)
		for _, l := range file.Layers {
			assert.Empty(t, l.Error)
		}
		assert.Equal(t, c.want, b.peak, "cap %d", c.cap)
	}
}

// Cancelling keeps what was finished and returns without waiting for the rest.
func TestCancelKeepsRows(t *testing.T) {
	m := open(t, filepath.Join("..", "testdata", "tiny-llama"))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var seen []string
	file, err := scan.Run(ctx, m, scan.Options{Jobs: 2, Progress: func(p scan.Progress) {
		if p.Layer != nil {
			seen = append(seen, p.Layer.Name)
		}
		if p.Done == 5 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	assert.True(t, file.Interrupted)
	assert.GreaterOrEqual(t, len(file.Layers), 5)
	assert.Less(t, len(file.Layers), 57)
	rows := byName(file)
	for _, name := range seen {
		assert.Contains(t, rows, name)
		assert.Empty(t, rows[name].Error)
	}
}

func TestProgress(t *testing.T) {
	m := open(t, filepath.Join("..", "testdata", "tiny-llama"))
	var all []scan.Progress
	_, err := scan.Run(context.Background(), m, scan.Options{Progress: func(p scan.Progress) { all = append(all, p) }})
	require.NoError(t, err)
	require.Len(t, all, 58)
	assert.Nil(t, all[0].Layer)
	for i, p := range all {
		assert.Equal(t, i, p.Done)
		assert.Equal(t, 57, p.Total)
	}
	assert.InEpsilon(t, all[57].TotalWork, all[57].Work, 1e-12)
}
