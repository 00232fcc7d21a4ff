package safetensors

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// seeds are files that have broken readers, besides those of malformed.
func seeds() [][]byte {
	list := func(n int, item func(i int) string) string {
		items := make([]string, n)
		for i := range items {
			items[i] = item(i)
		}
		return strings.Join(items, ",")
	}
	good := "{" + entry("a.weight", "BF16", "[2,3]", 0, 12) + "," + entry("b", "F4", "[2]", 12, 13) + "}"
	return [][]byte{
		file(good, 13),
		file(`{"__metadata__":{"format":"pt"},`+good[1:]+"   ", 13),
		binary.LittleEndian.AppendUint64(nil, MaxHeader),
		file("{"+list(200, func(i int) string { return entry(fmt.Sprint(i), "", "[]", 0, 0) })+"}", 0),
		file("{"+entry("x", "U8", "["+list(500, func(int) string { return "1" })+"]", 0, 1)+"}", 1),
		file("{"+entry("x", "U8", "["+list(500, func(int) string { return "9223372036854775807" })+"]", 0, 0)+"}", 0),
		file(`{"__metadata__":{`+list(500, func(i int) string { return fmt.Sprintf(`"%d":""`, i) })+"}}", 0),
		file(`{"`+strings.Repeat(`\ud83d\ude00`, 500)+`":0}`, 0),
		file(`{"x":{"dtype":"`+strings.Repeat("U", 500)+`","shape":[],"data_offsets":[0,0]}}`, 0),
	}
}

func FuzzHeader(f *testing.F) {
	for _, b := range seeds() {
		f.Add(b)
	}
	for _, b := range malformed() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h, err := read(b)
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, 64*uint64(len(b))+1<<20; got > limit {
			t.Errorf("allocated %d bytes for a file of %d", got, len(b))
		}
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			return
		}
		checkHeader(t, h, int64(len(b)))
	})
}

// checkHeader holds an accepted header against what ReadHeader promises.
func checkHeader(t *testing.T, h *Header, size int64) {
	at := h.Start
	names := map[string]bool{metadataKey: true}
	for _, x := range h.Tensors {
		require.False(t, names[x.Name], "name twice: %q", x.Name)
		names[x.Name] = true
		require.Equal(t, at, x.Offset, x.Name)
		at += x.Size
		n, ok := Elements(x.Shape)
		require.True(t, ok, x.Name)
		if width := Bits(x.DType); width > 0 {
			require.Equal(t, 8*x.Size, n*int64(width), x.Name)
		}
	}
	require.Equal(t, size, at)
}

// TestMemory repeats the fuzz target's bound on files large enough to show
// what one entry costs.
func TestMemory(t *testing.T) {
	var small, dims, meta, keys strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&small, `,"%d":{"dtype":"","shape":[],"data_offsets":[0,0]}`, i)
		dims.WriteString(",1")
		fmt.Fprintf(&meta, `,"%x":""`, i)
		fmt.Fprintf(&keys, `,"%x":0`, i)
	}
	for name, text := range map[string]string{
		"entries":  "{" + small.String()[1:] + "}",
		"shape":    "{" + entry("x", "", "["+dims.String()[1:]+"]", 0, 0) + "}",
		"metadata": `{"__metadata__":{` + meta.String()[1:] + "}}",
		"keys":     "{" + keys.String()[1:] + "}",
	} {
		b := file(text, 0)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h, err := read(b)
		runtime.ReadMemStats(&after)
		got := (after.TotalAlloc - before.TotalAlloc) / uint64(len(b))
		require.LessOrEqual(t, got, uint64(32), "%s: bytes allocated per byte of the file", name)
		if name == "keys" {
			require.ErrorContains(t, err, "want an object")
			continue
		}
		require.NoError(t, err, name)
		checkHeader(t, h, int64(len(b)))
	}
}
