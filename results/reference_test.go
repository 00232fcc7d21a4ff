package results

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
)

func plain(t *testing.T, rows []spectrum.Layer) string {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, WriteReference(&buf, rows))
	return buf.String()
}

func sorted(t *testing.T, rows []spectrum.Layer) string {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, WriteReferenceSorted(&buf, rows))
	return buf.String()
}

func TestWriteReference(t *testing.T) {
	rows := []spectrum.Layer{
		{Name: "a.0.q", Type: "q", SNR: 1.5, Params: 9},
		{Name: "b\"\\é😀\n\x7f", Type: "k", SNR: math.NaN()},
		{Name: "a.1.q", Type: "q", SNR: math.Inf(1)},
		{Name: "a.2.q", Type: "q", SNR: 1.5},
		{Name: "c", Type: "k", SNR: 0},
		{Name: "d", Type: "k", SNR: -1},
	}
	want := `{
    "a.0.q": {
        "snr": 1.5,
        "type": "q"
    },
    "b\"\\\u00e9\ud83d\ude00\n\u007f": {
        "snr": NaN,
        "type": "k"
    },
    "a.1.q": {
        "snr": Infinity,
        "type": "q"
    },
    "a.2.q": {
        "snr": 1.5,
        "type": "q"
    },
    "c": {
        "snr": 0.0,
        "type": "k"
    },
    "d": {
        "snr": -1.0,
        "type": "k"
    }
}`
	require.Equal(t, want, plain(t, rows))
	want = `{
    "q": {
        "a.1.q": Infinity,
        "a.0.q": 1.5,
        "a.2.q": 1.5
    },
    "k": {
        "c": 0.0,
        "d": -1.0,
        "b\"\\\u00e9\ud83d\ude00\n\u007f": NaN
    }
}`
	require.Equal(t, want, sorted(t, rows))
	require.Equal(t, "{}", plain(t, nil))
	require.Equal(t, "{}", sorted(t, nil))
	twice := []spectrum.Layer{{Name: "a", Type: "t"}, {Name: "a", Type: "u"}}
	require.ErrorIs(t, WriteReference(new(bytes.Buffer), twice), ErrFormat)
	require.ErrorIs(t, WriteReferenceSorted(new(bytes.Buffer), twice), ErrFormat)
}

// scored is a row whose reference score is snr.
func scored(name string, snr float64) Row {
	return Row{Name: name, SignalCount: 1, NoiseCount: 1, SignalSum: Number(snr), NoiseSum: 1, SMax: 1}
}

func TestReferenceRowsOrder(t *testing.T) {
	// Types, sorted: mlp.gate, mlp.gate_proj, mlp-x (its own group, first),
	// model.embed_tokens, norm. The scan of mlp.gate takes mlp.gate_proj too,
	// whose own scan then renames it in place; norm takes q_norm likewise.
	f := &Result{Rows: []Row{
		scored("model.embed_tokens.weight", 1),
		scored("model.layers.0.q_norm.weight", 2),
		scored("model.layers.0.mlp.gate_proj.weight", 3),
		scored("model.layers.0.mlp.gate.weight", 4),
		scored("model.layers.0.mlp-x.a.weight", 5),
		scored("model.layers.0.mlp.gate.bias", 6),
		scored("model.layers.1.mlp.gate_proj.weight", 7),
		scored("model.layers.1.mlp.gate.weight", 8),
		scored("model.norm.weight", 9),
		scored("model.layers.0.norm.weight", 10),
	}}
	rows, err := ReferenceRows(f, ConventionV1)
	require.NoError(t, err)
	require.Equal(t, []spectrum.Layer{
		{Name: "model.layers.0.mlp.gate_proj", Type: "mlp.gate_proj", SNR: 3},
		{Name: "model.layers.0.mlp.gate", Type: "mlp.gate", SNR: 4},
		{Name: "model.layers.1.mlp.gate_proj", Type: "mlp.gate_proj", SNR: 7},
		{Name: "model.layers.1.mlp.gate", Type: "mlp.gate", SNR: 8},
		{Name: "model.layers.0.mlp-x.a", Type: "mlp-x.a", SNR: 5},
		{Name: "model.embed_tokens", Type: "model.embed_tokens", SNR: 1},
		{Name: "model.norm", Type: "norm", SNR: 9},
		{Name: "model.layers.0.q_norm", Type: "q_norm", SNR: 2},
		{Name: "model.layers.0.norm", Type: "norm", SNR: 10},
	}, rows)
}

func TestReferenceRowsEmptyType(t *testing.T) {
	// A module whose name ends in a number has the empty type, which is in
	// every name: its scan comes first and fixes the order of all.
	f := &Result{Rows: []Row{scored("net.2.weight", 1), scored("head.weight", 2), scored("net.0.weight", 3)}}
	rows, err := ReferenceRows(f, ConventionV0)
	require.NoError(t, err)
	require.Equal(t, []spectrum.Layer{
		{Name: "net.2", SNR: 1}, {Name: "head", Type: "head", SNR: 2}, {Name: "net.0", SNR: 3},
	}, rows)
}

func TestReferenceScores(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	failed := scored("x", 1)
	failed.Error = errWrite.Error()
	for _, c := range []struct {
		name   string
		layer  Row
		v0, v1 float64
	}{
		{"general", Row{SNR: 99, SignalCount: 2, NoiseCount: 3, SignalSum: 3, NoiseSum: 10, SMax: 2}, float64(float32(0.15)), float64(float32(0.15))},
		{"no noise", Row{SignalCount: 4, SignalSum: 10, SMax: 4}, inf, 2.5},
		{"vector", Row{Rows: 1, Cols: 8, SignalCount: 1, SignalSum: 3, SMax: 3}, inf, 1},
		{"no signal", Row{NoiseCount: 4, NoiseSum: 10, SMax: 4}, 0, 0},
		{"zero noise sum", Row{SignalCount: 2, NoiseCount: 2, SignalSum: 5, SMax: 4}, inf, inf},
		{"all zero", Row{NoiseCount: 4, Zero: true}, inf, inf},
		{"failed", failed, nan, nan},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.layer.Name = "m.weight"
			for conv, want := range map[Convention]float64{ConventionV0: c.v0, ConventionV1: c.v1} {
				rows, err := ReferenceRows(&Result{Rows: []Row{c.layer}}, conv)
				require.NoError(t, err)
				require.Len(t, rows, 1)
				got := rows[0].SNR
				assert.True(t, got == want || math.IsNaN(got) && math.IsNaN(want), "%v: %v, want %v", conv, got, want)
			}
		})
	}
}

func TestReferenceRowsSkipped(t *testing.T) {
	f := &Result{
		Rows: []Row{scored("lm_head.weight", 1)},
		Skipped: []Skipped{
			{Name: "m.0.conv.weight", Shape: []int64{4, 1, 3}},
			{Name: "m.0.weight_ih", Shape: []int64{4, 1, 3}},
			{Name: "m.0.norm.weight", Shape: []int64{4}},
		},
	}
	rows, err := ReferenceRows(f, ConventionV0)
	require.NoError(t, err)
	require.Len(t, rows, 1, "v0 crashed on 3-D weights")
	rows, err = ReferenceRows(f, ConventionV1)
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, "m.0.conv", rows[0].Name)
	require.Equal(t, "conv", rows[0].Type)
	require.True(t, math.IsNaN(rows[0].SNR))
	require.Equal(t, "lm_head", rows[1].Name)
}

func TestReferenceRowsErrors(t *testing.T) {
	f := sample()
	f.Provenance.Settings.Noise = "calibrated"
	_, err := f.Scores().ReferenceRows(ConventionV0)
	require.ErrorIs(t, err, ErrConvention)
	_, err = ReferenceRows(sample(), Convention(7))
	require.ErrorIs(t, err, spectrum.ErrOption)
	_, err = ParseConvention("v2")
	require.ErrorIs(t, err, spectrum.ErrOption)
	for _, c := range []Convention{ConventionV0, ConventionV1} {
		got, err := ParseConvention(c.String())
		require.NoError(t, err)
		require.Equal(t, c, got)
	}
}

func TestAppendRepr(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0.0", math.Copysign(0, -1): "-0.0", 1: "1.0", -2.5: "-2.5", 100: "100.0",
		1e-4: "0.0001", 9.9e-5: "9.9e-05", 1e15: "1000000000000000.0", 9007199254740993: "9007199254740992.0",
		1e16: "1e+16", 1.25e17: "1.25e+17", 1e100: "1e+100", 5e-324: "5e-324", 1234.5: "1234.5",
		float64(float32(0.1)): "0.10000000149011612", math.MaxFloat64: "1.7976931348623157e+308",
		0.00012345: "0.00012345", 123456789012345.6: "123456789012345.6",
		math.Inf(1): "Infinity", math.Inf(-1): "-Infinity",
	} {
		require.Equal(t, want, string(appendRepr(nil, x)))
	}
	require.Equal(t, "NaN", string(appendRepr(nil, math.NaN())))
}

// pythonLines runs a Python script on input and returns the lines it prints.
func pythonLines(t *testing.T, script string, input []byte) []string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 not found")
	}
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("python3 does not run: %v", err)
	}
	return strings.Split(strings.TrimRight(string(out), "\n"), "\n")
}

func TestAppendReprPython(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var input []byte
	var values []float64
	add := func(f float32) {
		input = binary.LittleEndian.AppendUint32(input, math.Float32bits(f))
		values = append(values, float64(f))
	}
	for range 5000 {
		bits := rng.Uint32()
		if bits&0x7fffff != 0 && bits>>23&0xff == 0xff {
			bits &^= 0x7fffff // one kind of NaN is enough
		}
		add(math.Float32frombits(bits))
		add(float32(math.Exp(rng.NormFloat64() * 15)))
		add(float32(math.Round(math.Exp(rng.Float64() * 40))))
	}
	add(float32(math.NaN()))
	lines := pythonLines(t, "import json,struct,sys\n"+
		"for (f,) in struct.iter_unpack('<f', sys.stdin.buffer.read()): print(json.dumps(f))", input)
	require.Len(t, lines, len(values))
	for i, x := range values {
		require.Equal(t, lines[i], string(appendRepr(nil, x)))
	}
}

func TestAppendASCIIPython(t *testing.T) {
	var all strings.Builder
	for r := rune(0); r < 0x3000; r++ {
		all.WriteRune(r)
	}
	all.WriteString("\ufeff\uffff\U00010000\U0010ffff😀")
	lines := pythonLines(t, "import json,sys\nprint(json.dumps(sys.stdin.buffer.read().decode()))", []byte(all.String()))
	require.Equal(t, lines[0], string(appendASCII(nil, all.String())))
}
