package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/test/shared"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/scan"
	"github.com/gospectrum/spectrum/selection"
)

// settings are those of the page's controls.
type settings struct {
	Percent   float64  `json:"percent"`
	Ceil      bool     `json:"ceil"`
	Scope     string   `json:"scope"`
	Min       int      `json:"min"`
	Max       int      `json:"max"`
	Budget    int64    `json:"budget"`
	Bytes     float64  `json:"bytes"`
	Optimiser string   `json:"optimiser"`
	Precision string   `json:"precision"`
	Include   []string `json:"include"`
	Exclude   []string `json:"exclude"`
}

func (s settings) selector(t *testing.T) selection.Selector {
	t.Helper()
	out := selection.Selector{Percent: s.Percent, Ceil: s.Ceil, Min: s.Min, Max: s.Max, Budget: s.Budget, BytesPerParam: s.Bytes, Include: s.Include, Exclude: s.Exclude}
	require.NoError(t, out.Scope.UnmarshalText([]byte(s.Scope)))
	return out
}

// thirty settings, all kinds of them.
func thirty(model string) []settings {
	sized := !strings.HasPrefix(model, "published")
	var all []settings
	for _, scope := range []string{"type", "block", "global"} {
		for _, p := range []float64{0, 1, 10, 12.5, 25, 33.33, 50, 99, 100} {
			all = append(all, settings{Percent: p, Scope: scope})
		}
	}
	all = append(all,
		settings{Percent: 25, Scope: "type", Ceil: true, Min: 1, Max: 3},
		settings{Percent: 10, Scope: "type", Include: []string{"*.[0-1].*"}, Exclude: []string{"*down_proj"}},
		settings{Percent: 30, Scope: "global", Exclude: []string{`*.?.self_attn.[!^k-o]_proj`, "*q_proj*"}},
		settings{Percent: 30, Scope: "type", Include: []string{"*.nothing"}},
	)
	if sized {
		all = append(all,
			settings{Scope: "type", Budget: 200_000},
			settings{Percent: 50, Scope: "global", Budget: 3 << 20, Bytes: 16, Optimiser: "adamw", Precision: "float32"},
			settings{Percent: 50, Scope: "type", Budget: 10, Include: []string{"*up_proj*"}})
	}
	for i := range all {
		if all[i].Include == nil {
			all[i].Include = []string{}
		}
		if all[i].Exclude == nil {
			all[i].Exclude = []string{}
		}
	}
	return all
}

// answer is what the page's code gives.
type answer struct {
	Error  string            `json:"error"`
	Groups [][]string        `json:"groups"`
	Ties   []string          `json:"ties"`
	Params int64             `json:"params"`
	Rule   string            `json:"rule"`
	Files  map[string]string `json:"files"`
}

const harness = `
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const m = decode(input.page.models[0], input.page.weight);
const out = input.settings.map((s) => {
  try {
    const sel = choose(m, s), files = {};
    for (const f of m.files) {
      const text = fileText(m, input.page.head, f, sel);
      if (text !== null) files[f.format] = text;
    }
    return {
      groups: sel.groups.map((g) => g.chosen.map((i) => candidateName(m, i))),
      ties: sel.groups.filter((g) => g.tie).map((g) => m.types[g.type]),
      params: sel.params, rule: sel.rule, files,
    };
  } catch (e) { return { error: String(e.message) }; }
});
console.log(JSON.stringify(out));
`

// node runs the page's code, without what draws, on what stands in its standard input.
func node(t *testing.T, code string, input any) []byte {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("needs node, which is not here")
	}
	var b strings.Builder
	for _, name := range []string{"data.js", "pattern.js", "choose.js", "files.js", "draw.js"} {
		s, err := text(name)
		require.NoError(t, err)
		b.WriteString(s)
	}
	stdin, err := json.Marshal(input)
	require.NoError(t, err)
	cmd := exec.Command("node", "-e", b.String()+code)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return out
}

// inputOf makes what Write makes of a result.
func inputOf(t *testing.T, scores *results.Scores) (*page, *input) {
	t.Helper()
	in := Input{File: "r.json", Scores: scores}
	p, err := newPage([]Input{in}, Options{Percent: 25})
	require.NoError(t, err)
	return p, p.inputs[0]
}

func demonstration(t *testing.T) *results.Scores {
	t.Helper()
	m, err := checkpoint.Open(t.Context(), "../testdata/tiny-llama")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	r, err := results.Recorder{}.Scan(t.Context(), m, scan.Options{})
	require.NoError(t, err)
	return r.Scores()
}

// The page chooses what package selection chooses, and its files are package emit's.
func TestPageChooses(t *testing.T) {
	models := map[string]func(t *testing.T) *results.Scores{
		"tiny-llama": demonstration,
		"fused":      fused,
		"ties":       ties,
	}
	for _, name := range []string{"HuggingFaceTB-SmolLM-135M", "meta-llama-Meta-Llama-3-8B", "meta-llama-Meta-Llama-3.1-8B-Instruct", "Qwen-Qwen2-MoE-57B-A14B"} {
		models["published/"+name] = func(t *testing.T) *results.Scores {
			s, err := results.ReadFile(shared.Path(t, "data/published/snr_results_"+name+".json"))
			require.NoError(t, err)
			return s
		}
	}
	for name, open := range models {
		t.Run(name, func(t *testing.T) { assert.Greater(t, chooses(t, open(t), thirty(name)), 60) })
	}
}

// chooses compares the page with the library, and returns how many files it compared.
func chooses(t *testing.T, scores *results.Scores, all []settings) (files int) {
	t.Helper()
	p, in := inputOf(t, scores)
	data, err := p.content()
	require.NoError(t, err)
	var answers []answer
	require.NoError(t, json.Unmarshal(node(t, harness, map[string]any{"page": json.RawMessage(data), "settings": all}), &answers))
	require.Len(t, answers, len(all))
	chosen := 0
	for i, s := range all {
		got := answers[i]
		selector := s.selector(t)
		layers := results.Layers(in.candidates)
		for _, l := range scores.Unranked() {
			if selector.IsForced(l.Name, l.Type) {
				layers = append(layers, l)
			}
		}
		want, err := selector.Select(layers)
		if err != nil {
			assert.NotEmpty(t, got.Error, "%+v: %v", s, err)
			continue
		}
		require.Empty(t, got.Error, "%+v", s)
		var groups [][]string
		var tied []string
		for _, g := range want.Groups {
			list := []string{}
			for _, l := range g.Chosen {
				list = append(list, l.Name)
			}
			groups = append(groups, list)
			if g.DecidedByTie {
				tied = append(tied, g.Type)
			}
			chosen += len(list)
		}
		require.Equal(t, groups, got.Groups, "%+v", s)
		require.ElementsMatch(t, tied, got.Ties, "%+v", s)
		require.Equal(t, want.Params(), got.Params, "%+v", s)
		require.Equal(t, want.Rule, got.Rule)
		for _, f := range []emit.Format{emit.Names, emit.Axolotl, emit.Python, emit.MSSwift} {
			made, err := emit.Make(f, want, emit.Training{Model: in.Model})
			text, there := got.Files[string(f)]
			if err != nil {
				require.False(t, there, "%s, %+v: %v", f, s, err)
				continue
			}
			require.True(t, there || len(want.Layers()) == 0, "%s, %+v", f, s)
			require.Equal(t, made.Text, text, "%s, %+v", f, s)
			files++
		}
	}
	assert.Positive(t, chosen)
	return files
}

// ties is a model whose scores are few, with infinite and missing ones among them.
func ties(t *testing.T) *results.Scores {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	r := new(results.Result)
	scores := []float64{0, 1, 1, 2, 3, math.Inf(1), math.NaN()}
	for block := range 13 {
		for _, typ := range []string{"self_attn.q_proj", "mlp.up_proj", "mlp.down_proj"} {
			row := results.Row{Name: fmt.Sprintf("model.layers.%d.%s.weight", block, typ), Type: typ, Rows: 8, Cols: 16, Params: 128, Ranked: true}
			row.SNR = results.Number(scores[rnd.IntN(len(scores))])
			r.Rows = append(r.Rows, row)
		}
	}
	r.Rows = append(r.Rows, results.Row{Name: "it's.weight", Type: "it's", Rows: 2, Cols: 2, Params: 4, Ranked: true, SNR: 1})
	r.Skipped = []results.Skipped{{Name: "model.layers.0.norm.weight", DType: "F32", Shape: []int64{8}}}
	return r.Scores()
}

// fused is a model whose experts are rows, and one parameter for each block.
func fused(t *testing.T) *results.Scores {
	t.Helper()
	rnd := rand.New(rand.NewPCG(3, 4))
	r := new(results.Result)
	for block := range 9 {
		for _, role := range []string{"up_proj", "down_proj"} {
			for e := range 5 {
				r.Rows = append(r.Rows, results.Row{
					Name: fmt.Sprintf("model.layers.%d.mlp.experts.%d.%s.weight", block, e, role), Type: "mlp.experts.*." + role,
					Parameter: fmt.Sprintf("model.layers.%d.mlp.experts.%s", block, role),
					Rows:      8, Cols: 16, Params: 128, Ranked: true, SNR: results.Number(rnd.IntN(9)),
				})
			}
		}
	}
	return r.Scores()
}
