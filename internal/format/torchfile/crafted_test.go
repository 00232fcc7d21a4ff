package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// archived puts entries, pairs of name and content, into an uncompressed zip, with
// the version of the format if there is none.
func archived(entries ...string) []byte {
	root, _, inside := strings.Cut(entries[0], "/")
	for i := 0; i < len(entries); i += 2 {
		inside = inside && !strings.HasSuffix(entries[i], "/version")
	}
	if inside {
		entries = append(entries, root+"/version", "3\n")
	}
	return zipped(entries...)
}

// zipped puts entries, pairs of name and content, into an uncompressed zip.
func zipped(entries ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: entries[i], Method: zip.Store})
		if err == nil {
			_, err = f.Write([]byte(entries[i+1]))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func pickled(text string) []byte {
	return archived("x/data.pkl", text, "x/data/0", strings.Repeat("\x00", 64))
}

// tensorText is a pickle of {"w": a tensor} whose storage claims n elements.
func tensorText(class, key string, n int, offset, shape, stride string) string {
	storage := fmt.Sprintf("(U\x07storagec%s\nU%c%sU\x03cpuJ%stQ", class, rune(len(key)), key, binary.LittleEndian.AppendUint32(nil, uint32(n)))
	return "}U\x01wctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + shape + stride + "\x89NtRs."
}

// numbers is a tuple of integers of eight bytes.
func numbers(values ...int64) string {
	s := "("
	for _, v := range values {
		s += number8(v)
	}
	return s + "t"
}

func number8(v int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(v)))
}

const float = "torch\nFloatStorage"

// crafted maps what the error must say to a file.
func crafted() map[string][]byte {
	view := func(offset int64, shape, stride string) []byte {
		return pickled(tensorText(float, "0", 16, number8(offset), shape, stride))
	}
	good := pickled(tensorText(float, "0", 16, "K\x00", numbers(4, 4), numbers(4, 1)))
	return map[string][]byte{
		"3 bytes":                                                 []byte("PK\x03"),
		"no directory at its end":                                 good[:len(good)-30],
		"has no data.pkl":                                         archived("x/data/0", "y"),
		`"x/data.pkl" is there twice`:                             archived("x/data.pkl", "}.", "x/data.pkl", "}."),
		"byte 0: 1 bytes wanted, 0 are left":                      pickled(""),
		"byte 1: the stack is empty":                              pickled("."),
		"byte 1: no mark":                                         pickled("t"),
		"pickle protocol 9":                                       pickled("\x80\x09}."),
		"a string without its quotes":                             pickled("Sx\n."),
		"a string with escapes":                                   pickled("S'\\x41'\n."),
		"the number \"x\"":                                        pickled("Ix\n."),
		"an object without its class":                             pickled("(o"),
		"instruction 'P'":                                         pickled("P0\n."),
		"instruction '\\u0082'":                                   pickled("\x82\x01."),
		"instruction '\\u0097'":                                   pickled("\x97."),
		`asks for "os.system"`:                                    pickled("cos\nsystem\n(U\x04truetR."),
		`asks for "builtins.exec"`:                                pickled("\x80\x04\x8c\x08builtins\x8c\x04exec\x93."),
		"a line without end":                                      pickled("cos"),
		"holds None":                                              pickled("N."),
		"holds an object of class torch.Size and not":             pickled("ctorch\nSize\n(K\x01tR."),
		"_rebuild_tensor_v2 with 2 arguments":                     pickled("ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x02tR."),
		"holds torch.Size and not":                                pickled("ctorch\nSize\n."),
		"nothing is remembered as 5":                              pickled("h\x05."),
		"4294967295 bytes wanted":                                 pickled("X\xff\xff\xff\xff."),
		"18446744073709551615 bytes wanted":                       pickled("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."),
		"not a dictionary but a list":                             pickled("]U\x01aU\x01bs."),
		"not a list but a dictionary":                             pickled("}U\x01aa."),
		"a key without a value":                                   pickled("}(U\x01au."),
		"a call of":                                               pickled("}}R."),
		"other than a storage":                                    pickled("U\x01aQ."),
		"nested more than 64 deep":                                pickled("}q\x00U\x01ah\x00s."),
		"builds far more":                                         pickled(strings.Repeat("]", 1<<20) + "."),
		`storage "9": malformed PyTorch file: x/data/9 is not in`: pickled(tensorText(float, "9", 1, "K\x00", ")", ")")),
		"17 elements of 4 bytes, the archive has 64":              pickled(tensorText(float, "0", 17, "K\x00", ")", ")")),
		"-1 elements":                                             pickled(tensorText(float, "0", -1, "K\x00", ")", ")")),
		"a storage of class":                                      pickled(tensorText("torch\nSize", "0", 1, "K\x00", ")", ")")),
		"key ../0":                                                pickled(tensorText(float, "../0", 1, "K\x00", ")", ")")),
		"with 6 arguments":                                        pickled(tensorText(float, "0", 16, "N", numbers(4), numbers(1))),
		"shape [4 5] with strides":                                view(0, numbers(4, 5), numbers(5, 1)),
		"at 1, its storage":                                       view(1, numbers(4, 4), numbers(4, 1)),
		"strides [4 1] at -1":                                     view(-1, numbers(4, 4), numbers(4, 1)),
		"shape [-4 4]":                                            view(0, numbers(-4, 4), numbers(4, 1)),
		"strides [-4 1]":                                          view(0, numbers(4, 4), numbers(-4, 1)),
		"strides [1] at 0":                                        view(0, numbers(4, 4), numbers(1)),
		"shape [4611686018427387904 4611686018427387904] with":    view(0, numbers(1<<62, 1<<62), numbers(1, 1)),
		"shape [2 2] with strides [9223372036854775807":           view(0, numbers(2, 2), numbers(math.MaxInt64, math.MaxInt64)),
		"at 9223372036854775807":                                  view(math.MaxInt64, numbers(1), numbers(1)),
	}
}

func TestReadRejects(t *testing.T) {
	for want, b := range crafted() {
		tensors, err := read(b)
		assert.True(t, errors.Is(err, ErrFormat) || errors.Is(err, ErrRefused), "%s: %v", want, err)
		assert.ErrorContains(t, err, want)
		assert.Empty(t, tensors)
	}
}

func TestMinimal(t *testing.T) {
	b := pickled(tensorText(float, "0", 16, "K\x02", numbers(2, 3), numbers(3, 1)))
	tensors, err := read(b)
	require.NoError(t, err)
	require.Len(t, tensors, 1)
	at := int64(bytes.Index(b, make([]byte, 64)))
	assert.Equal(t, Tensor{Name: "w", DType: "F32", Shape: []int64{2, 3}, Offset: at + 8, Span: 24}, tensors[0])
}

func TestNameTaken(t *testing.T) {
	text := tensorText(float, "0", 16, "K\x00", numbers(4, 4), numbers(4, 1))
	_, err := read(pickled(strings.TrimSuffix(text, ".") + text[1:]))
	assert.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, `tensor "w": name taken`)
}

// TestLaterVersions reads what PyTorch 2 writes for types without a storage class
// of their own: an untyped storage, and the type with the tensor.
func TestLaterVersions(t *testing.T) {
	text := func(dtype string) string {
		s := tensorText("torch.storage\nUntypedStorage", "0", 64, "K\x02", numbers(3, 2), numbers(2, 1))
		s = strings.Replace(s, "_rebuild_tensor_v2", "_rebuild_tensor_v3", 1)
		return strings.Replace(s, "\x89NtR", "\x89Nctorch\n"+dtype+"\ntR", 1)
	}
	for dtype, want := range map[string]string{"float8_e4m3fn": "F8_E4M3", "float8_e5m2fnuz": "F8_E5M2FNUZ", "uint16": "U16", "bfloat16": "BF16"} {
		tensors, err := read(pickled(text(dtype)))
		require.NoError(t, err, dtype)
		require.Len(t, tensors, 1)
		assert.Equal(t, want, tensors[0].DType)
		assert.Equal(t, int64(6*width(want)), tensors[0].Span, dtype)
	}
	tensors, err := read(pickled(text("uint3")))
	require.NoError(t, err)
	assert.Equal(t, []Tensor{{Name: "w", DType: "UINT3", Shape: []int64{3, 2}, Skip: "its type is not known"}}, tensors)
	_, err = read(pickled(strings.Replace(text("int64"), numbers(3, 2), numbers(9, 2), 1)))
	assert.ErrorContains(t, err, "its storage \"0\" has 8 elements")
}

// TestManyTensors reads as many small tensors as a training checkpoint has: the
// budget is not for them.
func TestManyTensors(t *testing.T) {
	one := strings.TrimSuffix(tensorText(float, "0", 16, "K\x00", numbers(2, 2), numbers(2, 1))[1:], ".")
	var text strings.Builder
	text.WriteString("}")
	const n = 20_000
	for i := range n {
		text.WriteString(strings.Replace(one, "U\x01w", fmt.Sprintf("U\x07%07d", i), 1))
	}
	tensors, err := read(pickled(text.String() + "."))
	require.NoError(t, err)
	assert.Len(t, tensors, n)
}
