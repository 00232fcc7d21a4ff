package torchfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// The format before PyTorch 1.6 is one pickle behind the other: a magic number,
// the version of the protocol, facts of the machine, what was saved, and the
// keys of the storages. Behind them are the storages in the order of the keys:
// the number of elements in eight bytes, then the elements, little-endian
// whatever the machine was.

// magicNumber is 0x1950a86a20f9469cfc6c.
const magicNumber = big("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")

// legacyVersion is the only one there is.
const legacyVersion = int64(1001)

// legacy is a file of the old format.
type legacy struct {
	*window
	*budget
	size    int64
	storage map[string]*storage // by key
}

// isLegacy reports whether a file begins with the pickle of the magic number, in
// any of the protocols that torch.save takes. From 4 on a frame may be around it.
func isLegacy(start []byte) bool {
	if len(start) < 2 || start[0] != opProto || start[1] < 2 || start[1] > 5 {
		return false
	}
	start = start[2:]
	if len(start) > 9 && start[0] == opFrame {
		start = start[9:]
	}
	return bytes.HasPrefix(start, []byte("\x8a\x0a"+magicNumber+"."))
}

func openLegacy(r io.ReaderAt, size int64, b *budget) *legacy {
	return &legacy{window: newWindow(r, 0, size), budget: b, size: size, storage: make(map[string]*storage)}
}

// read returns what was saved.
func (l *legacy) read() (any, error) {
	magic, err := l.pickle("the magic number")
	if err != nil {
		return nil, err
	}
	if magic != any(magicNumber) {
		return nil, malformed("the magic number is %v", magic)
	}
	version, err := l.pickle("the version")
	if err != nil {
		return nil, err
	}
	if version != any(legacyVersion) {
		return nil, malformed("version %v of the format, only %d is known", version, legacyVersion)
	}
	if _, err := l.pickle("the facts of the machine"); err != nil {
		return nil, err
	}
	root, err := l.pickle("the pickle of what was saved")
	if err != nil {
		return nil, err
	}
	keys, err := l.pickle("the keys of the storages")
	if err != nil {
		return nil, err
	}
	return root, l.place(sequence(keys))
}

// pickle runs the next pickle.
func (l *legacy) pickle(what string) (any, error) {
	l.start = l.at
	m := &machine{window: l.window, budget: l.budget, storages: l}
	v, err := m.run()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return v, nil
}

// open returns the storage of this key; where it is comes last in the file.
func (l *legacy) open(key, dtype string, n int64) (*storage, error) {
	if s := l.storage[key]; s != nil {
		return s, s.sameType(dtype)
	}
	width := int64(max(1, width(dtype)))
	if n < 0 || n > l.size/width {
		return nil, malformed("storage %q: %d elements of %d bytes in a file of %d bytes", key, n, width, l.size)
	}
	s := &storage{key: key, dtype: dtype, length: n * width}
	l.storage[key] = s
	return s, l.spend(tensorCost)
}

// place finds the storages behind the pickles.
func (l *legacy) place(keys []any) error {
	for i, k := range keys {
		key, _ := k.(string)
		s := l.storage[key]
		if s == nil || s.placed {
			return malformed("the storage %s is not one that the pickle uses, or there twice", describe(k))
		}
		if s.unknown != "" {
			return nil // its length, and with it where the next one begins, cannot be told
		}
		if err := l.placeOne(s); err != nil {
			return fmt.Errorf("storage %q, %d of %d: %w", key, i+1, len(keys), err)
		}
	}
	if len(keys) != len(l.storage) {
		return malformed("%d storages, the pickle uses %d", len(keys), len(l.storage))
	}
	return nil
}

// placeOne reads the count of elements in front of a storage.
func (l *legacy) placeOne(s *storage) error {
	var count [8]byte
	if l.size-l.at < int64(len(count)) {
		return malformed("the file ends at %d", l.size)
	}
	if _, err := l.r.ReadAt(count[:], l.at); err != nil && err != io.EOF {
		return err
	}
	l.at += int64(len(count))
	elements := s.length / int64(max(1, width(s.dtype)))
	if n := binary.LittleEndian.Uint64(count[:]); n != uint64(elements) {
		return malformed("%d elements, the pickle says %d", n, elements)
	}
	s.offset, s.placed = l.at, true
	return l.skip(uint64(s.length))
}
