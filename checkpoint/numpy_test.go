package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// npyFile is an array as numpy.save writes it; order is the order of its bytes.
func npyFile(t testing.TB, descr string, fortran bool, shape string, values any) []byte {
	t.Helper()
	order := binary.ByteOrder(binary.LittleEndian)
	if descr[0] == '>' {
		order = binary.BigEndian
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, map[bool]string{true: "True", false: "False"}[fortran], shape)
	header += strings.Repeat(" ", 117-len(header)) + "\n"
	b := bytes.NewBufferString("\x93NUMPY\x01\x00")
	require.NoError(t, binary.Write(b, binary.LittleEndian, uint16(len(header))))
	b.WriteString(header)
	require.NoError(t, binary.Write(b, order, values))
	return b.Bytes()
}

// npzFile is an archive as numpy.savez writes it, or numpy.savez_compressed.
func npzFile(t testing.TB, method uint16, members map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, contents := range members {
		part, err := w.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: method})
		require.NoError(t, err)
		_, err = part.Write(contents)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// counts reports whether the weights of a tensor count 0, 1, 2, … by rows.
func counts(t *testing.T, m *Model, x Tensor) {
	t.Helper()
	w, err := m.Load(t.Context(), x, nil)
	require.NoError(t, err, x.Name)
	rows, cols := w.Dims()
	for i := range rows {
		for j := range cols {
			require.EqualValues(t, i*cols+j, w.At(i, j), "%s %d %d", x.Name, i, j)
		}
	}
}

func TestNumPyArrays(t *testing.T) {
	counting := []float32{0, 1, 2, 3, 4, 5}
	byColumns := []float64{0, 3, 1, 4, 2, 5}
	dir := t.TempDir()
	for name, b := range map[string][]byte{
		"rows.npy":    npyFile(t, "<f4", false, "(2, 3)", counting),
		"columns.npy": npyFile(t, "<f8", true, "(2, 3)", byColumns),
		"big.npy":     npyFile(t, ">f4", false, "(2, 3)", counting),
		"both.v2.npy": npyFile(t, ">f8", true, "(2, 3)", byColumns),
	} {
		m := open(t, writeFile(t, dir, name, string(b)))
		require.Len(t, m.Tensors(), 1)
		x := m.Tensors()[0]
		assert.Equal(t, strings.TrimSuffix(name, ".npy"), x.Name)
		assert.Equal(t, []int{2, 3}, x.Shape)
		assert.Empty(t, x.Skip)
		assert.Equal(t, x.Size, x.Memory, "no copy is made of what is turned")
		counts(t, m, x)
	}
}

// TestNumPyArchives opens what NumPy wrote (internal/format/npy/testdata/make.py).
func TestNumPyArchives(t *testing.T) {
	skipped := map[string]string{
		"scalar": "a scalar", "empty": empty, "int8": "I8 is not", "uint16": "U16 is not", "int64": "I64 is not", "bool": "BOOL is not",
		"complex": "C64 is not", "raw": "raw bytes", "text": "text, not numbers", "bytes": "text, not numbers", "time": "times",
		"records": "records of 2 fields", "object": "Python objects",
	}
	for _, name := range []string{"stored.npz", "deflated.npz"} {
		m := open(t, filepath.Join("..", "internal", "format", "npy", "testdata", name))
		read := 0
		for _, x := range m.Tensors() {
			if want, ok := skipped[x.Name]; ok {
				assert.Contains(t, x.Skip, want, x.Name)
				continue
			}
			assert.Empty(t, x.Skip, x.Name)
			counts(t, m, x)
			read++
		}
		assert.Equal(t, 8, read, name)
		assert.Len(t, m.Tensors(), 8+len(skipped))
	}
}

func TestNumPyArchiveFromAnyFileSystem(t *testing.T) {
	files := fstest.MapFS{"x/weights.npz": {Data: npzFile(t, zip.Deflate, map[string][]byte{
		"layers.0.w": npyFile(t, "<f4", false, "(1, 2)", []float32{0, 1}),
	})}}
	m, err := Opener{}.OpenFS(t.Context(), files, "x")
	require.NoError(t, err)
	assert.Equal(t, []string{"layers.0.w"}, tensorNames(m))
	counts(t, m, m.Tensors()[0])
}

func TestDamagedNumPyFiles(t *testing.T) {
	dir := t.TempDir()
	good := npyFile(t, "<f4", false, "(2, 3)", make([]float32, 6))
	for name, c := range map[string]struct {
		text string
		want error
		says string
	}{
		"short.npy":    {string(good[:140]), ErrFormat, "cut short"},
		"version.npy":  {"\x93NUMPY\x09\x00" + string(good[8:]), ErrUnsupported, "9.0"},
		"named.npz":    {string(good), nil, ""},
		"another.npy":  {"PK\x05\x06" + strings.Repeat("\x00", 18), ErrUnsupported, "a zip archive without any entry"},
		"headless.npz": {string(npzFile(t, zip.Store, map[string][]byte{"x": []byte("hello")})), ErrFormat, "x.npy"},
	} {
		m, err := Open(t.Context(), writeFile(t, dir, name, c.text))
		if c.want == nil {
			require.NoError(t, err, name)
			assert.Contains(t, m.Notes(), "named.npz is a NumPy array, whatever its name says")
			continue
		}
		assert.ErrorIs(t, err, c.want, name)
		assert.ErrorContains(t, err, c.says)
		assert.ErrorContains(t, err, name)
	}

	// A member that is damaged is found when it is loaded, and so is a file cut short.
	b := npzFile(t, zip.Deflate, map[string][]byte{"x": good})
	at := bytes.Index(b, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(b[at+16:], 1) // the checksum
	path := writeFile(t, dir, "sum.npz", string(b))
	m := open(t, path)
	_, err := m.Load(t.Context(), m.Tensors()[0], nil)
	assert.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, `sum.npz: tensor "x": `)
	assert.ErrorContains(t, err, "checksum")
	require.NoError(t, os.Truncate(path, 20))
	_, err = m.Load(t.Context(), m.Tensors()[0], nil)
	assert.ErrorContains(t, err, "cut short to 20 bytes")

	_, err = Open(t.Context(), filepath.Join(dir, "absent.npy"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// TestTurnedArraysTakeNoSecondCopy loads more than a window that lies by columns, plain and compressed.
func TestTurnedArraysTakeNoSecondCopy(t *testing.T) {
	const rows, cols = 1500, 1200
	values := make([]float32, rows*cols)
	for i := range values {
		values[i] = float32(i%rows*cols + i/rows) // element i is at row i%rows
	}
	array := npyFile(t, "<f4", true, fmt.Sprintf("(%d, %d)", rows, cols), values)
	dir := t.TempDir()
	for name, b := range map[string][]byte{"a.npy": array, "a.npz": npzFile(t, zip.Deflate, map[string][]byte{"a": array})} {
		m := open(t, writeFile(t, dir, name, string(b)))
		x := m.Tensors()[0]
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w, err := m.Load(t.Context(), x, nil)
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		assert.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, uint64(x.Size+8<<20), name)
		for _, at := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {1499, 1199}, {1234, 567}} {
			assert.EqualValues(t, float32(at[0]*cols+at[1]), w.At(at[0], at[1]), name)
		}
	}
}
