package safetensors

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWriteBytes(t *testing.T) {
	var b bytes.Buffer
	err := Write(&b, []Data{
		{"w", "BF16", []int64{1, 2}, []byte{1, 2, 3, 4}},
		{"s", "U8", nil, []byte{5}},
	}, map[string]string{"z": "1", "a": "2"})
	require.NoError(t, err)
	assert.Equal(t, "\x90\x00\x00\x00\x00\x00\x00\x00"+
		`{"__metadata__":{"a":"2","z":"1"},"w":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]},`+
		`"s":{"dtype":"U8","shape":[],"data_offsets":[4,5]}}   `+"\x01\x02\x03\x04\x05", b.String())
}

func TestWriteRead(t *testing.T) {
	tensors := []Data{
		{"quote\" back\\slash <é> \n", "F32", []int64{2, 1}, make([]byte, 8)},
		{"empty", "I64", []int64{0}, nil},
		{"future", "F3", []int64{5}, make([]byte, 3)},
	}
	for _, metadata := range []map[string]string{nil, {}, {"format": "pt", "\u2028": "&"}} {
		var b bytes.Buffer
		require.NoError(t, Write(&b, tensors, metadata))
		h, err := read(b.Bytes())
		require.NoError(t, err)
		assert.Equal(t, metadata, h.Metadata)
		assert.Zero(t, h.Start%8)
		require.Len(t, h.Tensors, len(tensors))
		at := h.Start
		for i, d := range tensors {
			assert.Equal(t, Tensor{d.Name, at, &Layout{d.DType, d.Shape, int64(len(d.Bytes))}}, h.Tensors[i])
			at += int64(len(d.Bytes))
		}
	}
}

func TestWriteRejects(t *testing.T) {
	ok := Data{"x", "U8", []int64{1}, []byte{0}}
	for _, c := range []struct {
		tensors  []Data
		metadata map[string]string
	}{
		{tensors: []Data{ok, ok}},
		{tensors: []Data{{metadataKey, "U8", []int64{1}, []byte{0}}}},
		{tensors: []Data{{"\xff", "U8", []int64{1}, []byte{0}}}},
		{tensors: []Data{{"x", "\xff", []int64{1}, []byte{0}}}},
		{tensors: []Data{{"x", "U8", []int64{2}, []byte{0}}}},
		{tensors: []Data{{"x", "U8", []int64{-1, -1}, []byte{0}}}},
		{tensors: []Data{ok}, metadata: map[string]string{"\xff": ""}},
		{tensors: []Data{ok}, metadata: map[string]string{"": "\xff"}},
	} {
		var b bytes.Buffer
		assert.ErrorIs(t, Write(&b, c.tensors, c.metadata), ErrFormat)
		assert.Zero(t, b.Len(), "nothing is written before the check")
	}
}

type failingWriter struct{ left int }

var errFull = errors.New("disk full")

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteReportsWriteErrors(t *testing.T) {
	for left := range 2 {
		err := Write(&failingWriter{left}, []Data{{"x", "U8", []int64{1}, []byte{0}}}, nil)
		assert.ErrorIs(t, err, errFull)
	}
}
