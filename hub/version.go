package hub

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	// beyond is how much of the values behind a header is compared with it, since models
	// that were trained on have the same header.
	beyond = 4 << 10
	// compared is how much is, of a file whose header does not say where it ends.
	compared = 64 << 10
)

// version is what shows that a file changed between two answers.
type version struct {
	tag      string // the ETag
	modified string // the Last-Modified, which counts where there is no tag
}

func versionOf(h http.Header) version {
	v := version{tag: h.Get("ETag")}
	if v.tag == "" {
		v.modified = h.Get("Last-Modified")
	}
	return v
}

// unknown reports whether the server says nothing of the version.
func (v version) unknown() bool { return v == version{} }

func (v version) String() string {
	switch {
	case v.tag != "":
		return "ETag " + shown(v.tag)
	case v.modified != "":
		return "Last-Modified " + shown(v.modified)
	}
	return "neither ETag nor Last-Modified"
}

// keep takes down what the file begins with, and drops what of the head is of no use: a
// safetensors file says itself how long its header is.
func (f *File) keep() {
	have := len(f.head)
	f.summed = min(have, compared)
	if strings.HasSuffix(f.name, ".safetensors") && have >= 8 {
		header := min(uint64(have), binary.LittleEndian.Uint64(f.head))
		f.summed = min(have, int(header)+8+beyond)
		if int64(have) < f.size { // else it is the whole file
			f.head = slices.Clone(f.head[:f.summed])
		}
	}
	f.sum = sha256.Sum256(f.head[:f.summed])
}

// unchanged reads the beginning of a file again whose server sends no ETag, and
// compares it. The time of a change has no more than seconds, and many servers do not
// send it at all.
func (f *File) unchanged(ctx context.Context) error {
	if f.was.tag != "" {
		return nil
	}
	head := make([]byte, f.summed)
	if err := f.read(ctx, head, 0); err != nil {
		return err
	}
	if sha256.Sum256(head) != f.sum {
		return fmt.Errorf("%w: %s: its first %d bytes are others", ErrChanged, placeOf(f.address), f.summed)
	}
	return nil
}
