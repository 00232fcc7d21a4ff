package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// file puts the length in front of a header and n bytes of data behind it.
func file(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	return append(b, make([]byte, n)...)
}

// entry is one tensor of a header.
func entry(name, dtype, shape string, begin, end int) string {
	return fmt.Sprintf(`"%s":{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, name, dtype, shape, begin, end)
}

func read(b []byte) (*Header, error) { return ReadHeader(bytes.NewReader(b), int64(len(b))) }

func TestReadHeader(t *testing.T) {
	text := `{"__metadata__":{"format":"pt","note":""},` +
		entry("b", "F16", "[3]", 24, 30) + "," +
		entry("empty", "F32", "[0,4]", 24, 24) + "," +
		entry("a", "F32", "[2, 3]", 0, 24) + "," +
		` "scalar" : { "data_offsets":[30,38], "dtype":"F64" , "shape":[] } }   `
	h, err := read(file(text, 38))
	require.NoError(t, err)
	start := int64(8 + len(text))
	assert.Equal(t, &Header{
		Start:    start,
		Metadata: map[string]string{"format": "pt", "note": ""},
		Tensors: []Tensor{
			{"a", start, &Layout{"F32", []int64{2, 3}, 24}},
			{"empty", start + 24, &Layout{"F32", []int64{0, 4}, 0}},
			{"b", start + 24, &Layout{"F16", []int64{3}, 6}},
			{"scalar", start + 30, &Layout{"F64", []int64{}, 8}},
		},
	}, h)
}

func TestReadHeaderWithoutTensors(t *testing.T) {
	h, err := read(file("{}", 0))
	require.NoError(t, err)
	assert.Empty(t, h.Tensors)
	assert.Nil(t, h.Metadata)
}

// TestHeadersOfTheReferenceReader has what that reader takes and this one once refused.
func TestHeadersOfTheReferenceReader(t *testing.T) {
	for _, text := range []string{"\t\n{}\r ", " {}", "{}\n", "\r\n\t {\r}\r\n", `{"__metadata__":null}`, `{"__metadata__":{}}`} {
		h, err := read(file(text, 0))
		require.NoError(t, err, "%q", text)
		assert.Empty(t, h.Tensors)
		assert.EqualValues(t, 8+len(text), h.Start)
	}
	text := "  \n{" + entry("x", "U8", "[4]", 0, 4) + "}\n"
	h, err := read(file(text, 4))
	require.NoError(t, err)
	assert.Equal(t, []Tensor{{"x", int64(8 + len(text)), &Layout{"U8", []int64{4}, 4}}}, h.Tensors)
}

func TestEveryDType(t *testing.T) {
	// 16 elements fill whole bytes at every width.
	for dtype, size := range map[string]int{
		"F4": 8, "F6_E2M3": 12, "F6_E3M2": 12,
		"BOOL": 16, "U8": 16, "I8": 16, "F8_E4M3": 16, "F8_E5M2": 16,
		"F8_E4M3FNUZ": 16, "F8_E5M2FNUZ": 16, "F8_E8M0": 16,
		"I16": 32, "U16": 32, "F16": 32, "BF16": 32,
		"I32": 64, "U32": 64, "F32": 64,
		"I64": 128, "U64": 128, "F64": 128, "C64": 128,
	} {
		_, err := read(file("{"+entry("x", dtype, "[4,4]", 0, size)+"}", size))
		assert.NoError(t, err, dtype)
		_, err = read(file("{"+entry("x", dtype, "[4,4]", 0, size+1)+"}", size+1))
		assert.ErrorContains(t, err, `tensor "x"`, dtype)
	}
	// A type from the future: any length, but it must still tile the file.
	_, err := read(file("{"+entry("x", "F2_E1M0", "[4,4]", 0, 7)+"}", 7))
	assert.NoError(t, err)
	_, err = read(file("{"+entry("x", "F2_E1M0", "[4,4]", 0, 6)+"}", 7))
	assert.ErrorIs(t, err, ErrFormat)
	_, err = read(file("{"+entry("x", "F2_E1M0", "[9223372036854775807,2]", 0, 6)+"}", 6))
	assert.ErrorContains(t, err, "overflows")
}

// malformed maps a file to what its error must say.
func malformed() map[string][]byte {
	x := entry("x", "U8", "[4]", 0, 4)
	one := func(fields string) []byte { return file(`{"x":{`+fields+`}}`, 4) }
	length := func(n uint64, rest string) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, n), rest...)
	}
	return map[string][]byte{
		"0 bytes, shorter":                      {},
		"7 bytes, shorter":                      make([]byte, 7),
		"header of 100000001 bytes":             length(MaxHeader+1, "{}"),
		"header of 18446744073709551615 bytes":  length(1<<64-1, "{}"),
		"header of 9223372036854775800 bytes":   length(1<<63-8, "{}"),
		"header of 3 bytes in a file of 10":     length(3, "{}"),
		"byte 0: unexpected end of the data":    file("", 0),
		"byte 2: unexpected end of the data":    file("  ", 0),
		"byte 1: unexpected end of the data":    file("{", 0),
		"byte 2: data after the end":            file("{}\x00", 0),
		"byte 3: data after the end":            file("{} {}", 0),
		"byte 0: unexpected '\\v'":              file("\v{}", 0),
		"byte 2: 0xff is not valid UTF-8":       file("{\"\xff\":1}", 0),
		`duplicate key "x"`:                     file("{"+x+","+x+"}", 4),
		`duplicate key "__metadata__"`:          file(`{"__metadata__":{},"__metadata__":{}}`, 0),
		`duplicate key "k"`:                     file(`{"__metadata__":{"k":"1","k":"1"}}`, 0),
		`key "k": byte 21: unexpected '1'`:      file(`{"__metadata__":{"k":1}}`, 0),
		`key "k": byte 21: unexpected 'n'`:      file(`{"__metadata__":{"k":null}}`, 0),
		"__metadata__: byte 16: unexpected '['": file(`{"__metadata__":[1]}`, 0),
		`byte 21: duplicate key "__metadata__"`: file(`{"__metadata__":null,"__metadata__":null}`, 0),
		`duplicate key "dtype"`:                 one(`"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]`),
		"no dtype":                              one(`"shape":[4],"data_offsets":[0,4]`),
		"no shape":                              one(`"dtype":"U8","data_offsets":[0,4]`),
		"no data_offsets":                       one(`"dtype":"U8","shape":[4]`),
		`unknown field "offsets"`:               one(`"dtype":"U8","shape":[4],"offsets":[0,4]`),
		`unknown field "__proto__"`:             one(`"dtype":"U8","shape":[4],"data_offsets":[0,4],"__proto__":{}`),
		"dtype: byte 14: unexpected '8'":        one(`"dtype":8,"shape":[4],"data_offsets":[0,4]`),
		"shape: byte 27: unexpected '4'":        one(`"dtype":"U8","shape":4,"data_offsets":[0,4]`),
		"negative number":                       one(`"dtype":"U8","shape":[-4],"data_offsets":[0,4]`),
		`"4.0" is not an integer`:               one(`"dtype":"U8","shape":[4.0],"data_offsets":[0,4]`),
		`"4e0" is not an integer`:               one(`"dtype":"U8","shape":[4],"data_offsets":[0,4e0]`),
		`"9223372036854775808" is too large`:    one(`"dtype":"U8","shape":[4],"data_offsets":[0,9223372036854775808]`),
		"data_offsets: byte 49: 1 numbers":      one(`"dtype":"U8","shape":[4],"data_offsets":[0]`),
		"more than two numbers":                 one(`"dtype":"U8","shape":[4],"data_offsets":[0,4,4]`),
		"begin 4 is after end 0":                file("{"+entry("x", "U8", "[4]", 4, 0)+"}", 4),
		"4 bytes, 5 elements of U8 take 5":      file("{"+entry("x", "U8", "[5]", 0, 4)+"}", 4),
		"4 bytes, 4 elements of F32 take 16":    file("{"+entry("x", "F32", "[4]", 0, 4)+"}", 4),
		"4 bytes, 0 elements of U8 take 0":      file("{"+entry("x", "U8", "[0]", 0, 4)+"}", 4),
		"do not fill whole bytes":               file("{"+entry("x", "F4", "[3]", 0, 2)+"}", 2),
		"number of elements overflows":          file("{"+entry("x", "U8", "[4294967296,4294967296,4294967296]", 0, 4)+"}", 4),
		"size overflows":                        file("{"+entry("x", "F64", "[1152921504606846976]", 0, 0)+"}", 0),
		"leave a gap":                           file("{"+x+","+entry("y", "U8", "[1]", 5, 6)+"}", 6),
		"begin at 1 and leave a gap":            file("{"+entry("x", "U8", "[3]", 1, 4)+"}", 4),
		`begin at 3, inside those of tensor "x"`: file("{"+x+","+
			entry("y", "U8", "[2]", 3, 5)+"}", 5),
		`tensor "y": data begin at 0, inside`: file("{"+x+","+entry("y", "U8", "[4]", 0, 4)+"}", 4),
		"past the end of the file at 3":       file("{"+x+"}", 3),
		"tensors end at 4, the file at 5":     file("{"+x+"}", 5),
		"tensors end at 0, the file at 1":     file("{}", 1),
		"want an object":                      file(`{"x":`+strings.Repeat("[", 2_000), 0),
		`byte 10: unknown field "x"`:          file(strings.Repeat(`{"x":`, 2_000), 0),
	}
}

func TestReadHeaderRejects(t *testing.T) {
	for want, b := range malformed() {
		h, err := read(b)
		assert.ErrorIs(t, err, ErrFormat, want)
		assert.ErrorContains(t, err, want)
		assert.Nil(t, h)
	}
}

func TestErrorsNameTheTensor(t *testing.T) {
	for _, bad := range []string{
		`"layer.7":{"dtype":"U8","shape":[4]}`, `"layer.7":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"x":1}`,
		entry("layer.7", "U8", "[9]", 0, 4), entry("layer.7", "U8", "[-1]", 0, 4), entry("layer.7", "U8", "[4]", 9, 13),
		entry("layer.7", "U8", "[4]", 2, 6), entry("layer.7", "U8", "[9]", 4, 13), entry("layer.6", "U8", "[1]", 4, 5) + "," +
			entry("layer.7", "U8", "[1]", 5, 6) + "," + entry("layer.7", "U8", "[1]", 6, 7),
	} {
		_, err := read(file("{"+entry("layer.6b", "U8", "[4]", 0, 4)+","+bad+"}", 7))
		assert.ErrorContains(t, err, `"layer.7"`, bad)
	}
}

func TestReadErrors(t *testing.T) {
	b := file("{"+entry("x", "U8", "[4]", 0, 4)+"}", 4)
	for _, cut := range []int{0, 7, 8, 20} {
		_, err := ReadHeader(bytes.NewReader(b[:cut]), int64(len(b)))
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF, cut)
		assert.NotErrorIs(t, err, ErrFormat)
	}
	broken := errors.New("broken disk")
	_, err := ReadHeader(io.MultiReader(bytes.NewReader(b[:20]), iotest.ErrReader(broken)), int64(len(b)))
	assert.ErrorIs(t, err, broken)
}

func TestElements(t *testing.T) {
	for _, c := range []struct {
		shape []int64
		n     int64
		ok    bool
	}{
		{nil, 1, true}, {[]int64{0}, 0, true}, {[]int64{2, 3, 4}, 24, true}, {[]int64{0, 1 << 62, 4}, 0, true},
		{[]int64{1 << 31, 1 << 31}, 1 << 62, true}, {[]int64{1 << 32, 1 << 31}, 0, false},
		{[]int64{1 << 62, 1 << 62}, 0, false}, {[]int64{-1}, 0, false},
	} {
		n, ok := Elements(c.shape)
		assert.Equal(t, c.ok, ok, c.shape)
		assert.Equal(t, c.n, n, c.shape)
	}
}
