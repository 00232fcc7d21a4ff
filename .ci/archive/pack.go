package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// A file is an entry of an archive.
type file struct {
	name string
	mode fs.FileMode
	data []byte
}

// pack returns the archive of b: a zip file for Windows, a compressed tar file
// elsewhere. Entries are sorted, carry the time of the commit, and belong to nobody.
func pack(b *binary, files []file) ([]byte, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	for i := range files {
		files[i].name = b.folder() + "/" + files[i].name
	}
	var out bytes.Buffer
	var err error
	if b.os == "windows" {
		err = packZip(&out, b, files)
	} else {
		err = packTar(&out, b, files)
	}
	return out.Bytes(), err
}

func packTar(w io.Writer, b *binary, files []file) error {
	// The header of gzip stays empty: no name, no time, unknown system.
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Format: tar.FormatUSTAR,
			Name: f.name, Size: int64(len(f.data)), Mode: int64(f.mode), ModTime: b.time,
		}
		if err := t.WriteHeader(header); err != nil {
			return err
		}
		if _, err := t.Write(f.data); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

func packZip(w io.Writer, b *binary, files []file) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: b.time}
		header.SetMode(f.mode)
		entry, err := z.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.data); err != nil {
			return err
		}
	}
	return z.Close()
}
