package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/results"
)

func written(t *testing.T, list ...*results.Scores) string {
	t.Helper()
	var inputs []Input
	for _, s := range list {
		inputs = append(inputs, Input{File: "r.json", Scores: s})
	}
	var b bytes.Buffer
	require.NoError(t, Write(&b, inputs, Options{Percent: 25}))
	return b.String()
}

func TestWriteRefuses(t *testing.T) {
	s := ties(t)
	var b bytes.Buffer
	for _, list := range [][]Input{nil, {{}}, {{Scores: s}, {Scores: s}, {Scores: s}}} {
		assert.ErrorIs(t, Write(&b, list, Options{}), ErrInput)
	}
	assert.ErrorIs(t, Write(nil, []Input{{Scores: s}}, Options{}), ErrInput)
	for _, p := range []float64{-1, 101, math.NaN()} {
		assert.ErrorIs(t, Write(&b, []Input{{Scores: s}}, Options{Percent: p}), spectrum.ErrOption)
	}
	assert.Zero(t, b.Len())
}

// The same results give the same bytes, of whatever order maps are walked in.
func TestDeterministic(t *testing.T) {
	s := demonstration(t)
	first := written(t, s, fused(t))
	for range 3 {
		require.Equal(t, first, written(t, s, fused(t)))
	}
}

// The policy of the page admits its own script and style and nothing else, and there is no
// other script, style, handler or address in it.
func TestSelfContained(t *testing.T) {
	text := written(t, demonstration(t))
	policy := regexp.MustCompile(`content="(default-src[^"]+)"`).FindStringSubmatch(text)
	require.NotNil(t, policy)
	rule := html.UnescapeString(policy[1])
	assert.True(t, strings.HasPrefix(rule, "default-src 'none'; script-src 'sha256-"), rule)
	assert.NotContains(t, rule, "unsafe")
	for _, n := range elements(t, text) {
		switch {
		case n.name == "script" && n.attributes["type"] == "":
			assert.Contains(t, rule, "script-src "+hash(n.content))
		case n.name == "style":
			assert.Contains(t, rule, "style-src "+hash(n.content))
		}
		for a := range n.attributes {
			assert.False(t, strings.HasPrefix(a, "on") || a == "src" || a == "style", "%s of %s", a, n.name)
		}
	}
	assert.NotRegexp(t, `(?:src|href)\s*=\s*"https?:`, text)
}

// element is one of a page's.
type element struct {
	name, content string // of a script or a style
	attributes    map[string]string
}

var (
	tag       = regexp.MustCompile(`(?s)<([a-zA-Z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>`)
	attribute = regexp.MustCompile(`(?s)([^\s"'=/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+)))?`)
)

// elements lists what begins in a page, as a browser finds it.
func elements(t *testing.T, text string) (list []element) {
	t.Helper()
	for {
		m := tag.FindStringSubmatchIndex(text)
		if m == nil {
			return list
		}
		e := element{name: strings.ToLower(text[m[2]:m[3]]), attributes: make(map[string]string)}
		for _, a := range attribute.FindAllStringSubmatch(text[m[4]:m[5]], -1) {
			e.attributes[strings.ToLower(a[1])] = html.UnescapeString(a[2] + a[3] + a[4])
		}
		text = text[m[1]:]
		if e.name == "script" || e.name == "style" {
			end := strings.Index(strings.ToLower(text), "</"+e.name)
			require.NotEqual(t, -1, end)
			e.content, text = text[:end], text[end:]
		}
		list = append(list, e)
	}
}

// hostileNames are what strangers may call tensors.
func hostileNames() []string {
	return []string{
		`</script><script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `"><svg onload=alert(1)>`, `'-alert(1)-'`,
		"a\u2028b\u2029c", "&lt;b&gt;&amp;", `\u003c/script>`, "<!--<script>", "]]>", "{{.}}", "${alert(1)}", "`", "a\x00b", "\u202egnp", "\x1b[31m", "a\nb\r\n",
		"__proto__", "constructor", "'; rm -rf / #",
	}
}

// hostileResult has hostile text wherever a result has text.
func hostileResult() *results.Scores {
	r := new(results.Result)
	for i, name := range hostileNames() {
		row := results.Row{
			Name: "model.layers." + fmt.Sprint(i) + "." + name, Type: name, DType: name, Rows: 4, Cols: 4, Params: 16, SNR: results.Number(i), Ranked: true,
			SMax: 1, Threshold: .5, SpectrumSketch: []float64{1, .5, .25, 0},
		}
		r.Rows = append(r.Rows, row)
		bare := results.Row{Name: name, Type: name, Ranked: i%2 == 0, TiedTo: name, Absent: name, SNR: 1}
		if i%3 == 0 {
			bare.Error = name
		}
		r.Rows = append(r.Rows, bare)
		r.Skipped = append(r.Skipped, results.Skipped{Name: "skipped." + name, Shape: []int64{2}})
		r.Provenance.Model, r.Provenance.Version, r.Provenance.Settings.Noise = name, name, name
	}
	return r.Scores()
}

// No name becomes markup or script: the elements of the page are those of a harmless one.
func TestHostileNames(t *testing.T) {
	var b bytes.Buffer
	all := hostileResult()
	require.NoError(t, Write(&b, []Input{{File: `</script>'".json`, Scores: all}, {Scores: all}}, Options{Percent: 50}))
	var names []string
	for _, n := range elements(t, b.String()) {
		names = append(names, n.name)
		for a := range n.attributes {
			assert.False(t, strings.HasPrefix(a, "on"), a)
		}
	}
	var harmless bytes.Buffer
	rename := strings.NewReplacer("<", "(", ">", ")", `"`, "", "'", "")
	for i := range all.Result.Rows {
		r := &all.Result.Rows[i]
		r.Name, r.Type, r.DType, r.TiedTo, r.Absent, r.Error = rename.Replace(r.Name), rename.Replace(r.Type), rename.Replace(r.DType), rename.Replace(r.TiedTo), rename.Replace(r.Absent), rename.Replace(r.Error)
	}
	require.NoError(t, Write(&harmless, []Input{{Scores: all}, {Scores: all}}, Options{Percent: 50}))
	var same []string
	for _, n := range elements(t, harmless.String()) {
		same = append(same, n.name)
	}
	assert.Equal(t, same, names)

	_, data, ok := strings.Cut(b.String(), `id="data">`)
	require.True(t, ok)
	data, _, _ = strings.Cut(data, "</script>")
	assert.NotRegexp(t, "[<>&\u2028\u2029]", data)
	var back content
	require.NoError(t, json.Unmarshal([]byte(data), &back))
	assert.Len(t, back.Models, 2)
}

// The page's code finds the same names as the result, whatever they are.
func TestHostileNamesAreFound(t *testing.T) {
	chooses(t, hostileResult(), []settings{
		{Percent: 50, Scope: "type", Include: []string{}, Exclude: []string{}}, {Percent: 50, Scope: "block", Include: []string{}, Exclude: []string{"*script*"}},
		{Percent: 100, Scope: "global", Include: []string{`*\{\{*`}, Exclude: []string{}},
	})
}

// synthetic is a result of some blocks, each of some types, with spectra such as trained
// models have.
func synthetic(blocks int, types []string) *results.Scores {
	rnd := rand.New(rand.NewPCG(7, 8))
	r := new(results.Result)
	r.Provenance.Model, r.Provenance.Settings.Noise = "synthetic", "kn"
	const n = 4096
	ranks := results.SketchRanks(n)
	for block := range blocks {
		for _, typ := range types {
			row := results.Row{
				Name: fmt.Sprintf("model.layers.%d.%s.weight", block, typ), Type: typ, DType: "BF16", Rows: n, Cols: 14336, Params: n * 14336, Ranked: true,
				SHA256: strings.Repeat("0", 64), Backend: "native", Kernel: "avx512", Precision: "float32",
			}
			if strings.Contains(typ, "experts") {
				list := strings.SplitN(typ, ".", 4)
				row.Type = list[0] + "." + list[1] + ".*." + list[3]
			}
			for _, p := range []*results.Number{&row.SNR, &row.RatioSum, &row.Sigma, &row.Threshold, &row.StableRank, &row.EffectiveRank, &row.SNRError, &row.ValueError, &row.Fit, &row.FitLimit, &row.Seconds} {
				*p = results.Number(math.Exp(rnd.NormFloat64()))
			}
			row.SignalCount, row.Uncertain = int64(rnd.IntN(n)), int64(rnd.IntN(3))
			scale, power := 50*rnd.Float64()+1, .3+.4*rnd.Float64()
			list := make([]float64, len(ranks))
			for i, k := range ranks {
				list[i] = scale*math.Pow(float64(k+1), -power) + .5*(1-float64(k)/n)
			}
			row.SMax, row.SMin, row.SpectrumSketch = results.Number(list[0]), results.Number(list[len(list)-1]), list
			r.Rows = append(r.Rows, row)
		}
	}
	return r.Scores()
}

// typesOf are the names of so many modules in a block.
func typesOf(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("self_attn.some_long_name_%c_proj", 'a'+i))
	}
	return list
}

func expertsOf(n int) (list []string) {
	for e := range n {
		for _, role := range []string{"gate_proj", "up_proj", "down_proj"} {
			list = append(list, fmt.Sprintf("mlp.%s.%d.%s", "experts", e, role))
		}
	}
	return list
}

// A page of a model of 70 billion parameters has at most 1 MB, also with 2,000 layers; one of
// 45,000 experts at most 3 MB.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		name     string
		scores   *results.Scores
		most     int
		sketches int
	}{
		{"70B", synthetic(80, typesOf(7)), 1_000_000, 560},
		{"2000 layers", synthetic(80, typesOf(25)), 1_000_000, 2000},
		{"45000 experts", synthetic(60, expertsOf(250)), 3_000_000, 1000},
	} {
		started := time.Now()
		p, _ := inputOf(t, c.scores)
		text, err := p.render()
		require.NoError(t, err)
		t.Logf("%s: %d layers, %d bytes, %.1f s", c.name, len(c.scores.Result.Rows), len(text), time.Since(started).Seconds())
		assert.LessOrEqual(t, len(text), c.most, c.name)
		assert.Len(t, p.models[0].Sketches, c.sketches)
	}
}

// What the page draws is what the result has: numbers to the digits that are shown, points to
// four, and the law to the digits of its closed form.
func TestPageReads(t *testing.T) {
	s := synthetic(3, typesOf(4))
	s.Result.Rows[1].SNR, s.Result.Rows[1].Sigma, s.Result.Rows[2].SpectrumSketch[511] = results.Number(math.Inf(1)), 0, 0
	s.Result.Rows[3].Error = "no"
	p, _ := inputOf(t, s)
	data, err := p.content()
	require.NoError(t, err)
	var got struct {
		SNR      []any
		Signal   []int64
		Names    []string
		Spectrum [][]struct {
			Rank  int
			Value float64
		}
		Law [][]float64
	}
	require.NoError(t, json.Unmarshal(node(t, `
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const m = decode(input.models[0], input.weight), all = [...Array(m.rows).keys()];
console.log(JSON.stringify({
  SNR: [...m.cols.snr].map((v) => Number.isFinite(v) ? v : String(v)), Signal: [...m.cols.signal_count], Names: all.map((i) => rowName(m, i)),
  Spectrum: all.map((i) => spectrum(m, i)),
  Law: [0, 10, 500].map((k) => { const l = law(1000, 3000, k, 0.02); return [l.low, l.high, l.density(0.9), l.density(5)]; }),
}));`, json.RawMessage(data)), &got))
	for i, row := range s.Result.Rows {
		require.Equal(t, row.Name, got.Names[i])
		switch {
		case row.Error != "":
			require.Equal(t, "NaN", got.SNR[i])
			require.Nil(t, got.Spectrum[i])
			continue
		case math.IsInf(float64(row.SNR), 1):
			require.Equal(t, "Infinity", got.SNR[i])
		default:
			require.InEpsilon(t, float64(row.SNR), got.SNR[i], 2e-6)
		}
		require.Equal(t, row.SignalCount, got.Signal[i])
		require.Len(t, got.Spectrum[i], 512)
		for j, k := range results.SketchRanks(4096) {
			require.Equal(t, k+1, got.Spectrum[i][j].Rank)
			require.InDelta(t, row.SpectrumSketch[j], got.Spectrum[i][j].Value, 3e-4*row.SpectrumSketch[j])
		}
	}
	for i, k := range []int{0, 10, 500} {
		a := spectrum.Analysis{Rows: 1000, Cols: 3000, SignalCount: k, NoiseCount: 1000 - k, Sigma: .02, Noise: spectrum.NoiseKritchmanNadler}
		low, high := a.Law().Support()
		require.InEpsilonSlice(t, []float64{low, high, a.Law().Prob(.9)}, got.Law[i][:3], 1e-12)
		require.Zero(t, got.Law[i][3])
	}
}

// Every candidate has its rows, of each schema, and what is chosen is so in the tables.
func TestRowsHaveTheirCandidates(t *testing.T) {
	reference, err := results.Read(strings.NewReader(`{"model.layers.0.mlp.up_proj": {"snr": 1, "type": "mlp.up_proj"},
		"model.layers.1.mlp.up_proj": {"snr": 2, "type": "mlp.up_proj"}, "lm_head": {"snr": Infinity, "type": "lm_head"}}`), "x")
	require.NoError(t, err)
	for _, s := range []*results.Scores{reference, fused(t), ties(t)} {
		var b bytes.Buffer
		require.NoError(t, Write(&b, []Input{{Scores: s}}, Options{Percent: 50}))
		p, in := inputOf(t, s)
		data, err := p.content()
		require.NoError(t, err)
		var got []string
		require.NoError(t, json.Unmarshal(node(t, `
const input = JSON.parse(require("fs").readFileSync(0, "utf8")), m = decode(input.models[0], input.weight);
console.log(JSON.stringify([...Array(m.ranked).keys()].flatMap((c) => m.rowsOf[c].map((r) => candidateName(m, c) + " " + rowName(m, r)))));`, json.RawMessage(data)), &got))
		var want []string
		for _, c := range in.candidates {
			for _, r := range c.Rows {
				want = append(want, c.Name+" "+r)
			}
		}
		require.Equal(t, want, got)
		assert.Contains(t, b.String(), "<td>chosen")
		assert.Regexp(t, `<td>1 of \d+<`, b.String())
	}
}

// A result read back has what cannot be drawn left out.
func TestPointsAreChecked(t *testing.T) {
	for _, r := range []results.Row{
		{}, {Rows: 2, Cols: 9, SpectrumSketch: []float64{1}}, {Rows: 2, Cols: 2, SpectrumSketch: []float64{1, 2}}, {Rows: 2, Cols: 2, SpectrumSketch: []float64{1, -1}},
		{Rows: 2, Cols: 2, SingularValues: []float64{1, 1, 1}}, {Rows: 1, Cols: 2, SpectrumSketch: []float64{math.NaN()}},
		{Rows: 1, Cols: 2, SpectrumSketch: []float64{1}, Error: "failed"}, {Rows: -1, Cols: 2, SpectrumSketch: []float64{1}},
	} {
		assert.Nil(t, points(&r), "%+v", r)
	}
	assert.Equal(t, []float64{2, 1}, points(&results.Row{Rows: 2, Cols: 9, SingularValues: []float64{2, 1}}))
}
