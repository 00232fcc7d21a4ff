package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// TestArchiveVersion takes the versions of the format that PyTorch takes, from the
// entry that PyTorch takes them from.
func TestArchiveVersion(t *testing.T) {
	text, storage := write(pairsOf{"w", weightOf{2, 3}})+".", string(make([]byte, 4096))
	with := func(entries ...string) []byte {
		return zipped(append([]string{"x/data.pkl", text, "x/data/0", storage}, entries...)...)
	}
	for _, version := range []string{"1", "3\n", " +10 and more"} {
		_, err := read(with("x/version", version))
		assert.NoError(t, err, version)
	}
	_, err := read(with("x/version", "99", "x/.data/version", "3"))
	assert.NoError(t, err)
	for _, version := range []string{"", "0", "11", "-3", "three", "18446744073709551616"} {
		_, err := read(with("x/version", version))
		assert.ErrorIs(t, err, ErrFormat, version)
		assert.ErrorContains(t, err, "is not one from 1 to 10", version)
	}
	_, err = read(with())
	assert.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, "x/version is not in the archive")
}

// TestNamesThatDifferInCase refuses what PyTorch would read the one or the other of.
func TestNamesThatDifferInCase(t *testing.T) {
	text, storage := write(pairsOf{"w", weightOf{2, 3}})+".", string(make([]byte, 4096))
	for _, name := range []string{"x/DATA.pkl", "x/Data/0", "x/VERSION"} {
		_, err := read(archived("x/data.pkl", text, "x/data/0", storage, name, storage, "x/version", "3"))
		assert.ErrorIs(t, err, ErrFormat, name)
		assert.ErrorContains(t, err, "is there twice but for the case of letters", name)
	}
	_, err := read(archived("x/data.pkl", text, "x/data/0", storage, "X/data.pkl", text))
	assert.ErrorContains(t, err, "is outside of the archive's folder")
}

// TestCompressedStorage refuses an archive of which a storage alone is compressed.
func TestCompressedStorage(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"data.pkl", "version", "data/0"} {
		header := &zip.FileHeader{Name: "x/" + name, Method: zip.Store}
		content := map[string]string{"data.pkl": write(pairsOf{"w", weightOf{2, 3}}) + ".", "version": "3"}[name]
		if name == "data/0" {
			header.Method, content = zip.Deflate, string(make([]byte, 4096))
		}
		f, err := w.CreateHeader(header)
		require.NoError(t, err)
		_, err = f.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	_, err := read(b.Bytes())
	assert.ErrorIs(t, err, ErrRefused)
	assert.ErrorContains(t, err, "x/data/0 is compressed")
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
