package torchfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestArchiveFolder takes one folder with everything in it, as PyTorch does.
func TestArchiveFolder(t *testing.T) {
	text, storage := write(pairsOf{"w", weightOf{2, 3}})+".", string(make([]byte, 4096))
	for want, b := range map[string][]byte{
		`"y/data.pkl" is outside of the archive's folder "x/"`: archived("x/data.pkl", text, "x/data/0", storage, "y/data.pkl", text, "y/data/0", storage),
		`"y/version" is outside`:                               archived("x/data.pkl", text, "x/data/0", storage, "y/version", "3"),
		`"note" is outside`:                                    archived("x/data.pkl", text, "x/data/0", storage, "note", "3"),
		`"data.pkl" is outside`:                                archived("data.pkl", text, "data/0", storage),
		"has no data.pkl":                                      archived("x/version", "3", "x/y/data.pkl", text),
	} {
		tensors, err := read(b)
		assert.ErrorIs(t, err, ErrFormat, want)
		assert.ErrorContains(t, err, want)
		assert.Empty(t, tensors)
	}
	_, err := read(archived("x/data.pkl", text, "x/constants.pkl", "."))
	assert.ErrorIs(t, err, ErrRefused)
	assert.ErrorContains(t, err, "a TorchScript archive")
}

// TestManyEntries bounds the memory that a directory takes: many entries, and
// one entry of little that is named many times.
func TestManyEntries(t *testing.T) {
	var entries []string
	for i := range 30_000 {
		entries = append(entries, fmt.Sprint("x/", i), "")
	}
	b := archived(entries...)
	_, err := read(b)
	assert.ErrorContains(t, err, "the archive has no data.pkl")
	check(t, b)

	directory := b[bytes.Index(b, []byte("PK\x01\x02")):]
	local := archived("x/0", "")
	local = local[:bytes.Index(local, []byte("PK\x01\x02"))]
	b = append(local, directory...)
	binary.LittleEndian.PutUint32(b[len(b)-6:], uint32(len(local))) // where the directory begins
	_, err = read(b)
	assert.ErrorContains(t, err, "more than the size of the file warrants")
	check(t, b)
}
