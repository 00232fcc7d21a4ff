package npy

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The arrays of testdata are made by testdata/make.py, whose elements count by rows.

func open(t testing.TB, name string) *bytes.Reader {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return bytes.NewReader(b)
}

// numbers decodes the elements of a in the order of rows.
func numbers(t *testing.T, r io.ReaderAt, a Array) []float64 {
	t.Helper()
	src := io.Reader(io.NewSectionReader(r, 0, math.MaxInt64))
	if a.Member != nil {
		src = a.Member.Reader(r)
	}
	_, err := io.CopyN(io.Discard, src, a.Offset)
	require.NoError(t, err)
	b := make([]byte, a.Size)
	_, err = io.ReadFull(src, b)
	require.NoError(t, err)
	if a.Member != nil {
		_, err = io.ReadFull(src, make([]byte, 1))
		assert.Equal(t, io.EOF, err, "the checksum is looked at")
	}
	n := 1
	for _, d := range a.Shape {
		n *= int(d)
	}
	out := make([]float64, n)
	for i := range out {
		at := i
		if a.Stride != nil {
			at = 0
			rest := i
			for d := len(a.Shape) - 1; d >= 0; d-- {
				at += rest % int(a.Shape[d]) * int(a.Stride[d])
				rest /= int(a.Shape[d])
			}
		}
		out[i] = number(t, b, at, a)
	}
	return out
}

func number(t *testing.T, b []byte, at int, a Array) float64 {
	var order binary.ByteOrder = binary.LittleEndian
	if a.BigEndian {
		order = binary.BigEndian
	}
	switch a.DType {
	case "F64":
		return math.Float64frombits(order.Uint64(b[8*at:]))
	case "F32":
		return float64(math.Float32frombits(order.Uint32(b[4*at:])))
	case "F16":
		bits := order.Uint16(b[2*at:])
		exponent, fraction := int(bits>>10), float64(bits&0x3ff)
		if exponent == 0 {
			return math.Ldexp(fraction, -24)
		}
		return math.Ldexp(1+fraction/1024, exponent-15)
	case "U16":
		return float64(order.Uint16(b[2*at:]))
	case "I64":
		return float64(order.Uint64(b[8*at:]))
	case "I8":
		return float64(b[at])
	}
	t.Fatalf("type %s", a.DType)
	return 0
}

func TestArraysOfNumPy(t *testing.T) {
	for name, want := range map[string]Array{
		"rows.npy":     {DType: "F32", Shape: []int64{3, 4}, Offset: 128, Size: 48},
		"columns.npy":  {DType: "F32", Shape: []int64{3, 4}, Stride: []int64{1, 3}, Offset: 128, Size: 48},
		"version1.npy": {DType: "F64", Shape: []int64{2, 3}, Offset: 128, Size: 48},
		"version2.npy": {DType: "F64", Shape: []int64{2, 3}, Offset: 128, Size: 48},
		"version3.npy": {DType: "F64", Shape: []int64{2, 3}, Offset: 128, Size: 48},
	} {
		r := open(t, name)
		a, err := Read(r, r.Size())
		require.NoError(t, err, name)
		assert.Equal(t, want, a, name)
		for i, v := range numbers(t, r, a) {
			require.EqualValues(t, i, v, name)
		}
	}
}

func TestArchivesOfNumPy(t *testing.T) {
	want := []Array{
		{Name: "half", DType: "F16", Shape: []int64{2, 3}, Size: 12},
		{Name: "double", DType: "F64", Shape: []int64{2, 3}, Size: 48},
		{Name: "big", DType: "F32", BigEndian: true, Shape: []int64{2, 3}, Size: 24},
		{Name: "big_columns", DType: "F64", BigEndian: true, Shape: []int64{2, 3}, Stride: []int64{1, 2}, Size: 48},
		{Name: "cube_columns", DType: "F32", Shape: []int64{2, 3, 4}, Stride: []int64{1, 2, 6}, Size: 96},
		{Name: "vector", DType: "F32", Shape: []int64{5}, Size: 20},
		{Name: "scalar", DType: "F32", Shape: []int64{}, Size: 4},
		{Name: "empty", DType: "F32", Shape: []int64{0, 4}},
		{Name: "row_columns", DType: "F32", Shape: []int64{1, 4}, Size: 16},
		{Name: "blocks/0/weight", DType: "F32", Shape: []int64{64, 64}, Size: 16384},
		{Name: "int8", DType: "I8", Shape: []int64{2, 3}, Size: 6},
		{Name: "uint16", DType: "U16", Shape: []int64{2, 3}, Size: 12},
		{Name: "int64", DType: "I64", Shape: []int64{2, 3}, Size: 48},
		{Name: "bool", DType: "BOOL", Shape: []int64{2, 1}, Size: 2},
		{Name: "complex", DType: "C64", Shape: []int64{2, 2}, Size: 32},
		{Name: "raw", DType: "V2", Shape: []int64{2, 3}, Size: 12, Skip: "raw bytes"},
		{Name: "text", DType: "U3", Shape: []int64{2}, Size: 24, Skip: "text"},
		{Name: "bytes", DType: "S3", Shape: []int64{2}, Size: 6, Skip: "text"},
		{Name: "time", DType: "M8[D]", Shape: []int64{1}, Size: 8, Skip: "times"},
		{Name: "records", DType: "records", Shape: []int64{2}, Size: 24, Skip: "records of 2 fields"},
		{Name: "object", DType: "object", Shape: []int64{2}, Skip: "Python objects"},
	}
	for _, name := range []string{"stored.npz", "deflated.npz"} {
		r := open(t, name)
		arrays, err := ReadArchive(r, r.Size())
		require.NoError(t, err)
		require.Len(t, arrays, len(want))
		for i, a := range arrays {
			w := want[i]
			assert.Equal(t, name == "deflated.npz", a.Member != nil, a.Name)
			assert.True(t, strings.HasPrefix(a.Skip, w.Skip) && (w.Skip == "") == (a.Skip == ""), "%s: %s", a.Name, a.Skip)
			if w.Size == 0 {
				w.Size = a.Size // a pickle takes what it takes
			}
			if a.Skip == "" && a.DType != "BOOL" && a.DType != "C64" {
				for j, v := range numbers(t, r, a) {
					require.EqualValues(t, j, v, a.Name)
				}
			}
			w.Skip, w.Offset, w.Member = a.Skip, a.Offset, a.Member
			assert.Equal(t, w, a, name)
		}
	}
}

// file is an array file of version 1 with this header and n bytes of elements.
func file(header string, n int) []byte {
	b := append([]byte(Magic), 1, 0, byte(len(header)), byte(len(header)>>8))
	return append(append(b, header...), make([]byte, n)...)
}

func TestHeadersAsPythonReadsThem(t *testing.T) {
	for header, want := range map[string]Array{
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }  \n":               {DType: "F32", Shape: []int64{3}},
		`{"shape":(3L,1L),"fortran_order":False,"descr":"<f4"}`:                       {DType: "F32", Shape: []int64{3, 1}},
		"{'descr': '<f4', 'fortran_order': True, 'shape': [1, 3], }":                  {DType: "F32", Shape: []int64{1, 3}},
		"{'descr': '|f4', 'fortran_order': False, 'shape': (3,), }":                   {DType: "F32", Shape: []int64{3}, Skip: `type "|f4", which leaves the order of the bytes open`},
		"{'descr': [('x\\'y', '|V12')], 'fortran_order': False, 'shape': (), }":       {DType: "records", Shape: []int64{}, Skip: "records of 1 fields, not numbers"},
		"{'descr': '|V12', 'fortran_order': False, 'shape': (), }":                    {DType: "V12", Shape: []int64{}, Skip: "raw bytes, as NumPy keeps bfloat16 and 8-bit floats; save them as float32"},
		"{'descr': '<f4', 'fortran_order': True, 'shape': (0, 4611686018427387904,)}": {DType: "F32", Shape: []int64{0, 1 << 62}},
	} {
		n := 12
		if len(want.Shape) > 0 && want.Shape[0] == 0 {
			n = 0
		}
		b := file(header, n)
		a, err := Read(bytes.NewReader(b), int64(len(b)))
		require.NoError(t, err, header)
		want.Offset, want.Size = int64(10+len(header)), int64(n)
		assert.Equal(t, want, a, header)
	}
}

func TestMalformedFilesAreRefused(t *testing.T) {
	deep := strings.Repeat("(", 1000)
	for header, want := range map[string]string{
		"": "ends too early",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}":                          "needs 16 bytes, the file has 12",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}":                          "4 bytes follow the array",
		"{'descr': '<f4', 'fortran_order': False}":                                         "must have descr",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}":                  `unknown key "x"`,
		"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}":          "twice",
		"{'descr': '<f4', 'fortran_order': False, 'shape': 3}":                             "not a tuple",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3)}":                           "no tuple",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}":                         "no length",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3.0,)}":                        "unexpected '.'",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}":       "number",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,2)}":       "overflows",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,2,0,'a')}": "no length",
		"{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}":                              "not True or False",
		"{'descr': 'f4', 'fortran_order': False, 'shape': (3,)}":                           "descr",
		"{'descr': '<q4', 'fortran_order': False, 'shape': (3,)}":                          "descr",
		"{'descr': '<f', 'fortran_order': False, 'shape': (3,)}":                           "descr",
		"{'descr': '<f-4', 'fortran_order': False, 'shape': (3,)}":                         "descr",
		"{'descr': 7, 'fortran_order': False, 'shape': (3,)}":                              "descr",
		"{'descr': __import__('os').system('id'), 'fortran_order': False, 'shape': (3,)}":  "unexpected '_'",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} + {}":                     "unexpected '+'",
		"{'descr': '<f4":    "without end",
		"{'descr': " + deep: "nested",
		"{'shape': (" + strings.Repeat("1,", 65) + "), 'descr': '<f4', 'fortran_order': False}": "at most 64",
	} {
		b := file(header, 12)
		_, err := Read(bytes.NewReader(b), int64(len(b)))
		assert.ErrorIs(t, err, ErrFormat, header)
		assert.ErrorContains(t, err, want)
	}
	for name, b := range map[string][]byte{
		"empty": {}, "short": []byte("\x93NUM"), "another": []byte("not an array at all"),
		"no header":   []byte(Magic + "\x01\x00\xff\xff{"),
		"huge header": []byte(Magic + "\x02\x00\xff\xff\xff\xff{"),
	} {
		_, err := Read(bytes.NewReader(b), int64(len(b)))
		assert.ErrorIs(t, err, ErrFormat, name)
	}
	b := []byte(Magic + "\x04\x00\x00\x00\x00\x00")
	_, err := Read(bytes.NewReader(b), int64(len(b)))
	assert.ErrorIs(t, err, ErrVersion)
	assert.ErrorContains(t, err, "4.0")
}

const matrix = "{'descr': '<f4', 'fortran_order': False, 'shape': (300,), }"

// packed is an archive with one entry.
func packed(t *testing.T, change func(*zip.FileHeader), contents []byte, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "x.npy", Method: method}
	part, err := w.CreateHeader(h)
	require.NoError(t, err)
	_, err = part.Write(contents)
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	if change != nil { // the directory is written from h
		change(h)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestDamagedArchivesAreRefused(t *testing.T) {
	good := file(matrix, 1200)
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"no directory": {packed(t, nil, good, zip.Deflate)[:100], "no directory"},
		"short array":  {packed(t, nil, good[:900], zip.Deflate), "cut short"},
		"no array":     {packed(t, nil, []byte("hello, world"), zip.Store), "begins with"},
	} {
		_, err := ReadArchive(bytes.NewReader(c.b), int64(len(c.b)))
		assert.ErrorIs(t, err, ErrFormat, name)
		assert.ErrorContains(t, err, c.want)
	}
}

func TestContentsAreChecked(t *testing.T) {
	good := file(matrix, 1200)
	b := packed(t, nil, good, zip.Deflate)
	arrays, err := ReadArchive(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	read := func(m Member, b []byte) error {
		_, err := io.Copy(io.Discard, m.Reader(bytes.NewReader(b)))
		return err
	}
	m := *arrays[0].Member
	assert.NoError(t, read(m, b))
	for name, change := range map[string]func(*Member){
		"checksum": func(m *Member) { m.crc++ },
		"missing":  func(m *Member) { m.contents++ },
		"more":     func(m *Member) { m.contents-- },
		"cut":      func(m *Member) { m.size -= 3 },
	} {
		damaged := m
		change(&damaged)
		assert.ErrorIs(t, read(damaged, b), ErrFormat, name)
	}
	b[m.offset] ^= 0x06 // a kind of block that does not exist
	assert.ErrorIs(t, read(m, b), ErrFormat)
}

// TestArchivesDoNotExplode has an entry that claims more than deflate can make.
func TestArchivesDoNotExplode(t *testing.T) {
	b := packed(t, nil, file(matrix, 1200), zip.Deflate)
	at := bytes.LastIndex(b, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(b[at+24:], 1<<31) // the length of the contents
	_, err := ReadArchive(bytes.NewReader(b), int64(len(b)))
	assert.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, "cannot become 2147483648")
}

func TestOtherEntriesAreListedOrLeftOut(t *testing.T) {
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for name, method := range map[string]uint16{"readme.txt": zip.Store, "a.npy": zip.Store} {
		part, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		require.NoError(t, err)
		_, err = part.Write(file(matrix, 1200))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	b := buffer.Bytes()
	arrays, err := ReadArchive(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	require.Len(t, arrays, 1)
	assert.Equal(t, "a", arrays[0].Name)

	for change, want := range map[string]string{"method": "compressed by method 93 of zip, which is not read", "flags": "encrypted"} {
		c := packed(t, nil, file(matrix, 1200), zip.Store)
		at := bytes.LastIndex(c, []byte("PK\x01\x02"))
		if change == "method" {
			c[at+10] = 93
		} else {
			c[at+8] |= 1
		}
		arrays, err := ReadArchive(bytes.NewReader(c), int64(len(c)))
		require.NoError(t, err)
		assert.Equal(t, []Array{{Name: "x", Size: 1200 + 10 + int64(len(matrix)), Skip: want}}, arrays)
	}
}

// FuzzRead holds what readers promise: no panic, and elements that lie in the file.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"rows.npy", "columns.npy", "version3.npy", "stored.npz"} {
		b, err := io.ReadAll(open(f, name))
		require.NoError(f, err)
		f.Add(b)
	}
	f.Add(file("{'descr': [('a', '<f4', (2,))], 'fortran_order': False, 'shape': (1,), }", 8))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, size := bytes.NewReader(b), int64(len(b))
		var arrays []Array
		if a, err := Read(r, size); err == nil {
			arrays = append(arrays, a)
		} else {
			require.True(t, errors.Is(err, ErrFormat) || errors.Is(err, ErrVersion), err)
		}
		if more, err := ReadArchive(r, size); err == nil {
			arrays = append(arrays, more...)
		}
		for _, a := range arrays {
			limit := size
			if a.Member != nil {
				limit = a.Member.contents
				_, err := io.Copy(io.Discard, io.LimitReader(a.Member.Reader(r), 1<<22))
				if err != nil {
					require.ErrorIs(t, err, ErrFormat)
				}
			}
			require.True(t, a.Offset >= 0 && a.Size >= 0 && a.Offset+a.Size <= limit, fmt.Sprint(a))
		}
	})
}
