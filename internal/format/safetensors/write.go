package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Data is a tensor to write.
type Data struct {
	Name  string
	DType string
	Shape []int64
	Bytes []byte // row-major, little-endian
}

// Write writes a file that holds the tensors in the order given. Equal
// arguments give equal bytes: the keys of metadata are sorted. The header is
// padded with spaces to a multiple of 8 bytes, so the first tensor is aligned,
// and every other one behind tensors whose sizes are multiples of 8.
//
// Tensors that no reader would accept are errors that wrap [ErrFormat].
func Write(w io.Writer, tensors []Data, metadata map[string]string) error {
	header, err := encodeHeader(tensors, metadata)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	if _, err := w.Write(append(length, header...)); err != nil {
		return err
	}
	for _, t := range tensors {
		if _, err := w.Write(t.Bytes); err != nil {
			return err
		}
	}
	return nil
}

func encodeHeader(tensors []Data, metadata map[string]string) ([]byte, error) {
	b := []byte{'{'}
	seen := map[string]bool{metadataKey: true}
	if metadata != nil {
		b = appendString(b, metadataKey)
		b = append(b, ':')
		var err error
		if b, err = appendMetadata(b, metadata); err != nil {
			return nil, err
		}
	}
	var begin int64
	for _, d := range tensors {
		t := Tensor{Name: d.Name, Layout: &Layout{DType: d.DType, Shape: d.Shape, Size: int64(len(d.Bytes))}}
		if seen[t.Name] || !utf8.ValidString(t.Name) || !utf8.ValidString(t.DType) {
			return nil, fmt.Errorf("tensor %q: name taken or not UTF-8", t.Name)
		}
		seen[t.Name] = true
		if err := t.checkSize(); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = appendEntry(b, t, begin)
		begin += t.Size
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	if len(b) > MaxHeader {
		return nil, fmt.Errorf("header of %d bytes, the limit is %d", len(b), MaxHeader)
	}
	return b, nil
}

func appendEntry(b []byte, t Tensor, begin int64) []byte {
	b = appendString(b, t.Name)
	b = append(b, `:{"dtype":`...)
	b = appendString(b, t.DType)
	b = append(b, `,"shape":[`...)
	for i, d := range t.Shape {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, d, 10)
	}
	b = append(b, `],"data_offsets":[`...)
	b = strconv.AppendInt(b, begin, 10)
	b = append(b, ',')
	b = strconv.AppendInt(b, begin+t.Size, 10)
	return append(b, "]}"...)
}

func appendString(b []byte, s string) []byte {
	text, _ := json.Marshal(s) // no string makes it fail
	return append(b, text...)
}

func appendMetadata(b []byte, metadata map[string]string) ([]byte, error) {
	for k, v := range metadata {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return nil, fmt.Errorf("%s: key %q: not UTF-8", metadataKey, k)
		}
	}
	text, err := json.Marshal(metadata) // sorts the keys
	return append(b, text...), err
}
