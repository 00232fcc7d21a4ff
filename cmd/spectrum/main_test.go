package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/internal/test/shared"
	"github.com/gospectrum/spectrum/internal/test/tinyllama"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/scan"
)

const tiny = "../../testdata/tiny-llama"

// command runs the program and returns its exit code and what it printed.
func command(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// ok runs a command that must succeed.
func ok(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	code, stdout, stderr := command(args...)
	require.Equal(t, exitOK, code, "%v: %s", args, stderr)
	return stdout, stderr
}

func TestInspect(t *testing.T) {
	out, _ := ok(t, "inspect", tiny)
	for _, part := range []string{
		"model.layers.7.mlp.down_proj.weight", "96×256", "BF16", "24,576",
		"no: 1-D, ranked only on request", "74 tensors, 837,216 parameters", "a scan analyses 57 with 835,584 parameters\n",
		"computing that takes ",
		"lm_head.weight is tied to model.embed_tokens.weight",
	} {
		assert.Contains(t, out, part)
	}
}

func TestScanTable(t *testing.T) {
	out, errs := ok(t, "scan", tiny, "--top", "25", "--all")
	assert.Contains(t, out, "self_attn.q_proj (8)")
	assert.Contains(t, out, "lm_head.weight is tied to model.embed_tokens.weight")
	assert.Contains(t, out, "top 25 % of each type (marked *): 14 layers")
	// 2 of 8 blocks of every type.
	assert.Contains(t, out, "196,608 parameters, 23.5 % of the model")
	assert.Equal(t, 57, strings.Count(errs, "SNR"), "a line for each matrix on a plain stderr")
	// The spiked layer is the last of its type.
	group := out[strings.Index(out, "self_attn.o_proj (8)"):]
	lines := strings.Split(group, "\n")
	assert.Contains(t, lines[9], tinyllama.SpikedLayer)
	assert.Contains(t, lines[2], "*")
}

func TestScanJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.json")
	out, errs := ok(t, "scan", tiny, "-o", file, "--top", "25", "--singular-values", "--ratio", "count", "--jobs", "1", "--memory", "64MiB")
	assert.Empty(t, out)
	assert.Contains(t, errs, "58 layers written to "+file)
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var v struct {
		Provenance map[string]any
		Layers     []map[string]any
		Selection  map[string]any
	}
	require.NoError(t, json.Unmarshal(raw, &v))
	for _, key := range []string{"tool", "version", "started", "finished", "seconds", "model", "config", "files", "options"} {
		assert.Contains(t, v.Provenance, key)
	}
	require.Len(t, v.Layers, 58)
	for _, key := range strings.Fields(`name type rows cols dtype params snr ratio_sum ratio_count signal_count
		noise_count signal_sum noise_sum sigma threshold s_max s_min frobenius stable_rank effective_rank
		saturated backend precision error singular_values`) {
		assert.Contains(t, v.Layers[3], key)
	}
	l := v.Layers[3]
	assert.InEpsilon(t, l["ratio_count"].(float64)/l["s_max"].(float64), l["snr"].(float64), 1e-12)
	assert.Len(t, l["singular_values"], int(math.Min(l["rows"].(float64), l["cols"].(float64))))
	assert.Len(t, v.Selection["layers"], 14)
	leftover, err := filepath.Glob(file + "*")
	require.NoError(t, err)
	assert.Equal(t, []string{file}, leftover)
}

// Every noise scale, edge, ratio and divisor reaches the scores and the file.
func TestScanSettings(t *testing.T) {
	dir := t.TempDir()
	for i, args := range [][]string{
		{"--noise", "kn"}, {"--noise", "ml", "--edge", "tw:0.05", "--divisor", "edge"},
		{"--noise", "median", "--ratio", "energy", "--divisor", "none"}, {"--noise", "mad", "--edge", "asymptotic"},
	} {
		file := filepath.Join(dir, string(rune('a'+i))+".json")
		ok(t, append([]string{"scan", tiny, "-o", file}, args...)...)
		res, err := results.ReadFile(file)
		require.NoError(t, err)
		o := res.Result.Provenance.Settings
		for j := 0; j < len(args); j += 2 {
			got := map[string]string{"--noise": o.Noise, "--edge": o.Edge, "--ratio": o.Ratio, "--divisor": o.Divisor}[args[j]]
			assert.Equal(t, args[j+1], got)
		}
		for _, l := range res.Result.Rows {
			require.Empty(t, l.Error)
			ratio := map[string]results.Number{"sum": l.RatioSum, "count": l.RatioCount, "energy": l.RatioEnergy}[o.Ratio]
			by := map[string]results.Number{"s_max": l.SMax, "none": 1, "edge": l.SMax / l.Threshold}[o.Divisor]
			require.InDelta(t, float64(ratio/by), float64(l.SNR), 1e-12*float64(l.SNR))
			require.Greater(t, float64(l.FitLimit), 0.0)
		}
	}
	assert.Equal(t, "tw:0.01", mustSettings(t, filepath.Join(dir, "a.json")).Edge, "the default of kn is spelt out")
	table, _ := ok(t, "scan", tiny, "--noise", "kn", "--ratio", "energy", "--divisor", "edge")
	assert.Contains(t, table, "SNR = Σ(signal²)/Σ(noise²) / (s_max/t)")
	assert.Contains(t, table, "noise scale σ: kn, edge: tw:0.01")

	comparison, _ := ok(t, "compare", filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json"), filepath.Join(dir, "c.json"))
	assert.Equal(t, 3, strings.Count(comparison, "57 layers in both, 0 only in A, 0 only in B"))
	assert.Contains(t, comparison, "of 14 layers are the same")
	raw, _ := ok(t, "compare", filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json"), "--format", "json", "--top", "50")
	var pairs []struct {
		A, B   string
		Common int
		Types  []results.Agreement
	}
	require.NoError(t, json.Unmarshal([]byte(raw), &pairs))
	require.Len(t, pairs, 1)
	assert.Equal(t, 57, pairs[0].Common)
	assert.Contains(t, pairs[0].B, "noise ml, edge tw:0.05")
	assert.Len(t, pairs[0].Types, 8)

	// The scores of kn cannot be turned into the reference's.
	code, _, errs := command("export", filepath.Join(dir, "a.json"))
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "noise scale")
}

func mustSettings(t *testing.T, file string) results.Settings {
	res, err := results.ReadFile(file)
	require.NoError(t, err)
	return res.Result.Provenance.Settings
}

// The table marks saturated layers and ties, and says where a tie decided.
func TestTableMarksTies(t *testing.T) {
	row := func(name string, snr float64) results.Row {
		return results.Row{Name: name, Type: "v_proj", SNR: results.Number(snr), Saturated: math.IsInf(snr, 1), Ranked: true}
	}
	res := &results.Result{
		Rows:   []results.Row{row("a", 1), row("b", math.Inf(1)), row("c", math.Inf(1)), row("d", 2)},
		Chosen: &results.Chosen{TopPercent: 25, Layers: []string{"b"}},
	}
	var b bytes.Buffer
	require.NoError(t, writeTable(&b, res, 0, screen{}))
	assert.Equal(t, 2, strings.Count(b.String(), "(saturated: no noise to divide by)  (tie)"))
	assert.Contains(t, b.String(), "2 layers tie at the cut: the 1 selected merely come first in the model")
	b.Reset()
	require.NoError(t, writeSummary(&b, res, 0, nil, screen{width: plainWidth}))
	assert.Contains(t, b.String(), "\n  v_proj: 2 layers tie at the cut: the 1 selected")
	b.Reset()
	require.NoError(t, writeTable(&b, res, 0, screen{width: plainWidth, cut: true}))
	assert.Equal(t, 2, strings.Count(b.String(), "(saturated)  (tie)"))
	res.Chosen.Layers = []string{"b", "c"}
	b.Reset()
	require.NoError(t, writeTable(&b, res, 0, screen{}))
	assert.NotContains(t, b.String(), "tie at the cut")
}

func TestScanCSV(t *testing.T) {
	out, _ := ok(t, "scan", tiny, "--format", "csv", "--include", "mlp.up_proj")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 9)
	assert.Equal(t, "name", rows[0][0])
	assert.Equal(t, "model.layers.0.mlp.up_proj.weight", rows[1][0])
}

// damaged writes a model of one good and one NaN matrix.
func damaged(t *testing.T) string {
	good, bad := make([]byte, 4*12), make([]byte, 4*12)
	for i := range good {
		good[i] = byte(i)
	}
	copy(bad[8:], []byte{0, 0, 0xc0, 0x7f})
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, []safetensors.Data{
		{Name: "bad.weight", DType: "F32", Shape: []int64{3, 4}, Bytes: bad},
		{Name: "good.weight", DType: "F32", Shape: []int64{4, 3}, Bytes: good},
	}, nil))
	file := filepath.Join(t.TempDir(), "damaged.safetensors")
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o666))
	return file
}

func TestScanFailedTensor(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.json")
	code, _, errs := command("scan", damaged(t), "-o", out)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, `tensor "bad.weight": weight is not finite: NaN at row 0, column 2`)
	assert.Contains(t, errs, "1 of 2 layers failed")
	res, err := results.ReadFile(out)
	require.NoError(t, err)
	assert.Len(t, res.Result.Rows, 2)
	code, table, _ := command("scan", damaged(t), "--top", "100")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, table, "failed")
	assert.Contains(t, table, ": 1 layer,")
}

// What is interrupted is in the journal with -o, and else in the output, marked.
func TestScanInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out := filepath.Join(t.TempDir(), "out.json")
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"scan", tiny, "-o", out}, &stdout, &stderr)
	assert.Equal(t, exitIncomplete, code)
	assert.Contains(t, stderr.String(), "0 matrices of 57 are in "+out+".journal; the same command goes on from there")
	assert.NoFileExists(t, out)
	code = run(ctx, []string{"scan", tiny, "--format", "json"}, &stdout, &stderr)
	assert.Equal(t, exitIncomplete, code)
	res, err := results.Read(&stdout, "stdout")
	require.NoError(t, err)
	assert.True(t, res.Result.Interrupted)
	assert.Equal(t, 57, res.Result.Missing)
}

func TestUsageErrors(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.json")
	require.NoError(t, os.WriteFile(empty, []byte("\r\n"), 0o666))
	for _, c := range []struct {
		args string
		want string
	}{
		{"scan", "scan wants MODEL; usage: spectrum scan MODEL"},
		{"scan " + dir + "/none", "no such file"},
		{"scan " + dir, "weights"},
		{"scan " + tiny + " --top 101", "outside 0…100"},
		{"scan " + tiny + " --ratio median", "one of sum, count, energy; usage: spectrum scan MODEL"},
		{"scan " + tiny + " --noise loud", "one of iqr, calibrated, median, kn"},
		{"scan " + tiny + " --precision half", "one of auto, float64, values"},
		{"scan " + tiny + " --backend cuda", "gonum"},
		{"scan " + tiny + " --format xml", "want one of table, json or csv"},
		{"scan " + tiny + " --singular-values", "needs --format json or -o FILE.json"},
		{"scan " + tiny + " --include [", "pattern"},
		{"scan " + tiny + " --jobs -2", "-2 jobs"},
		{"scan " + tiny + " --memory lots", "want a size"},
		{"scan " + tiny + " -o " + dir, "is a directory"},
		{"scan " + tiny + " -o " + dir + "/no/such/out.json", "no such file"},
		{"select " + empty + " --top 10", "empty"},
		{"select " + empty, "the result file is empty"},
		{"select " + empty + " --top 10 --format toml", "want one of"},
		{"export " + empty + " --format yaml", "want one of"},
		{"export " + empty + " --convention v2", "neither v0 nor v1"},
		{"scan " + tiny + " --edge tw:2", "want asymptotic, or tw:"},
		{"scan " + tiny + " --edge tw:0.01", "noise scale iqr"},
		{"scan " + tiny + " --divisor s1", "one of s_max, none, edge"},
		{"compare " + empty, "compare wants RESULTS; usage: spectrum compare RESULTS RESULTS…"},
		{"compare " + empty + " " + empty, "empty"},
		{"compare " + empty + " " + empty + " --top 101", "outside 0…100"},
		{"compare " + empty + " " + empty + " --format csv", "want one of"},
		{"frobnicate", "no command"},
		{"scan " + tiny + " more", `takes no argument "more"`},
		{"scan " + tiny + " --memory 8", "with its unit, such as 8GiB"},
		{"scan " + tiny + " --include *nothing*", `pattern "*nothing*" matches no tensor`},
		{"scan " + tiny + " --exclude model.norm.weight --exclude no.such.*", `pattern "no.such.*" matches no tensor`},
		{"scan " + tiny + " --jobs x", "not such a number"},
		{"scan " + tiny + " --jobs 99999999999999999999", "too large"},
		{"scan " + tiny + " --top x%", "want a number of percent"},
		{"scan " + tiny + " -o results.txt", "ends in none of .json and .csv; --format says what to write"},
		{"select " + dir, "scan it first: spectrum scan " + dir},
		{"backends x", "takes no argument"},
		{"merge", "merge wants RESULTS; usage"},
	} {
		code, out, errs := command(strings.Fields(c.args)...)
		assert.Equal(t, exitUsage, code, c.args)
		assert.Empty(t, out, c.args)
		assert.Contains(t, errs, c.want, c.args)
		assert.NotRegexp(t, `strconv\.|map\[|%!|&\{|<nil>|0xc0|\[\]|\[[a-z_]+ [a-z_]+`, errs, "Go's own syntax")
		said, found := strings.CutPrefix(errs, "spectrum: note: reads the 2 files of model.safetensors.index.json\n")
		assert.True(t, found || strings.HasPrefix(errs, "spectrum: "))
		assert.Equal(t, 1, strings.Count(said, "\n"), "one line: %s", errs)
	}
}

// An older result survives a run that fails.
func TestOutputSurvivesFailure(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.json")
	require.NoError(t, os.WriteFile(out, []byte("precious"), 0o666))
	code, _, _ := command("scan", tiny, "-o", out, "--jobs", "-1")
	assert.Equal(t, exitUsage, code)
	got, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(got))
	_, err = os.Stat(out + ".partial")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestSelectFromScan(t *testing.T) {
	dir := t.TempDir()
	scanned := filepath.Join(dir, "out.json")
	ok(t, "scan", tiny, "-o", scanned)
	yaml, errs := ok(t, "select", scanned, "--top", "25", "--format", "spectrum-yaml")
	assert.Contains(t, errs, "selected 14 of 57 layers in 8 types")
	assert.True(t, strings.HasPrefix(yaml, "unfrozen_parameters:\n- ^lm_head.weight$\n"))
	best := strings.TrimSuffix(tinyllama.Ranking("mlp.up_proj")[0], ".weight")
	assert.Contains(t, yaml, "# mlp.up_proj layers\n- "+best+"\n")
	names, _ := ok(t, "select", scanned, "--top", "12.5", "--format", "names")
	assert.Len(t, strings.Fields(names), 7)
	assert.Contains(t, names, best+".weight\n")
	file := filepath.Join(dir, "sel.json")
	ok(t, "select", scanned, "--top", "25", "--format", "json", "-o", file)
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.True(t, json.Valid(raw))
}

func TestSelectPublishedYAML(t *testing.T) {
	res := shared.Path(t, "data/published/snr_results_meta-llama-Meta-Llama-3.1-8B-Instruct.json")
	want, err := os.ReadFile(shared.Path(t, "data/published/snr_results_meta-llama-Meta-Llama-3.1-8B-Instruct_unfrozenparameters_50percent.yaml"))
	require.NoError(t, err)
	got, _ := ok(t, "select", res, "--top", "50", "--format", "spectrum-yaml")
	assert.Equal(t, string(want), got)
}

func TestPublishedFiles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "data/published"), "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 7)
	for _, file := range files {
		code, out, errs := command("select", file, "--top", "25")
		if strings.Contains(file, "DeepSeek") {
			assert.Equal(t, exitUsage, code)
			assert.Contains(t, errs, "empty")
			continue
		}
		require.Equal(t, exitOK, code, errs)
		assert.Greater(t, strings.Count(out, "\n- "), 2, file)
	}
}

func TestExport(t *testing.T) {
	scanned := filepath.Join(t.TempDir(), "out.json")
	ok(t, "scan", tiny, "-o", scanned)
	plain, _ := ok(t, "export", scanned)
	assert.True(t, strings.HasPrefix(plain, "{\n    \"lm_head\": {\n        \"snr\": "))
	assert.Contains(t, plain, "\"model.layers.3.mlp.down_proj\": {\n")
	assert.False(t, strings.HasSuffix(plain, "\n"))
	sorted, _ := ok(t, "export", scanned, "--format", "spectrum-sorted-json", "--convention", "v0")
	assert.Contains(t, sorted, "    \"mlp.down_proj\": {\n")
}

func TestCompletionAndVersion(t *testing.T) {
	out, _ := ok(t, "completion", "bash")
	assert.Contains(t, out, "spectrum")
	out, _ = ok(t, "__complete", "scan", tiny, "--format", "")
	assert.Contains(t, out, "json")
	out, _ = ok(t, "--version")
	assert.Contains(t, out, "spectrum version ")
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{
		"512B": 512, "1K": 1024, "1kb": 1000, "2GiB": 2 << 30, "1.5G": 3 << 29, "10 MB": 1e7, "7B": 7,
	} {
		var b byteSize
		require.NoError(t, b.Set(text), text)
		assert.EqualValues(t, want, b, text)
	}
	for _, text := range []string{"", "0", "8", "512", "0B", "-1G", "G", "1X", "NaN", "9e99T"} {
		var b byteSize
		assert.Error(t, b.Set(text), text)
	}
}

// A result comes through a pipe as well, a percentage with its sign, and either spelling
// is English.
func TestLenientWords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	ok(t, "scan", tiny, "-o", file, "--top", "25%")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	want, _ := ok(t, "select", file, "--budget", "1MB", "--optimiser", "lion")
	cmd := newCommand()
	var out, errs bytes.Buffer
	cmd.SetArgs([]string{"select", "-", "--budget", "1MB", "--optimizer", "lion"})
	cmd.SetIn(bytes.NewReader(text))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	require.NoError(t, cmd.Execute())
	assert.Equal(t, want, out.String())
	code, _, said := command("select", file, "--top", "25", "--weight", "mlp.up_proj=2", "--weight", "mlp.down_proj=1")
	assert.Equal(t, exitOK, code)
	assert.Contains(t, said, "weights mlp.down_proj=1, mlp.up_proj=2")
}

// The forms of progress: lines with the time left, events, nothing; and no control
// characters where the terminal is a dumb one.
func TestProgress(t *testing.T) {
	_, errs := ok(t, "scan", tiny, "--progress", "json", "--jobs", "1")
	events := strings.Split(strings.TrimSpace(errs), "\n")[1:]  // behind a note
	events = slices.DeleteFunc(events, func(text string) bool { // within a matrix, on a slow machine
		return text != events[0] && !strings.Contains(text, `"name"`)
	})
	require.Len(t, events, 1+57)
	for i, text := range events {
		var e progressEvent
		require.NoError(t, json.Unmarshal([]byte(text), &e), text)
		assert.Equal(t, i, e.Done)
		assert.Equal(t, 57, e.Total)
		assert.Equal(t, i == 0, e.Name == "")
		assert.Equal(t, i == 57, e.Share == 1)
		assert.Equal(t, i > 0 && i < 57, e.Left != nil)
		assert.Equal(t, i > 0, e.SNR != nil)
	}
	p := &progress{began: time.Now().Add(-10 * time.Second)}
	left, known := p.left(scan.Progress{Done: 1, Total: 4, Work: 1, TotalWork: 4})
	assert.True(t, known)
	assert.Equal(t, 30*time.Second, left)
	left, known = p.left(scan.Progress{Total: 4, TotalWork: 4, InFlight: 2})
	assert.True(t, known)
	assert.Equal(t, 10*time.Second, left)
	_, known = p.left(scan.Progress{Total: 4, TotalWork: 4})
	assert.False(t, known, "nothing is known before the first")
	_, errs = ok(t, "scan", tiny, "--quiet")
	assert.Equal(t, "spectrum: note: reads the 2 files of model.safetensors.index.json\n", errs)
	for name, value := range map[string]string{"NO_COLOR": "1", "TERM": "dumb"} {
		t.Setenv(name, value)
		assert.Equal(t, progressLines, newProgress(os.Stderr, progressAuto).how)
		t.Setenv(name, "")
	}
}

// Within a matrix lines come after a second, then ever more seldom; events and the bar
// every second, and the bar does not go back.
func TestProgressWithinAMatrix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := make(map[string]*bytes.Buffer)
		shown := make(map[string]*progress)
		for _, how := range []string{progressLines, progressJSON, progressBar, progressNone} {
			said[how] = new(bytes.Buffer)
			shown[how] = newProgress(said[how], how)
		}
		for second := range 100 {
			done := float64(second)
			if second > 90 {
				done = 10
			}
			for _, p := range shown {
				p.update(scan.Progress{Total: 2, TotalWork: 400e6, InFlight: done * 1e6})
			}
			time.Sleep(time.Second)
		}
		lines := strings.Split(strings.TrimSpace(said[progressLines].String()), "\n")
		assert.Equal(t, []string{
			"0 of 2 after 1s, about 0 % done, 6m39s left",
			"0 of 2 after 2s, about 0 % done, 6m38s left",
			"0 of 2 after 4s, about 1 % done, 6m36s left",
			"0 of 2 after 8s, about 2 % done, 6m32s left",
			"0 of 2 after 16s, about 4 % done, 6m24s left",
			"0 of 2 after 32s, about 8 % done, 6m8s left",
			"0 of 2 after 1m4s, about 16 % done, 5m36s left",
		}, lines)
		assert.Equal(t, 100, strings.Count(said[progressJSON].String(), "\n"))
		assert.Contains(t, said[progressJSON].String(), `"share":0.225,"elapsed":90,"left":310}`)
		assert.Equal(t, int64(90), shown[progressBar].drawn)
		assert.Zero(t, said[progressNone].Len())
	})
}

// collector is a writer that asks for the collector's setting when something is written.
type collector struct{ percent int }

func (c *collector) Write(p []byte) (int, error) {
	c.percent = debug.SetGCPercent(100)
	debug.SetGCPercent(c.percent)
	return len(p), nil
}

// A scan of few tensors runs with the usual setting of the collector, and every command
// leaves that as it was.
func TestThriftEnds(t *testing.T) {
	const usual = 77
	defer debug.SetGCPercent(debug.SetGCPercent(usual))
	var c collector
	require.Equal(t, exitOK, run(t.Context(), []string{"scan", tiny, "--progress", progressLines}, io.Discard, &c))
	assert.Equal(t, usual, c.percent)
	require.Equal(t, exitOK, run(t.Context(), []string{"inspect", tiny}, &c, io.Discard))
	for range 2 {
		assert.Equal(t, usual, debug.SetGCPercent(usual))
	}
}
