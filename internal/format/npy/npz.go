package npy

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/archive"
)

// ending is what the keys of an archive have behind them as names of entries.
const ending = ".npy"

// maxExpansion is how many bytes a compressed one can become at most: deflate
// repeats up to 258 bytes for two bits.
const maxExpansion = 1032

// Member is a compressed entry of an archive.
type Member struct {
	offset, size int64  // of the compressed bytes, in the file
	contents     int64  // length decompressed
	crc          uint32 // of the contents
}

// End returns where the compressed bytes end in the file.
func (m *Member) End() int64 { return m.offset + m.size }

// ReadArchive lists the arrays of an archive of size bytes in the order of its
// directory. Entries that are no arrays are left out. Errors wrap [ErrFormat],
// [ErrVersion] or what r returned, and name the entry.
func ReadArchive(r io.ReaderAt, size int64) ([]Array, error) {
	files, err := archive.List(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	var arrays []Array
	for _, f := range files {
		key, ok := strings.CutSuffix(f.Name, ending)
		if !ok {
			continue
		}
		a, err := readEntry(r, f, size)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		a.Name = key
		arrays = append(arrays, a)
	}
	return arrays, nil
}

func readEntry(r io.ReaderAt, f *zip.File, size int64) (Array, error) {
	offset, err := archive.Locate(f, size)
	if err != nil {
		return Array{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	stored := int64(f.CompressedSize64)
	switch {
	case f.Flags&1 != 0:
		return Array{Size: stored, Skip: "encrypted"}, nil
	case f.Method == zip.Store:
		if f.UncompressedSize64 != f.CompressedSize64 {
			return Array{}, malformed("stored, yet of two lengths: %d and %d", f.CompressedSize64, f.UncompressedSize64)
		}
		a, err := read(io.NewSectionReader(r, offset, stored), stored)
		a.Offset += offset
		return a, err
	case f.Method != zip.Deflate:
		return Array{Size: stored, Skip: fmt.Sprintf("compressed by method %d of zip, which is not read", f.Method)}, nil
	case f.UncompressedSize64/maxExpansion > f.CompressedSize64:
		return Array{}, malformed("%d bytes cannot become %d", f.CompressedSize64, f.UncompressedSize64)
	}
	m := &Member{offset: offset, size: stored, contents: int64(f.UncompressedSize64), crc: f.CRC32}
	a, err := read(m.Reader(r), m.contents)
	a.Member = m
	return a, err
}

// Reader returns the contents of the member, decompressed as they are read from
// the file r. Their end is io.EOF only where length and checksum are right; else the
// error wraps [ErrFormat].
func (m *Member) Reader(r io.ReaderAt) io.Reader {
	return &contents{
		member: m, sum: crc32.NewIEEE(), left: m.contents,
		flate: flate.NewReader(io.NewSectionReader(r, m.offset, m.size)),
	}
}

type contents struct {
	member *Member
	flate  io.Reader
	sum    hash.Hash32
	left   int64
}

func (c *contents) Read(p []byte) (int, error) {
	n, err := c.flate.Read(p)
	c.sum.Write(p[:n])
	c.left -= int64(n)
	var corrupt flate.CorruptInputError
	switch {
	case c.left < 0:
		return 0, malformed("more than the %d bytes that the directory says", c.member.contents)
	case err == io.ErrUnexpectedEOF || err == io.EOF && c.left > 0:
		return n, malformed("%d bytes are missing", c.left)
	case err == io.EOF && c.sum.Sum32() != c.member.crc:
		return n, malformed("damaged: its checksum is not that of the directory")
	case errors.As(err, &corrupt):
		return n, malformed("damaged: %w", corrupt)
	}
	return n, err
}
