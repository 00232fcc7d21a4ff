package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/nlpodyssey/safetensors"
)

// files is a file system of one model, whose tensors another library holds.
type files struct {
	name   string
	header []byte
	blocks [][]byte // in the order of the header, in the memory of the library
	size   int64
}

// SafeTensors shows tensors that github.com/nlpodyssey/safetensors has read as a file
// of this name, for [checkpoint.Opener.OpenFS]. Their values are not copied.
func SafeTensors(st safetensors.SafeTensors, name string) (fs.FS, error) {
	type entry struct {
		DType   string   `json:"dtype"`
		Shape   []uint64 `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	f := &files{name: name}
	entries := make(map[string]entry)
	for _, t := range st.Tensors() {
		data := t.TensorView.Data()
		end := f.size + int64(len(data))
		entries[t.Name] = entry{t.TensorView.DType().String(), t.TensorView.Shape(), [2]int64{f.size, end}}
		f.blocks, f.size = append(f.blocks, data), end
	}
	text, err := json.Marshal(entries)
	if err != nil {
		return nil, err
	}
	f.header = append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	f.size += int64(len(f.header))
	return f, nil
}

// Open gives the file; the directory is not listed.
func (f *files) Open(name string) (fs.File, error) {
	if name != f.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &file{SectionReader: io.NewSectionReader(f, 0, f.size), files: f}, nil
}

// ReadAt puts the file together from the pieces that it touches.
func (f *files) ReadAt(p []byte, offset int64) (n int, err error) {
	for _, block := range append([][]byte{f.header}, f.blocks...) {
		if offset < int64(len(block)) {
			n += copy(p[n:], block[offset:])
			offset = 0
		} else {
			offset -= int64(len(block))
		}
		if n == len(p) {
			return n, nil
		}
	}
	return n, io.EOF
}

// file is what Open gives: an io.ReaderAt, as the section it reads.
type file struct {
	*io.SectionReader
	files *files
}

func (f *file) Stat() (fs.FileInfo, error) { return info{f.files}, nil }
func (f *file) Close() error               { return nil }

type info struct{ f *files }

func (i info) Name() string       { return path.Base(i.f.name) }
func (i info) Size() int64        { return i.f.size }
func (i info) Mode() fs.FileMode  { return 0o444 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }

// encode writes a model as its owner would, for the demonstration.
func encode(values map[string]safetensors.TensorView) ([]byte, error) {
	var b bytes.Buffer
	err := safetensors.SerializeToWriter(values, nil, &b)
	return b.Bytes(), err
}
