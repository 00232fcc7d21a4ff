package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/gguf"
)

// torchTensor is a tensor as torch.save writes it since 2.1.
type torchTensor struct {
	name, dtype   string // dtype as PyTorch calls it
	shape, stride []byte
	data          []byte
}

// torchFile writes what torch.save makes of a dictionary.
func torchFile(t *testing.T, tensors ...torchTensor) []byte {
	t.Helper()
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	add := func(name string, data []byte) {
		f, err := z.CreateHeader(&zip.FileHeader{Name: "archive/" + name, Method: zip.Store})
		require.NoError(t, err)
		_, err = f.Write(data)
		require.NoError(t, err)
	}
	var p bytes.Buffer
	text := func(s string) { fmt.Fprintf(&p, "X%s%s", binary.LittleEndian.AppendUint32(nil, uint32(len(s))), s) }
	sizes := func(list []byte) {
		p.WriteByte('(')
		for _, n := range list {
			p.Write([]byte{'K', n})
		}
		p.WriteByte('t')
	}
	p.WriteString("\x80\x02}(")
	for i, x := range tensors {
		key := strconv.Itoa(i)
		text(x.name)
		p.WriteString("ctorch._utils\n_rebuild_tensor_v3\n((")
		text("storage")
		p.WriteString("ctorch.storage\nUntypedStorage\n")
		text(key)
		text("cpu")
		p.Write([]byte{'K', byte(len(x.data)), 't', 'Q', 'K', 0})
		sizes(x.shape)
		sizes(x.stride)
		fmt.Fprintf(&p, "\x89ccollections\nOrderedDict\n)Rctorch\n%s\ntR", x.dtype)
		add("data/"+key, x.data)
	}
	p.WriteString("u.")
	add("data.pkl", p.Bytes())
	add("version", []byte("3\n"))
	require.NoError(t, z.Close())
	return file.Bytes()
}

// ggufTensor is a tensor of a GGUF file, its shape with the outermost dimension first.
type ggufTensor struct {
	name  string
	kind  gguf.Type
	shape []int64
	data  []byte
}

// ggufFile writes a GGUF file of architecture llama.
func ggufFile(tensors ...ggufTensor) []byte {
	const alignment = 32
	le := binary.LittleEndian
	text := func(b []byte, s string) []byte { return append(le.AppendUint64(b, uint64(len(s))), s...) }
	pad := func(b []byte) []byte { return append(b, make([]byte, (alignment-len(b)%alignment)%alignment)...) }
	b := le.AppendUint32([]byte(gguf.Magic), 3)
	b = le.AppendUint64(le.AppendUint64(b, uint64(len(tensors))), 1)
	b = text(le.AppendUint32(text(b, "general.architecture"), 8), "llama") // 8: a string
	var data []byte
	for _, x := range tensors {
		b = le.AppendUint32(text(b, x.name), uint32(len(x.shape)))
		for i := range x.shape {
			b = le.AppendUint64(b, uint64(x.shape[len(x.shape)-1-i]))
		}
		b = le.AppendUint64(le.AppendUint32(b, uint32(x.kind)), uint64(len(data)))
		data = pad(append(data, x.data...))
	}
	return append(pad(b), data...)
}

// float32s are the bytes of n equal numbers.
func float32s(n int64, value float32) (b []byte) {
	for range n {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(value))
	}
	return b
}
