package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/results"
)

// made returns a result of a model of so many blocks, with experts in each if asked for, and
// the top quarter chosen. Every name has a mark in it.
func made(t *testing.T, blocks, experts int, mark string) *results.Result {
	res := &results.Result{Provenance: results.Provenance{Model: "m" + mark, Settings: results.Settings{Noise: "iqr"}}}
	add := func(name, typ string) {
		n := float64(len(res.Rows))
		res.Rows = append(res.Rows, results.Row{
			Name: name, Parameter: name, Type: typ, Rows: 4096, Cols: 14336, Params: 4096 * 14336, DType: "BF16", Ranked: true,
			SNR: results.Number(1e-5 + math.Abs(math.Sin(n))), Sigma: 0.0123456, Threshold: 0.0234567, SMax: 123.456, SignalCount: 1234, NoiseCount: 2862,
		})
	}
	add("model.embed"+mark+".weight", "model.embed"+mark)
	for i := range blocks {
		for _, role := range []string{"self_attn.q_proj", "mlp.down_proj"} {
			add(fmt.Sprintf("model.layers.%d.%s%s.weight", i, role, mark), role+mark)
		}
		for e := range experts {
			add(fmt.Sprintf("model.layers.%d.mlp.experts.%d.up_proj%s.weight", i, e, mark), "mlp.experts.*.up_proj"+mark)
		}
	}
	sel, err := spectrum.SelectTopK(results.Layers(res.Scores().Candidates(results.ExpertsFused)), 25)
	require.NoError(t, err)
	res.Chosen = results.NewChosen(sel, 1e9)
	return res
}

// Whatever the width and the names are, no line is wider, and nothing is written that a
// terminal would obey.
func TestNothingIsWiderThanTheTerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	ok(t, "scan", tiny, "-o", file, "--top", "25")
	demonstration, err := results.ReadFile(file)
	require.NoError(t, err)
	hostile := []string{"\x1b[31m", strings.Repeat("界", 90), strings.Repeat("é̂", 60), "\n\u202e", strings.Repeat("x", 500), "a b 'c' " + strings.Repeat("🏳️‍🌈", 40)}
	all := map[string]*results.Result{
		"demonstration": demonstration.Result, "126 blocks": made(t, 126, 0, ""), "experts": made(t, 40, 64, ""), "one block": made(t, 1, 2, ""), "nothing": {},
	}
	for _, mark := range hostile {
		all[mark] = made(t, 9, 2, mark)
	}
	for name, res := range all {
		next := []words{{"spectrum", "scan", "/a/model " + name, "-o", name + ".json"}, {"spectrum", "report", name + ".json", "-o", "report.html"}}
		for _, width := range []int{1, 2, 3, 7, 20, 40, 80, 120, 200} {
			var short, long bytes.Buffer
			s := screen{width: width, cut: true}
			require.NoError(t, writeSummary(&short, res, 1e9, next, s))
			require.NoError(t, writeTable(&long, res, 1e9, s))
			for _, line := range strings.Split(short.String()+long.String(), "\n") {
				if width > 12 || strings.TrimSpace(line) == "" { // narrower ones have no room for a command's quotes
					require.LessOrEqual(t, uniseg.StringWidth(line), width, "%.20q at %d: %q", name, width, line)
				}
				require.Equal(t, -1, strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", line)
			}
		}
	}
}

// At every usual width a type keeps its line, and the map its rows.
func TestSummaryKeepsItsShape(t *testing.T) {
	for _, width := range []int{40, 80, 120, 200} {
		for name, res := range map[string]*results.Result{"blocks": made(t, 126, 0, ""), "experts": made(t, 40, 64, "")} {
			var b bytes.Buffer
			require.NoError(t, writeSummary(&b, res, 1e9, nil, screen{width: width, cut: true}))
			parts := strings.Split(b.String(), "\n\n")
			types, picture := strings.Split(parts[1], "\n"), strings.Split(parts[2], "\n")
			n := 2
			if name == "experts" {
				n = 3
			}
			assert.Len(t, types, 2+n, parts[1])
			assert.GreaterOrEqual(t, len(picture), 2+n, parts[2])
			if width >= 80 {
				assert.Len(t, picture, 3+n, "the legend has one line")
			}
			assert.Equal(t, width < 120 || name == "blocks", strings.Contains(parts[2], "blocks a column"), "%d %s", width, parts[2])
			for _, line := range picture[2 : 2+n] {
				assert.Greater(t, uniseg.StringWidth(line), width/2, "the map fills its width")
			}
		}
	}
}

// A ruler has no number in part, and none over another.
func TestRuler(t *testing.T) {
	number := func(n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprint(i))
		}
		return all
	}
	assert.Equal(t, "0         5         10", ruler(number(12), 1))
	assert.Equal(t, "0         5", ruler(number(6), 1))
	assert.Equal(t, "0         25        50        75        100", ruler(number(126), 5), "125 has no room")
	assert.Equal(t, "0123456789abc", ruler([]string{"0123456789abc", "1", "2", "3", "4", "5", "6"}, 1))
	assert.Equal(t, "", ruler([]string{"0123456789abc", "1"}, 1))
	assert.Equal(t, "1, 2, 7-9, 11, x, 99999999999999999999", ranges([]string{"1", "2", "7", "8", "9", "11", "x", "99999999999999999999"}))
	assert.Equal(t, "…q_proj", shorten("self_attn.q_proj", 7))
	assert.Equal(t, "sel…q_proj", shorten("self_attn.q_proj", 10))
}

// Each kind of cell has its own character, and selected ones their mark.
func TestCells(t *testing.T) {
	row := func(block int, snr float64) results.Row {
		return results.Row{Name: fmt.Sprintf("l.%d.q.weight", block), Type: "q", SNR: results.Number(snr), Ranked: true, Saturated: math.IsInf(snr, 1)}
	}
	failed, zero, unsure := row(4, math.NaN()), row(5, 0), row(6, 9)
	failed.Error, zero.Zero, unsure.SNRError = "broken", true, results.Number(math.Inf(1))
	other := row(8, 1)
	other.Name, other.Type = "l.8.k.weight", "k"
	res := &results.Result{
		Rows:   []results.Row{row(0, 1), row(1, 2), row(2, 3), row(3, math.Inf(1)), failed, zero, unsure, row(7, 4), other},
		Chosen: &results.Chosen{TopPercent: 25, Layers: []string{"l.3.q.weight", "l.7.q.weight"}},
	}
	var b bytes.Buffer
	require.NoError(t, writeSummary(&b, res, 0, nil, screen{width: 80}))
	assert.Contains(t, b.String(), "\n  q ░ ▒ ▓ ∞*! 0 ? ▓*·\n")
	assert.Contains(t, b.String(), "\n  k · · · · · · · · ▓\n")
	assert.Contains(t, b.String(), "highest full; * selected; ∞ saturated; ? no digit is certain; 0 all zero; ! failed; · none\n")
	assert.Contains(t, b.String(), "\n  q: 3, 7\n")
	assert.Regexp(t, `(?m)^  q +8  2 +0 +∞  ▁▃▆∞!0\?█$`, b.String())
	b.Reset()
	require.NoError(t, writeSummary(&b, res, 0, nil, screen{width: 16}))
	assert.Contains(t, b.String(), "the median of 2 blocks a column")
	assert.Contains(t, b.String(), "+ some selected")
}

// Where the score does not rank, the table names what would with the numbers of this
// result, and nothing that it does not have.
func TestWhatTellsLayersApart(t *testing.T) {
	said := func(change func(i int, r *results.Row)) string {
		res := &results.Result{Provenance: results.Provenance{Settings: results.Settings{Noise: "iqr"}}}
		for i := range 4 {
			r := results.Row{Name: fmt.Sprintf("l.%d.q.weight", i), Type: "q", Ranked: true, SNR: results.Number(math.Inf(1)), Saturated: true, Rows: 8, Cols: 9, SMin: 1}
			change(i, &r)
			res.Rows = append(res.Rows, r)
		}
		var b bytes.Buffer
		require.NoError(t, writeSummary(&b, res, 0, nil, screen{width: 80}))
		_, text, _ := strings.Cut(b.String(), "the score does not tell these layers apart:\n")
		line, _, _ := strings.Cut(text, "\n")
		return line
	}
	assert.Equal(t, "  q: 4 of 4 saturated; no other column of this result has a different value for each", said(func(int, *results.Row) {}))
	assert.Equal(t, "  q: 4 of 4 saturated; select --by effective_rank has no ties, 1 to 4; scan --noise kn would saturate none, by their spikes, 2 to 5", said(func(i int, r *results.Row) {
		r.StableRank, r.EffectiveRank, r.Spikes = results.Number(max(1, i)), results.Number(i+1), results.Number(i+2)
	}))
	assert.NotContains(t, said(func(i int, r *results.Row) { r.Spikes = results.Number(2 + 2*i) }), "kn", "one has nothing but spikes")
	assert.NotContains(t, said(func(i int, r *results.Row) { r.Spikes, r.SMin = 3, 0 }), "kn", "what is none may be zero")
	assert.NotContains(t, said(func(i int, r *results.Row) { r.Spikes, r.RanksUncertain = 3, true }), "kn")
	assert.Contains(t, said(func(i int, r *results.Row) { r.SNR, r.Saturated = 2, false }), "q: all 4 have the score 2;")
	assert.Empty(t, said(func(i int, r *results.Row) {
		if i > 1 {
			r.SNR, r.Saturated = results.Number(i), false
		}
	}), "half of them rank")
}

// What the table says of other settings is so when they are tried: flat noise, of which the
// default scale makes signal, with a direction that stands out.
func TestOtherSettingsTellLayersApart(t *testing.T) {
	const rows, cols = 24, 600
	var tensors []safetensors.Data
	for block := range 4 {
		m := matrix(fmt.Sprintf("model.layers.%d.mlp.up_proj.weight", block), rows, cols)
		for i := range rows {
			for j := range cols {
				at := m.Bytes[4*(cols*i+j):]
				v := math.Float32frombits(binary.LittleEndian.Uint32(at)) + float32(block+1)*float32(math.Cos(float64(i+block)))*float32(math.Sin(float64(j)))
				binary.LittleEndian.PutUint32(at, math.Float32bits(v))
			}
		}
		tensors = append(tensors, m)
	}
	dir := modelDir(t, "model.safetensors", nil, tensors...)
	out, _ := ok(t, "scan", dir)
	said := regexp.MustCompile(`  mlp.up_proj: 4 of 4 saturated; select --by (\w+) has no ties, .*; scan --noise kn would saturate none, by their spikes, 1 each\n`).FindStringSubmatch(out)
	require.NotNil(t, said, out)

	file := filepath.Join(t.TempDir(), "r.json")
	ok(t, "scan", dir, "-o", file, "--quiet")
	best := make(map[string]bool)
	for _, order := range []string{said[1], said[1] + ":asc"} {
		chosen, _ := ok(t, "select", file, "--top", "50", "--by", order, "--format", "names")
		best[chosen] = true
	}
	assert.Len(t, best, 2, "without ties the better half is not the worse half")
	out, _ = ok(t, "scan", dir, "--noise", "kn")
	assert.NotContains(t, out, "saturated")
	assert.NotContains(t, out, "apart")
}

// A shell that reads the next commands gets the user's own names, however narrow the
// terminal is.
func TestNextCommandsAreThoseOfAShell(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	command := words{"printf", `%s\n`, "it's", "$(id) `id`", "ä界 " + strings.Repeat("long'name", 30), "--top", "25", "-o", strings.Repeat("y/", 50) + "r.json", ";", "#", "~"}
	for _, s := range []screen{{width: 80}, {width: 20, cut: true}, {width: 40, cut: true}, {width: 80, cut: true}, {width: 200, cut: true}} {
		script := strings.Join(command.lines(s), "\n")
		out, err := exec.Command(shell, "-c", script).Output()
		require.NoError(t, err, script)
		assert.Equal(t, strings.Join(command[2:], "\n")+"\n", string(out), script)
		for _, line := range strings.Split(script, "\n") {
			assert.True(t, !s.cut || uniseg.StringWidth(line) <= s.width, "%d: %q", s.width, line)
		}
	}
	assert.Equal(t, "a/b-c_1.json", escape.Word("a/b-c_1.json"))
	assert.Equal(t, "''", escape.Word(""))
}

// The next commands have the settings of the scan, and lead from it to a selection.
func TestNextCommandsWork(t *testing.T) {
	model, err := filepath.Abs(tiny)
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	out, _ := ok(t, "scan", model, "--noise", "kn", "--exclude", "mlp.*", "--exclude", "*.7.*", "--top", "25", "--jobs", "1")
	_, text, found := strings.Cut(out, "\nnext:\n")
	require.True(t, found)
	commands := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	require.Equal(t, []string{
		"  spectrum scan " + model + " --exclude 'mlp.*' --exclude '*.7.*' --noise kn --top 25 -o tiny-llama.json",
		"  spectrum select tiny-llama.json --top 25 --format axolotl -o unfrozen.yaml",
		"  spectrum report tiny-llama.json -o report.html",
	}, commands)
	for _, c := range commands {
		ok(t, strings.Fields(strings.ReplaceAll(c, "'", ""))[1:]...)
	}
	_, errs := ok(t, "scan", model, "-o", "-x.json", "--top", "25", "--selection", "s.yaml")
	assert.Contains(t, errs, "  spectrum verify s.yaml "+model+"\n  spectrum report ./-x.json -o report.html\n")
	ok(t, "verify", "s.yaml", model)
	ok(t, "report", "./-x.json", "-o", "report.html")
}

// A scan with a file ends with the same summary, unless nobody reads it.
func TestScanToAFileEndsWithTheSummary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	table, _ := ok(t, "scan", tiny, "--top", "25")
	body, _, _ := strings.Cut(table, "\nnext:\n")
	for _, args := range [][]string{nil, {"--progress", "lines"}, {"--quiet"}, {"--progress", "none"}, {"--progress", "json"}} {
		out, errs := ok(t, append([]string{"scan", tiny, "--top", "25", "-o", file}, args...)...)
		assert.Empty(t, out)
		assert.Equal(t, len(args) == 0 || args[1:] != nil && args[len(args)-1] == "lines", strings.Contains(errs, body), "%v", args)
		assert.Contains(t, errs, "58 layers written to ")
	}
	code, _, errs := command("scan", tiny, "-o", file, "--all")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "--all is for --format table")
	out, _ := ok(t, "scan", tiny, "--all")
	assert.Contains(t, out, "  model.layers.5.self_attn.o_proj.weight\n", "a pipe gets names in full")
}

// The program in a terminal keeps to its width.
func TestTerminal(t *testing.T) {
	if _, err := exec.LookPath("script"); err != nil {
		t.Skip("there is no script of util-linux")
	}
	program := built(t)
	for _, width := range []int{40, 80, 120, 200} {
		for _, all := range []string{"", " --all"} {
			cmd := exec.Command("script", "-qec", fmt.Sprintf("stty cols %d rows 50 && %s scan %s --top 25 --quiet%s", width, escape.Word(program), tiny, all), os.DevNull)
			out, err := cmd.Output()
			if err != nil && len(out) == 0 {
				t.Skipf("script: %v", err)
			}
			require.NoError(t, err, "%s", out)
			_, text, _ := strings.Cut(strings.ReplaceAll(string(out), "\r", ""), "index.json\n") // behind a note
			require.Contains(t, text, "tiny-llama: llama")
			for _, line := range strings.Split(text, "\n") {
				assert.LessOrEqual(t, uniseg.StringWidth(line), width, "%q", line)
			}
			if all != "" {
				assert.Contains(t, text, "model.layers.….self_attn.o_proj.weight\n")
			}
		}
	}
}
