package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manyTensors is a file of n tensors of one element.
func manyTensors(n int, name string) []byte {
	var header strings.Builder
	for i := range n {
		fmt.Fprintf(&header, `%c"`+name+`":{"dtype":"F32","shape":[1,1],"data_offsets":[%d,%d]}`, "{,"[min(i, 1)], i, 4*i, 4*i+4)
	}
	header.WriteByte('}')
	file := binary.LittleEndian.AppendUint64(nil, uint64(header.Len()))
	return append(append(file, header.String()...), make([]byte, 4*n)...)
}

// TestManyTensors holds the memory that a tensor takes of which a file has very many: what
// is taken while the file is opened, and what the model keeps.
func TestManyTensors(t *testing.T) {
	const n = 50_000
	for _, name := range []string{"t.%d.w", "t.%d.weight"} {
		file := manyTensors(n, name)
		var before, opened, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		m, err := Opener{}.OpenReaderAt(t.Context(), bytes.NewReader(file), int64(len(file)), "many.safetensors")
		require.NoError(t, err)
		runtime.ReadMemStats(&opened)
		runtime.GC()
		runtime.ReadMemStats(&after)
		assert.Less(t, (opened.TotalAlloc-before.TotalAlloc)/n, uint64(600), "%s: bytes allocated for a tensor", name)
		assert.Less(t, (opened.Mallocs-before.Mallocs)/n, uint64(5), "%s: allocations for a tensor", name)
		assert.Less(t, (after.HeapAlloc-before.HeapAlloc)/n, uint64(90), "%s: bytes kept of a tensor", name)
		last, ok := m.Tensor(n - 1)
		require.True(t, ok)
		assert.Equal(t, Tensor{Name: fmt.Sprintf(name, n-1), DType: "F32", Shape: []int{1, 1}, File: "many.safetensors", Size: 4, Memory: 4}, last)
		_, ok = m.Tensor(n)
		assert.False(t, ok)
		_, err = m.Load(t.Context(), last, nil)
		assert.NoError(t, err)
		assert.Len(t, m.Tensors(), n)
	}
}

// TestListedKeepsEverything packs entries that differ in one thing each, and gets back
// what was packed.
func TestListedKeepsEverything(t *testing.T) {
	a, b := &storage{shape: []int64{2, 3}}, &storage{shape: []int64{2, 3}}
	plain := entry{Tensor: Tensor{Name: "a", Shape: []int{2, 3}, Memory: 24}, stored: stored{name: "a", storage: a}}
	entries := []entry{plain}
	for _, change := range []func(e *entry){
		func(e *entry) { e.Name, e.stored.name = "b", "b" },
		func(e *entry) { e.Name = "b" },
		func(e *entry) { e.offset = 7 },
		func(e *entry) { e.Skip, e.Memory = "no", 0 },
		func(e *entry) { e.Shape = []int{3, 2} },
		func(e *entry) { e.DType = "F16" },
		func(e *entry) { e.File = "f" },
		func(e *entry) { e.Stored = "s" },
		func(e *entry) { e.Whole = "w" },
		func(e *entry) { e.Size = 9 },
		func(e *entry) { e.Memory = 9 },
		func(e *entry) { e.storage = b },
		func(e *entry) { e.extra = true },
		func(e *entry) { e.out = "F32" },
		func(e *entry) { e.eight = true },
		func(e *entry) { e.mxfp4 = true },
		func(e *entry) { e.scales = new(scaleRef) },
		func(e *entry) { e.lengths = new(lengths) },
		func(e *entry) { e.pick = &pick{width: 3} },
		func(e *entry) { e.pick = &pick{width: 4} },
	} {
		e := plain
		change(&e)
		entries = append(entries, e, plain, e)
	}
	p := packer{shared: make(map[kind]*entry)}
	for i := range entries {
		kept := p.pack(&entries[i])
		assert.Equal(t, entries[i], kept.entry(), "%d", i)
	}
}

// TestLookup finds names and beginnings, and tells which tensor of a name was taken.
func TestLookup(t *testing.T) {
	var all []*stored
	for _, name := range []string{"m.b.weight", "m.a", "m.b", "m.a.very.long.name.2", "m.a.very.long.name.10", "m.a", "m.", "m.b\x00"} {
		all = append(all, &stored{name: name})
	}
	var twice []*stored
	l := newLookup(all, func(x, taken *stored) { twice = append(twice, x, taken) })
	assert.Equal(t, []*stored{all[5], all[1]}, twice)
	assert.Same(t, all[1], l.get("m.a"))
	assert.Equal(t, []string{"m.", "m.a", "m.a.very.long.name.10", "m.a.very.long.name.2", "m.b", "m.b\x00", "m.b.weight"}, l.names)
	assert.Nil(t, l.get("m"))
	assert.Equal(t, l.names[1:4], l.withPrefix("m.a"))
	assert.False(t, l.alone(1, "m.a"))
	assert.True(t, l.alone(6, "m.b.w"))
}

// An index keeps of a tensor its name, and little besides.
func TestIndexOfManyTensors(t *testing.T) {
	const n = 100_000
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `%s"t.%07d":"model-%05d-of-00004.safetensors"`, [...]string{`{"weight_map":{`, ","}[min(i, 1)], i, i/(n/4))
	}
	text := []byte(b.String() + "}}")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x, err := parseIndex(text)
	require.NoError(t, err)
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Len(t, x.files(), 4)
	file, listed := x.shard("t.0099999")
	require.True(t, listed)
	require.Equal(t, "model-00003-of-00004.safetensors", file)
	assert.Less(t, (int64(after.HeapAlloc)-int64(before.HeapAlloc))/n, int64(100), "bytes for a tensor")
	runtime.KeepAlive(x)
	runtime.KeepAlive(text)
}
