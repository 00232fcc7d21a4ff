package results

import (
	"bytes"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
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

func FuzzRead(f *testing.F) {
	var native bytes.Buffer
	require.NoError(f, sample().WriteJSON(&native))
	f.Add(native.Bytes())
	f.Add([]byte(`{"layers": [{"name": "a", "type": "t", "snr": null, "ranked": true, "singular_values": [1, 2]}], "skipped": [{}]}`))
	f.Add([]byte("{\n    \"a.0.q\": {\n        \"snr\": 1.5,\n        \"type\": \"q\"\n    },\n    \"b\": {\"snr\": -Infinity, \"type\": \"\"}\n}\r\n"))
	f.Add([]byte(`{"q": {"a.1.q": Infinity, "a.0.q": 1e-7, "a.2.q": NaN}, "k\ud83d\ude00": {"x": -0.0}}`))
	f.Add([]byte("\r\n"))
	f.Add([]byte(`{"a": {"a": {"a": [[[{}]]]}}, "a": 1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		res, err := Read(bytes.NewReader(data), "fuzz")
		runtime.ReadMemStats(&after)
		// All that was allocated, garbage included; other goroutines of the
		// fuzzing engine account for part of the constant.
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+256*len(data)); got > limit {
			t.Fatalf("%d bytes allocated for an input of %d", got, len(data))
		}
		if err != nil {
			require.Nil(t, res)
			return
		}
		if res.Schema == SchemaNative {
			checkNative(t, res)
		} else {
			checkReference(t, res)
		}
	})
}

// checkNative writes a file of ours and expects to read the same.
func checkNative(t *testing.T, res *Results) {
	var first bytes.Buffer
	require.NoError(t, res.File.WriteJSON(&first))
	back, err := Read(bytes.NewReader(first.Bytes()), "back")
	require.NoError(t, err)
	requireSameJSON(t, res.File, back.File)
	require.True(t, equalRows(res.Layers(), back.Layers()))
}

// checkReference exports a file of the reference in both schemas and expects
// to read the same layers, the sorted ones in sorted order.
func checkReference(t *testing.T, res *Results) {
	rows, err := res.ReferenceRows(V1)
	require.NoError(t, err)
	back, err := Read(bytes.NewReader([]byte(plain(t, rows))), "plain")
	require.NoError(t, err)
	require.Equal(t, SchemaPlain, back.Schema)
	require.True(t, equalRows(rows, back.Layers()))

	var want []spectrum.Layer
	for _, g := range groupByType(rows) {
		slices.SortStableFunc(g, bySNR)
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
