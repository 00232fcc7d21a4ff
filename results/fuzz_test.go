package results

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/selection"
)

// equalRows compares rows, NaN being equal to NaN.
func equalRows(a, b []spectrum.Layer) bool {
	return slices.EqualFunc(a, b, func(x, y spectrum.Layer) bool {
		if x.SNR != x.SNR && y.SNR != y.SNR {
			x.SNR, y.SNR = 0, 0
		}
		return x == y
	})
}

// allocFactor bounds what reading allocates, garbage included, in multiples of
// the input. The worst input is a list of skipped tensors without any field.
const allocFactor = 200

// readCounting reads data and counts the bytes allocated meanwhile.
func readCounting(data []byte) (*Scores, uint64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res, err := Read(bytes.NewReader(data), "input")
	runtime.ReadMemStats(&after)
	return res, after.TotalAlloc - before.TotalAlloc, err
}

func TestReadAllocation(t *testing.T) {
	const n = 1 << 15
	list := func(item string) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	numbered := func(format string) string {
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf(format, i))
		}
		return strings.Join(items, ",")
	}
	for name, text := range map[string]string{
		"skipped":  `{"layers": [], "skipped": [` + list("{}") + `]}`,
		"files":    `{"layers": [], "provenance": {"files": [` + list("{}") + `]}}`,
		"patterns": `{"layers": [], "provenance": {"options": {"include": [` + list(`""`) + `]}}}`,
		"values":   `{"layers": [{"name": "a", "type": "", "snr": 1, "ranked": true, "singular_values": [` + list("0") + `]}]}`,
		"layers":   `{"layers": [` + numbered(`{"name":"%d","type":"","snr":1,"ranked":true}`) + `]}`,
		"unknown":  `{"layers": [], "x": [` + list(`{"":0}`) + `], "y": [` + list(`[]`) + `]}`,
		"plain":    `{` + numbered(`"%d":{"snr":1,"type":""}`) + `}`,
		"sorted":   `{"":{` + numbered(`"%d":1`) + `}}`,
		"types":    `{` + numbered(`"%[1]d":{"%[1]d":1}`) + `}`,
		"escapes":  `{"` + strings.Repeat(`\n`, n) + `":{"a":1}}`,
	} {
		_, allocated, err := readCounting([]byte(text))
		require.NoError(t, err, name)
		t.Logf("%s: %.0f times the input", name, float64(allocated)/float64(len(text)))
		require.Less(t, allocated, uint64(allocFactor*len(text)), name)
	}
}

func FuzzRead(f *testing.F) {
	var native bytes.Buffer
	small := sample()
	small.Rows = small.Rows[:1]
	require.NoError(f, small.WriteJSON(&native))
	f.Add(native.Bytes())
	f.Add([]byte(`{"layers": [{"name": "a", "type": "t", "snr": null, "ranked": true, "spectrum_sketch": [2, 1e-3], "singular_values": [1, 2]}], "skipped": [{}]}`))
	f.Add([]byte("{\n    \"a.0.q\": {\n        \"snr\": 1.5,\n        \"type\": \"q\"\n    },\n    \"b\": {\"snr\": -Infinity, \"type\": \"\"}\n}\r\n"))
	f.Add([]byte(`{"q": {"a.1.q": Infinity, "a.0.q": 1e-7, "a.2.q": NaN}, "k\ud83d\ude00": {"x": -0.0}}`))
	f.Add([]byte("\r\n"))
	f.Add([]byte(`{"journal":1,"matrices":3,"provenance":{"tool":"spectrum","files":[{"name":"w","size":9}]}}
{"name":"b.1.q","type":"q","snr":1.5,"ranked":true}
{"name":"b.0.q","type":"q","snr":null,"ranked":true,"error":"NaN"}
{"name":"b.0.q","type":"q","snr":"Infinity","ranked":true}
{"name":"cut`))
	f.Add([]byte(`{"a": {"a": {"a": [[[{}]]]}}, "a": 1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		res, allocated, err := readCounting(data)
		// The constant is for the other goroutines of the fuzzing engine.
		if limit := uint64(1<<20 + allocFactor*len(data)); allocated > limit {
			t.Fatalf("%d bytes allocated for an input of %d", allocated, len(data))
		}
		if err != nil {
			require.Nil(t, res)
			return
		}
		checkRead(t, res)
	})
}

// checkRead holds what was read to what it promises, whatever the file says.
func checkRead(t *testing.T, res *Scores) {
	if res.Schema == SchemaNative {
		checkNative(t, res)
	} else {
		checkReference(t, res)
	}
	for _, experts := range []Experts{ExpertsFused, ExpertsSingle} {
		for _, c := range res.Candidates(experts) {
			require.NotEmpty(t, c.Name)
		}
	}
	if _, err := Compare(res, res, 25); err != nil {
		require.ErrorIs(t, err, spectrum.ErrOption)
	}
}

// checkNative writes a file of ours and expects to read the same.
func checkNative(t *testing.T, res *Scores) {
	var first bytes.Buffer
	require.NoError(t, res.Result.WriteJSON(&first))
	back, err := Read(bytes.NewReader(first.Bytes()), "back")
	require.NoError(t, err)
	requireSameJSON(t, res.Result, back.Result)
	require.True(t, equalRows(res.Layers(), back.Layers()))
}

// checkReference exports a file of the reference in both schemas and expects
// to read the same layers, the sorted ones in sorted order.
func checkReference(t *testing.T, res *Scores) {
	rows, err := res.ReferenceRows(ConventionV1)
	require.NoError(t, err)
	back, err := Read(bytes.NewReader([]byte(plain(t, rows))), "plain")
	require.NoError(t, err)
	require.Equal(t, SchemaPlain, back.Schema)
	require.True(t, equalRows(rows, back.Layers()))

	var want []spectrum.Layer
	for _, g := range groupByType(rows) {
		slices.SortStableFunc(g, selection.BySNR)
		want = append(want, g...)
	}
	text := sorted(t, rows)
	if slices.ContainsFunc(rows, func(l spectrum.Layer) bool { return l.Name == "snr" || l.Name == "type" }) {
		return // a module of that name can make a sorted file look plain
	}
	back, err = Read(bytes.NewReader([]byte(text)), "sorted")
	require.NoError(t, err)
	require.Equal(t, SchemaSorted, back.Schema)
	require.True(t, equalRows(want, back.Layers()))
	require.Equal(t, text, sorted(t, back.Layers()))
}
