package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/test/document"
)

// scanned returns the results of the demonstration model.
func scanned(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tiny.json")
	ok(t, "scan", tiny, "-o", file)
	return file
}

// documented returns the command of each row of the table in docs/trainers.md.
func documented(t *testing.T) map[emit.Format][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/trainers.md")
	require.NoError(t, err)
	all := make(map[emit.Format][]string)
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\|.*\\| `spectrum (.*)` \\|$").FindAllStringSubmatch(string(text), -1) {
		args := strings.Fields(strings.ReplaceAll(m[2], "'", ""))
		for i, a := range args {
			if a == "./testdata/tiny-llama" {
				args[i] = tiny
			}
		}
		all[emit.Format(m[1])] = args
	}
	return all
}

// The commands of docs/trainers.md do what they say, and what select writes
// verifies without mismatches. There is one for each format.
func TestDocumentedCommands(t *testing.T) {
	commands := documented(t)
	dir := t.TempDir()
	ok(t, "scan", tiny, "-o", filepath.Join(dir, "tiny.json"))
	inDir := func(args []string) []string {
		args = slices.Clone(args)
		for i, a := range args {
			if ext := filepath.Ext(a); ext != "" && !strings.ContainsAny(a, "*/") {
				args[i] = filepath.Join(dir, a)
			}
		}
		return args
	}
	for _, f := range emit.Formats() {
		require.Contains(t, commands, f)
		args := inDir(commands[f])
		assert.Contains(t, strings.Join(args, " "), "--format "+string(f)+" ")
		out := args[len(args)-1]
		_, errs := ok(t, args...)
		assert.Contains(t, errs, "selected ")
		if !slices.Contains(emit.Consumers(), f) {
			continue
		}
		report, _ := ok(t, "verify", out, tiny, "--consumer", string(f))
		assert.Contains(t, report, string(f)+" trains ")
		assert.Contains(t, report, "model.layers.")
		ok(t, append(args, "--model", tiny)...)
	}
	for _, c := range emit.Consumers() { // that no format is written for
		if slices.Contains(emit.Formats(), c) {
			continue
		}
		require.Contains(t, commands, c)
		code, report, _ := command(inDir(commands[c])...)
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, report, string(c)+" trains ")
	}
}

func TestSelectRefuses(t *testing.T) {
	file := scanned(t)
	code, _, errs := command("select", file, "--top", "25", "--format", "llama-factory", "--model", tiny)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "cannot be expressed")
	// The names of another model.
	foreign := filepath.Join(t.TempDir(), "foreign.json")
	require.NoError(t, os.WriteFile(foreign, []byte(`{"m.0.q": {"snr": 2, "type": "q"}, "m.1.q": {"snr": 1, "type": "q"}}`), 0o644))
	for _, f := range emit.Consumers() {
		if !slices.Contains(emit.Formats(), f) {
			continue
		}
		code, out, errs := command("select", foreign, "--top", "50", "--format", string(f), "--model", tiny)
		assert.Equal(t, exitUsage, code, f)
		assert.Empty(t, out, f)
		assert.Contains(t, errs, "cannot be expressed", f)
	}
	code, _, errs = command("select", foreign, "--top", "50", "--format", "spectrum-yaml", "--model", tiny)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "m.0.q.weight would not be trained")
	code, _, errs = command("select", foreign, "--top", "50", "--format", "spectrum-yaml", "--head", "never")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "always trains the output head")
}

// A file of the reference has modules; what is trained are parameters.
func TestSelectReferenceNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "snr_results_m.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"m.0.q": {"snr": 2, "type": "q"}, "m.1.q": {"snr": 1, "type": "q"}}`), 0o644))
	for format, want := range map[string]string{
		"names":         "m.0.q.weight\n",
		"csv":           "name,type,snr,params\nm.0.q.weight,q,2,0\n",
		"spectrum-yaml": "unfrozen_parameters:\n- ^lm_head.weight$\n- ^model.embed_tokens.weight$\n# q layers\n- m.0.q\n",
	} {
		out, _ := ok(t, "select", file, "--top", "50", "--format", format)
		assert.Equal(t, want, out)
	}
}

// What the trainer stops with is found by verify, and no wrong usage.
func TestVerifyFindsRefusal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "freeze.yaml")
	require.NoError(t, os.WriteFile(file, []byte("freeze_trainable_layers: 2\nfreeze_trainable_modules: gone\n"), 0o644))
	code, _, errs := command("verify", file, tiny, "--consumer", "llama-factory")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, `no module "gone"`)
}

// The head of this model is tied, so the reference's fixed line matches nothing.
func TestVerifyMismatch(t *testing.T) {
	file := scanned(t)
	out := filepath.Join(t.TempDir(), "unfrozen.yaml")
	ok(t, "select", file, "--top", "25", "--format", "spectrum-yaml", "-o", out)
	code, report, errs := command("verify", out, tiny, "--consumer", "axolotl")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, report, "match nothing: 1\n  ^lm_head.weight$")
	assert.Contains(t, errs, "1 mismatches")
	code, report, _ = command("verify", out, tiny, "--consumer", "substring", "--format", "json")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, report, `"unmatched"`)
	expect := filepath.Join(t.TempDir(), "names")
	require.NoError(t, os.WriteFile(expect, []byte("model.norm.weight\n"), 0o644))
	_, report, _ = command("verify", out, tiny, "--consumer", "axolotl", "--expect", expect)
	assert.Contains(t, report, "expected, but not trained: 1\n  model.norm.weight")
}

func TestSelectFlags(t *testing.T) {
	file := scanned(t)
	rows := func(args ...string) [][]string {
		out, _ := ok(t, append([]string{"select", file, "--format", "csv"}, args...)...)
		all, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		require.NoError(t, err)
		return all[1:]
	}
	assert.Len(t, rows("--top", "12.5"), 7)
	assert.Len(t, rows("--top", "12.5", "--ceil"), 8) // the embedding too
	assert.Len(t, rows("--top", "10", "--scope", "global"), 5)
	assert.Len(t, rows("--at-least", "2", "--at-most", "2"), 15)
	assert.Len(t, rows("--top", "25", "--weight", "mlp.up_proj=2", "--exclude", "self_attn.*"), 8)
	assert.Len(t, rows("--norms", "always"), 17)
	assert.Len(t, rows("--top", "25", "--random", "3"), 14)
	assert.NotEqual(t, rows("--top", "25", "--random", "3"), rows("--top", "25"))
	assert.NotEmpty(t, rows("--max-params", "100000"))
	few, many := rows("--budget", "1MiB"), rows("--budget", "1MiB", "--optimiser", "adamw8bit", "--precision", "bfloat16")
	assert.Less(t, len(few), len(many))
	for _, args := range [][]string{
		{}, {"--top", "101"}, {"--budget", "1MiB", "--max-params", "3"}, {"--top", "1", "--weight", "a=b"},
		{"--top", "1", "--scope", "none"}, {"--budget", "1MiB", "--optimiser", "none"}, {"--top", "1", "--include", "["},
		{"--top", "1", "--format", "none"}, {"--top", "25", "--format", "peft", "--rank", "-1"}, {"--top", "25", "--rank", "0"},
		{"--top", "25", "--format", "axolotl-lr"}, {"--top", "25", "--learning-rate", "0"}, {"--top", "25", "--learning-rate", "NaN"},
		{"--top", "25", "--optimiser", "sgd"}, {"--top", "25", "--precision", "mixed"},
	} {
		code, _, _ := command(append([]string{"select", file}, args...)...)
		assert.Equal(t, exitUsage, code, "%v", args)
	}
}

// Help and completion of select and verify list what package emit does.
func TestTrainerHelp(t *testing.T) {
	help, _ := ok(t, "select", "--help")
	values, _ := ok(t, "__complete", "select", "x.json", "--format", "")
	for _, f := range emit.Formats() {
		assert.Regexp(t, `(?m)^  `+string(f)+` +`+regexp.QuoteMeta(f.About())+`$`, help)
		assert.Contains(t, strings.Fields(values), string(f))
	}
	help, _ = ok(t, "verify", "--help")
	values, _ = ok(t, "__complete", "verify", "x", "y", "--consumer", "")
	for _, f := range emit.Consumers() {
		assert.Regexp(t, `(?m)^  `+string(f)+` +`+regexp.QuoteMeta(f.Matching())+`$`, help)
		assert.Contains(t, strings.Fields(values), string(f))
	}
}

func TestDoctor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "damaged.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"l.0.q": {"snr": 1.5, "type": "q"}, "l.1.q": {"snr": NaN, "type": "q"},`), 0o644))
	clean := filepath.Join(t.TempDir(), "clean.json")
	code, out, errs := command("doctor", file, "-o", clean)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "something is wrong with this result file")
	assert.NotContains(t, errs, "incomplete")
	assert.Contains(t, out, "NaN, which cannot be ranked: 1\n  l.1.q")
	assert.Contains(t, out, "the file breaks at")
	out, _ = ok(t, "doctor", clean)
	assert.Contains(t, out, "nothing is wrong")
}

// A scan writes the trainer's file in the same run, and select that of the result's own
// selection.
func TestScanWritesSelection(t *testing.T) {
	dir := t.TempDir()
	result, file := filepath.Join(dir, "tiny.json"), filepath.Join(dir, "unfrozen.yaml")
	ok(t, "scan", tiny, "--top", "25", "-o", result, "--selection", file)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	want, _ := ok(t, "select", result, "--top", "25")
	assert.Equal(t, want, string(text))
	again, _ := ok(t, "select", result, "--format", "names")
	names, _ := ok(t, "select", result, "--top", "25", "--format", "names")
	assert.Equal(t, names, again)
	ok(t, "verify", file, tiny)

	for _, args := range [][]string{{"--selection", file}, {"--top", "25", "-o", file, "--selection", file}, {"--top", "25", "--selection", file, "--selection-format", "x"}} {
		code, _, _ := command(append([]string{"scan", tiny}, args...)...)
		assert.Equal(t, exitUsage, code, args)
	}
	// What the format cannot say is no reason to lose the scan.
	code, _, errs := command("scan", tiny, "--top", "25", "-o", result, "--selection", file, "--selection-format", "llama-factory")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "the results are written, the selection is not")
}

// The names that the loaded model has itself override those of the table.
func TestNamesOfTheLoadedModel(t *testing.T) {
	result := scanned(t)
	list, _ := ok(t, "select", result, "--top", "100", "--embeddings", "always", "--norms", "always", "--format", "names")
	dir := t.TempDir()
	dump := filepath.Join(dir, "names.json")
	renamed := map[string][]int{}
	for name := range strings.Lines(list) {
		renamed["wrapped."+strings.TrimSpace(name)] = []int{2, 3}
	}
	text, err := json.Marshal(renamed)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dump, text, 0o644))
	out, _ := ok(t, "select", result, "--top", "25", "--names", dump)
	assert.Contains(t, out, "- ^wrapped.model.layers.2.mlp.down_proj.weight$")
	file := filepath.Join(dir, "unfrozen.yaml")
	require.NoError(t, os.WriteFile(file, []byte(out), 0o644))
	report, _ := ok(t, "verify", file, "--names", dump)
	assert.Contains(t, report, "axolotl trains 14 tensors")
	exported, _ := ok(t, "export", result, "--names", dump)
	assert.Contains(t, exported, `"wrapped.model.layers.2.mlp.down_proj"`)

	delete(renamed, "wrapped.model.layers.2.mlp.down_proj.weight")
	text, err = json.Marshal(renamed)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dump, text, 0o644))
	code, _, errs := command("select", result, "--top", "25", "--names", dump)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "not a parameter of the loaded model: model.layers.2.mlp.down_proj.weight")
}

// exampleOf returns the arguments of select for the worked example of a format in
// docs/trainers.md; nil if it has none, because its file has scores, which differ in
// their last digits between machines.
func exampleOf(f emit.Format) []string {
	switch f {
	case emit.JSON, emit.CSV, emit.LearningRates:
		return nil
	case emit.LLaMAFactory, emit.LLaMAFactoryV1:
		return []string{"--include", "*.[67].self_attn.*", "--format", string(f)}
	case emit.AxolotlRates:
		return []string{"--include", "*.[2367].mlp.up_proj*", "--format", string(f), "--learning-rate", "2e-5"}
	case emit.AxolotlPlugin:
		return []string{"--top", "25", "--format", string(f), "--hub-name", "org/tiny"}
	}
	return []string{"--include", "*.3.self_attn.[qk]_proj*", "--format", string(f)}
}

// The worked examples of docs/trainers.md are what the command writes.
// SPECTRUM_WRITE_DOCS=1 writes them.
func TestWorkedExamples(t *testing.T) {
	result := scanned(t)
	var b strings.Builder
	for _, f := range emit.Formats() {
		args := exampleOf(f)
		if args == nil {
			continue
		}
		out, _ := ok(t, append([]string{"select", result}, args...)...)
		shown := slices.Clone(args)
		for i, a := range shown {
			if strings.ContainsAny(a, "*[") {
				shown[i] = "'" + a + "'"
			}
		}
		b.WriteString("### " + string(f) + "\n\n    spectrum select tiny.json " + strings.Join(shown, " ") + "\n\n```\n" + out + "```\n\n")
	}
	document.Section(t, "../../docs/trainers.md", "<!-- examples -->\n", "<!-- end -->", b.String())
}
