package torchfile

import (
	"archive/tar"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLegacyDamage refuses files of the old format whose parts do not agree.
func TestLegacyDamage(t *testing.T) {
	one := write(pairsOf{"w", weightOf{2, 3}}) + "."
	keys := write(listOf{"0"}) + "."
	for want, text := range map[string]string{
		"version 1002 of the format": strings.Replace(legacyText(one, keys, 1024, 4096), "M\xe9\x03", "M\xea\x03", 1),
		`storage "0", 1 of 1: malformed PyTorch file: 1023 elements, the pickle says 1024`: legacyText(one, keys, 1023, 4096),
		"the file ends at":                 legacyText(write(pairsOf{"w", code(strings.ReplaceAll(write(weight(2, 3)), number8(1024), number8(6)))})+".", keys, 6, 0)[:250],
		"4096 bytes wanted, 4095 are left": legacyText(one, keys, 1024, 4095),
		`the storage "1" is not one`:       legacyText(one, write(listOf{"1"})+".", 1024, 4096),
		`the storage "0" is not one that the pickle uses, or there twice`: legacyText(one, write(listOf{"0", "0"})+".", 1024, 8192),
		"the storage a list is not one":                                   legacyText(one, write(listOf{listOf{}})+".", 1024, 4096),
		"0 storages, the pickle uses 1":                                   legacyText(one, write(nil)+".", 1024, 4096),
		"2000000 elements of 4 bytes in a file of":                        legacyText(strings.Replace(one, number8(1024), number8(2_000_000), 1), keys, 1024, 4096),
		"the facts of the machine: ":                                      "\x80\x02\x8a\x0a" + string(magicNumber) + ".\x80\x02M\xe9\x03.cos\nsystem\n.",
		"the pickle of what was saved: malformed PyTorch file: byte":      legacyText("}X\xff\xff\xff\xffw", "", 0, 0),
		"the part (\"1\", 0, 1025) of storage":                            legacyText(write(pairsOf{"w", partOf(0, 1025)})+".", keys, 1024, 4096),
		"a reference to something other":                                  legacyText(write(tupleOf{"file", globalOf{"lib", "Class"}, nil, nil})+"Q.", keys, 1024, 4096),
	} {
		tensors, err := read([]byte(text))
		assert.Error(t, err, want)
		assert.ErrorContains(t, err, want)
		assert.Empty(t, tensors)
	}
}

// partOf is a tensor of 4 elements in a part of storage 0, as views were once saved.
func partOf(first, n int) callOf {
	id := tupleOf{"storage", globalOf{"torch", "FloatStorage"}, "0", "cpu", 1024, tupleOf{"1", first, n}}
	return callOf{globalOf{"torch._utils", "_rebuild_tensor"}, tupleOf{code(write(id) + "Q"), 1, tupleOf{2, 2}, tupleOf{2, 1}}}
}

// TestLegacyParts reads views of a part of a storage, and classes of modules that
// come with their source.
func TestLegacyParts(t *testing.T) {
	source := code(write(tupleOf{"module", globalOf{"lib", "Net"}, "net.py", "class Net: pass"}) + "Q)\x81" + write(pairsOf{"a", 1}) + "b")
	b := savedLegacy(pairsOf{"state_dict", pairsOf{"w", partOf(8, 16), "v", weightOf{2, 2}}, "net", source})
	tensors, err := read(b)
	require.NoError(t, err)
	require.Len(t, tensors, 2)
	start := int64(len(b) - 4096)
	assert.Equal(t, start+4*9, tensors[0].Offset)
	assert.Equal(t, int64(16), tensors[0].Span)
	assert.Equal(t, start, tensors[1].Offset)
}

// counting counts the bytes that are read.
type counting struct {
	io.ReaderAt
	n int
}

func (c *counting) ReadAt(p []byte, offset int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, offset)
	c.n += n
	return n, err
}

// TestReadsHeadersOnly does not read the storages of large files.
func TestReadsHeadersOnly(t *testing.T) {
	const size = 8 << 20
	v := pairsOf{"w", code(strings.ReplaceAll(write(weight(512, 512)), number8(1024), number8(size/4)))}
	for name, b := range map[string][]byte{
		"zip":    archived("x/data.pkl", write(v)+".", "x/data/0", strings.Repeat("\x00", size)),
		"legacy": []byte(legacyText(write(v)+".", write(listOf{"0"})+".", size/4, size)),
	} {
		c := &counting{ReaderAt: bytes.NewReader(b)}
		_, err := Read(c, int64(len(b)), Choice{})
		require.NoError(t, err, name)
		assert.Less(t, c.n, 4*windowSize, name)
	}
}

// TestOtherFiles names what is not of torch.save.
func TestOtherFiles(t *testing.T) {
	archive := func(names ...string) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, name := range names {
			require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: 1}))
			_, err := w.Write([]byte("x"))
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		return b.Bytes()
	}
	_, err := read(archive("sys_info", "pickle", "tensors", "storages"))
	assert.ErrorIs(t, err, ErrRefused)
	assert.ErrorContains(t, err, "the tar archive of the first versions of PyTorch: load it with PyTorch and save it again")
	for want, b := range map[string][]byte{
		"a tar archive: unpack it": archive("code.py"),
		"a bare pickle":            []byte("\x80\x04}."),
		`begins with "<htm"`:       []byte("<html>"),
	} {
		_, err := read(b)
		assert.ErrorIs(t, err, ErrForeign, want)
		assert.ErrorContains(t, err, want)
	}
}
