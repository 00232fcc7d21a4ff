package scan_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/scan"
)

// envPeak names the model that a child of TestPeakOfReaders opens.
const envPeak = "SPECTRUM_TEST_PEAK"

// peakBeside is how much memory reading a model may take beside what its files have on the
// disk, and peakCap the cap of the scan that is part of it.
const (
	peakBeside = 256 << 20
	peakCap    = 64 << 20
)

// No file, however hostile, takes more memory than it has bytes and 256 MiB, as Linux counts
// it for a process of its own that lists and scans it: those of the readers' tests, and some
// that announce what they do not have.
func TestPeakOfReaders(t *testing.T) {
	if name := os.Getenv(envPeak); name != "" {
		readAll(t, name)
		return
	}
	if testing.Short() {
		t.Skip("starts a process for every file")
	}
	models := hostileModels(t)
	for _, dir := range []string{"../internal/format/torchfile/testdata", "../internal/format/gguf/testdata", "../internal/format/npy/testdata", "../testdata/formats"} {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range entries {
			if ext := filepath.Ext(e.Name()); ext != ".py" && ext != ".json" && ext != ".bin" {
				models = append(models, filepath.Join(dir, e.Name()))
			}
		}
	}
	require.Greater(t, len(models), 50)
	worst, whose := int64(0), ""
	for _, name := range models {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPeakOfReaders$", "-test.v")
		cmd.Env = append(os.Environ(), envPeak+"="+name)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %.2000s", name, out)
		found := regexp.MustCompile(`VmHWM: (\d+) kB`).FindSubmatch(out)
		require.NotNil(t, found, "%s: %s", name, out)
		kib, err := strconv.ParseInt(string(found[1]), 10, 64)
		require.NoError(t, err)
		assert.Less(t, kib<<10, onDisk(t, name)+peakBeside, name)
		if kib > worst {
			worst, whose = kib, name
		}
	}
	t.Logf("%d models, at most %d MiB: %s", len(models), worst>>10, whose)
}

// readAll lists and scans a model, whatever comes of it, and says how much memory that took.
func readAll(t *testing.T, name string) {
	if m, err := checkpoint.Open(t.Context(), name); err == nil {
		defer m.Close()
		for range scan.Run(t.Context(), m, scan.Options{Jobs: 1, Memory: peakCap}) {
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	fmt.Println("VmHWM: " + strings.Join(strings.Fields(string(regexp.MustCompile(`VmHWM:.*`).Find(status)))[1:], " "))
}

// onDisk sums the sizes of files, up to what a scan reads at a time of one with holes.
func onDisk(t *testing.T, name string) (size int64) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(name, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Size() < 1<<30 {
			size += info.Size()
		}
		return err
	}))
	return size
}

// hostileModels writes files that announce more than they have, nest deeply or unpack to much.
func hostileModels(t *testing.T) (names []string) {
	t.Helper()
	dir := t.TempDir()
	add := func(name string, b []byte, size int64) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, b, 0o644))
		if size > 0 {
			require.NoError(t, os.Truncate(path, size))
		}
		names = append(names, path)
	}
	header := func(length uint64, text string) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, length), text...)
	}
	tensors := func(text string) []byte { return header(uint64(len(text)), text) }
	// A safetensors file of terabytes of holes, and headers that are long, deep or lie.
	add("sparse.safetensors", tensors(`{"w":{"dtype":"F32","shape":[1048576,1048576],"data_offsets":[0,4398046511104]}}`), 1<<42+1<<20)
	for i, length := range []uint64{100 << 20, 1 << 40, math.MaxInt64, math.MaxUint64} {
		add(fmt.Sprintf("long%d.safetensors", i), header(length, "{"), 1<<41)
	}
	add("deep.safetensors", tensors(strings.Repeat("[", 20<<20)), 0)
	add("names.safetensors", tensors(`{"`+strings.Repeat("a", 2<<20)+`":{}}`), 0)
	add("many.safetensors", func() []byte {
		var b strings.Builder
		for i := range 200_000 {
			fmt.Fprintf(&b, `%c"t.%d.w":{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}`, "{,"[min(i, 1)], i, 4*i, 4*i+4)
		}
		return append(tensors(b.String()+"}"), make([]byte, 800_000)...)
	}(), 0)
	// GGUF: counts and lengths that nothing stands behind, arrays in arrays.
	gguf := func(tensors, values uint64, rest ...any) []byte {
		b := bytes.NewBufferString("GGUF")
		for _, v := range append([]any{uint32(3), tensors, values}, rest...) {
			require.NoError(t, binary.Write(b, binary.LittleEndian, v))
		}
		return b.Bytes()
	}
	key := []any{uint64(1), byte('k')}
	for i, b := range [][]byte{
		gguf(1<<60, 0), gguf(0, 1<<60), gguf(math.MaxUint64, math.MaxUint64), gguf(0, 1, uint64(1<<40)),
		gguf(0, 1, append(key, uint32(8), uint64(1<<40))...), gguf(0, 1, append(key, uint32(9), uint32(4), uint64(1<<40))...),
		gguf(0, 1, append(key, uint32(9), uint32(8), uint64(1<<36))...), gguf(0, 1, append(key, uint32(9), uint32(9), uint64(1<<20))...),
		gguf(1, 0, append(key, uint32(math.MaxUint32))...), gguf(1, 0, append(key, uint32(2), uint64(1<<40), uint64(1<<40), uint32(0), uint64(0))...),
	} {
		size := int64(1 << 40) // of holes
		if i == 6 {
			size = 1 << 25 // all of it empty strings, which are read as such
		}
		add(fmt.Sprintf("%d.gguf", i), b, size)
	}
	// NumPy: shapes without values, a gigabyte of zeros in a megabyte.
	npy := func(shape string) []byte {
		text := "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}\n"
		return append(append([]byte("\x93NUMPY\x01\x00"), byte(len(text)), byte(len(text)>>8)), text...)
	}
	add("shape.npy", npy("(1099511627776, 1099511627776)"), 0)
	add("sparse.npy", npy("(524288, 524288)"), 1<<40+1<<20)
	add("header.npy", append([]byte("\x93NUMPY\x02\x00"), 0xff, 0xff, 0xff, 0xff), 1<<33)
	add("bomb.npz", zipped(t, "w.npy", npy("(16384, 16384)"), 1<<30), 0)
	// PyTorch: pickles of announced lengths, of deep lists, and one that unpacks to much.
	for i, pickle := range []string{
		"\x80\x02\x8d" + strings.Repeat("\xff", 7) + "\x7f", "\x80\x04\x96\x00\x00\x00\x00\x00\x01\x00\x00.", "\x80\x02X\xff\xff\xff\xff.",
		"\x80\x02" + strings.Repeat("]", 8<<20) + ".", "\x80\x02" + strings.Repeat("(", 8<<20) + ".", "\x80\x02" + strings.Repeat("K\x01", 8<<20) + ".",
		"\x80\x02]" + strings.Repeat("2\x86", 4<<20) + ".",
	} {
		add(fmt.Sprintf("%d.pt", i), zipped(t, "archive/data.pkl", []byte(pickle), 0), 0)
	}
	add("bomb.pt", zipped(t, "archive/data.pkl", []byte("\x80\x02"), 1<<30), 0)
	return names
}

// zipped is an archive of one deflated entry, a text and zeros behind it.
func zipped(t *testing.T, name string, text []byte, zeros int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	require.NoError(t, err)
	_, err = w.Write(text)
	require.NoError(t, err)
	for block := make([]byte, 1<<20); zeros > 0; zeros -= len(block) {
		_, err = w.Write(block)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}
