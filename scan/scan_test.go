package scan_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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

// analysed returns the outcomes of what was scanned, by name; one that failed has an
// analysis of zeros.
func analysed(outcomes []scan.Outcome) map[string]scan.Outcome {
	m := make(map[string]scan.Outcome)
	for _, o := range outcomes {
		if o.Reason == "" || o.TiedTo != "" {
			if o.Err != nil {
				o.Analysis = &spectrum.Analysis{}
			}
			m[o.Name] = o
		}
	}
	return m
}

func skipped(outcomes []scan.Outcome) (all []scan.Outcome) {
	for _, o := range outcomes {
		if o.Reason != "" && o.TiedTo == "" {
			all = append(all, o)
		}
	}
	return all
}

// The demonstration model ranks as it was built.
func TestTinyLlamaRanking(t *testing.T) {
	m := open(t, filepath.Join("..", "testdata", "tiny-llama"))
	all, err := scan.Collect(context.Background(), m, scan.Options{})
	require.NoError(t, err)
	sel, err := spectrum.SelectTopK(scan.Layers(all), 100)
	require.NoError(t, err)
	require.Len(t, sel.Groups, 8)
	for _, g := range sel.Groups {
		var got []string
		for _, l := range g.Chosen {
			got = append(got, l.Name)
		}
		assert.Equal(t, tinyllama.Ranking(g.Type), got, g.Type)
	}
	require.Len(t, all, len(m.Tensors())+1)
	require.Len(t, analysed(all), len(tinyllama.Matrices())+1)
	assert.Len(t, skipped(all), len(tinyllama.Norms()))
	for i, x := range m.Tensors() {
		assert.Equal(t, x, all[i].Tensor, "in the order of the model")
		assert.Equal(t, checkpoint.Type(x.Name), all[i].Type)
	}
	assert.Equal(t, "", all[0].Block)
	assert.Equal(t, "model.layers.7", all[72].Block)
	head := all[len(all)-1]
	assert.Equal(t, []string{"lm_head.weight", "lm_head", "model.embed_tokens.weight"}, []string{head.Name, head.Type, head.TiedTo})
	assert.NotEmpty(t, head.Reason)
	assert.Same(t, all[0].Analysis, head.Analysis)
}

// The outcomes of Collect, their order and every bit of the numbers are the same
// for any number of workers.
func TestWorkersDoNotShow(t *testing.T) {
	m := open(t, filepath.Join("..", "testdata", "tiny-llama"))
	var want []scan.Outcome
	for _, jobs := range []int{1, 2, 7, math.MaxInt} {
		all, err := scan.Collect(context.Background(), m, scan.Options{Jobs: jobs, Memory: 8 << 20})
		require.NoError(t, err)
		for i := range all {
			all[i].Elapsed = 0
		}
		if want == nil {
			want = all
		}
		assert.Equal(t, want, all, "%d jobs", jobs)
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
	all, err := scan.Collect(context.Background(), m, scan.Options{})
	require.NoError(t, err)
	got := analysed(all)
	require.Len(t, got, 4)
	conv := got["a.0.conv.weight"].Analysis
	assert.Equal(t, [2]int{3, 20}, [2]int{conv.Rows, conv.Cols})
	assert.NoError(t, got["a.0.good.weight"].Err)
	assert.Greater(t, got["a.0.good.weight"].Analysis.SNR, 0.0)
	failed := got["a.0.nan.weight"]
	for _, part := range []string{"model.safetensors", `"a.0.nan.weight"`, "row 5", "column 7"} {
		assert.ErrorContains(t, failed.Err, part)
	}
	var place *spectrum.ElementError
	require.ErrorAs(t, failed.Err, &place)
	assert.Equal(t, [2]int{5, 7}, [2]int{place.Row, place.Col})
	l, ranked := failed.Layer()
	assert.True(t, ranked && math.IsNaN(l.SNR), "a candidate without a score")
	assert.True(t, got["a.0.zero.weight"].Analysis.Zero)
	assert.Zero(t, got["a.0.zero.weight"].Analysis.SNR)
	reasons := make(map[string]string)
	for _, o := range skipped(all) {
		reasons[o.Name] = o.Reason
		assert.Nil(t, o.Analysis)
		_, ranked := o.Layer()
		assert.False(t, ranked)
	}
	require.Len(t, reasons, 4)
	assert.Contains(t, reasons["a.0.norm.weight"], "1-D")
	assert.Contains(t, reasons["a.0.empty.weight"], "placeholder")
	// Everything in the file has an outcome.
	assert.Len(t, m.Tensors(), len(all))
	assert.Len(t, scan.Layers(all), 4)
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
		listed, err := scan.List(m, scan.Options{Include: c.include, Exclude: c.exclude})
		require.NoError(t, err)
		all := slices.Collect(listed)
		assert.Len(t, analysed(all), c.want, "%v", c)
		assert.Len(t, all, len(m.Tensors()))
	}
	for _, opt := range []scan.Options{{Include: []string{"["}}, {Exclude: []string{"a", "[x"}}, {Jobs: -1}, {Memory: -1}} {
		got, err := scan.Collect(context.Background(), m, opt)
		assert.ErrorIs(t, err, spectrum.ErrOption)
		assert.Empty(t, got)
		_, err = scan.List(m, opt)
		assert.ErrorIs(t, err, spectrum.ErrOption)
	}
}

func TestVectors(t *testing.T) {
	m := open(t, write(t, "", f32("n.weight", []int64{3}, func(i int) float32 { return float32(2 - i) })))
	all, err := scan.Collect(context.Background(), m, scan.Options{Vectors: true})
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.EqualValues(t, 1, all[0].Analysis.Rows)
	assert.InDelta(t, math.Sqrt(5), all[0].Analysis.SMax, 1e-12)
	assert.True(t, all[0].Analysis.Saturated)
}

func TestTiedHeadInTheFile(t *testing.T) {
	embed := f32("model.embed_tokens.weight", []int64{30, 10}, hash)
	head := f32("lm_head.weight", []int64{30, 10}, hash)
	all, err := scan.Collect(context.Background(), open(t, write(t, `{"tie_word_embeddings": true}`, embed, head)), scan.Options{})
	require.NoError(t, err)
	require.Len(t, all, 3)
	assert.Equal(t, "tied to model.embed_tokens.weight", all[0].Reason, "the tensor of the file is not analysed")
	assert.Nil(t, all[0].Analysis)
	assert.Equal(t, "model.embed_tokens.weight", all[2].TiedTo)
	assert.Same(t, all[1].Analysis, all[2].Analysis)
	assert.Len(t, scan.Layers(all), 1, "a tied head is ranked with its embedding")

	all, err = scan.Collect(context.Background(), open(t, write(t, `{"tie_word_embeddings": false}`, embed, head)), scan.Options{})
	require.NoError(t, err)
	assert.Len(t, scan.Layers(all), 2)

	all, err = scan.Collect(context.Background(), open(t, write(t, `{"tie_word_embeddings": true}`, embed)), scan.Options{Exclude: []string{"*embed*"}})
	require.NoError(t, err)
	assert.Len(t, all, 1, "no head without its embedding")
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
	all, err := scan.Collect(context.Background(), m, scan.Options{Memory: need})
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.ErrorIs(t, all[0].Err, checkpoint.ErrMemory)
	assert.ErrorContains(t, all[0].Err, `"big.weight"`)
	assert.NoError(t, all[1].Err)
}

// A file of holes, as large as no machine's memory, costs its own tensor and no other,
// whether a cap was asked for or not.
func TestHugeTensor(t *testing.T) {
	if math.MaxInt == math.MaxInt32 {
		t.Skip("its number of elements is no int here")
	}
	good := f32("good.weight", []int64{20, 30}, hash)
	header := fmt.Sprintf(`{"good.weight":{"dtype":"F32","shape":[20,30],"data_offsets":[0,2400]},
		"huge.weight":{"dtype":"F32","shape":[1048576,131072],"data_offsets":[2400,%d]}}`, int64(2400)+1<<39)
	dir := t.TempDir()
	name := filepath.Join(dir, "model.safetensors")
	file := slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), []byte(header), good.Bytes)
	require.NoError(t, os.WriteFile(name, file, 0o666))
	if err := os.Truncate(name, int64(8+len(header)+2400)+1<<39); err != nil {
		t.Skipf("no files with holes here: %v", err)
	}
	m := open(t, dir)
	for _, limit := range []int64{0, 1 << 30, math.MaxInt64} {
		all, err := scan.Collect(context.Background(), m, scan.Options{Memory: limit})
		require.NoError(t, err)
		got := analysed(all)
		require.Len(t, got, 2)
		assert.NoError(t, got["good.weight"].Err)
		assert.ErrorIs(t, got["huge.weight"].Err, checkpoint.ErrMemory)
		assert.ErrorContains(t, got["huge.weight"].Err, "huge.weight")
	}
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
		all, err := scan.Collect(context.Background(), m, scan.Options{Analyzer: spectrum.Analyzer{Backend: b}, Jobs: 6, Memory: c.cap})
		require.NoError(t, err)
		require.Len(t, all, 6)
		for _, o := range all {
			assert.NoError(t, o.Err)
		}
		assert.Equal(t, c.want, b.peak, "cap %d", c.cap)
	}
}

// Cancelling keeps what was finished and returns without waiting for the rest.
func TestCancelKeepsOutcomes(t *testing.T) {
	m := open(t, filepath.Join("..", "testdata", "tiny-llama"))
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	enough := errors.New("enough")
	var seen []string
	all, err := scan.Collect(ctx, m, scan.Options{Jobs: 2, Progress: func(p scan.Progress) {
		if p.Last != nil {
			seen = append(seen, p.Last.Name)
		}
		if p.Done == 5 {
			cancel(enough)
		}
	}})
	require.ErrorIs(t, err, enough)
	got := analysed(all)
	assert.GreaterOrEqual(t, len(got), 5)
	assert.Less(t, len(got), 57)
	assert.Len(t, skipped(all), len(tinyllama.Norms()))
	for _, name := range seen {
		assert.Contains(t, got, name)
		assert.NoError(t, got[name].Err)
	}
}

// Run yields what is not analysed first, then each matrix once; leaving the loop
// ends the scan, and the same sequence can be run again.
func TestRunYields(t *testing.T) {
	m := open(t, filepath.Join("..", "testdata", "tiny-llama"))
	started := 0
	outcomes := scan.Run(context.Background(), m, scan.Options{Progress: func(p scan.Progress) {
		if p.Done == 1 {
			started++
		}
	}})
	for range 2 {
		names, reasons := make(map[string]int), 0
		for o, err := range outcomes {
			require.NoError(t, err)
			if o.Reason != "" && o.TiedTo == "" {
				reasons++
				assert.Empty(t, names, "first those that are left out")
				continue
			}
			names[o.Name]++
			if len(names) == 3 {
				break
			}
		}
		assert.Equal(t, len(tinyllama.Norms()), reasons)
		assert.Len(t, names, 3)
		for name, n := range names {
			assert.Equal(t, 1, n, name)
		}
	}
	assert.Equal(t, 2, started)
	for range outcomes {
		break // before anything is computed
	}
	assert.Equal(t, 2, started)
}

func TestProgress(t *testing.T) {
	m := open(t, filepath.Join("..", "testdata", "tiny-llama"))
	var all []scan.Progress
	_, err := scan.Collect(context.Background(), m, scan.Options{Progress: func(p scan.Progress) {
		if p.Last != nil || len(all) == 0 { // not those in between, on a machine that is slow
			all = append(all, p)
		}
	}})
	require.NoError(t, err)
	require.Len(t, all, 58)
	assert.Nil(t, all[0].Last)
	for i, p := range all {
		assert.Equal(t, i, p.Done)
		assert.Equal(t, 57, p.Total)
		assert.True(t, i == 0 || p.Last.Analysis != nil)
	}
	assert.InEpsilon(t, all[57].TotalWork, all[57].Work, 1e-12)
}

// What is nil is an error, not a panic.
func TestNothingToScan(t *testing.T) {
	_, err := scan.List(nil, scan.Options{})
	assert.ErrorIs(t, err, spectrum.ErrOption)
	_, err = scan.Collect(context.Background(), nil, scan.Options{})
	assert.ErrorIs(t, err, spectrum.ErrOption)
	var none context.Context
	_, err = scan.Collect(none, open(t, filepath.Join("..", "testdata", "tiny-llama")), scan.Options{})
	assert.ErrorIs(t, err, spectrum.ErrOption)
}

// Resolve fills in what was left to default, once.
func TestResolve(t *testing.T) {
	opt, err := scan.Options{}.Resolve()
	require.NoError(t, err)
	assert.Equal(t, defaultBackend(t).Name(), opt.Analyzer.Backend.Name())
	assert.Equal(t, runtime.GOMAXPROCS(0), opt.Jobs)
	assert.Equal(t, "mlp.experts.*.up_proj", opt.Type("l.0.mlp.experts.1.up_proj.weight"))
	opt.Jobs, opt.Type = 3, checkpoint.ReferenceType
	opt, err = opt.Resolve()
	require.NoError(t, err)
	assert.Equal(t, 3, opt.Jobs)
	assert.Equal(t, "mlp.experts.1.up_proj", opt.Type("l.0.mlp.experts.1.up_proj.weight"))
	t.Setenv("SPECTRUM_BACKEND", "abacus")
	_, err = scan.Options{}.Resolve()
	assert.ErrorIs(t, err, spectrum.ErrBackend)
}
