package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The types of metadata values.
const (
	kindUint32 = 4
	kindString = 8
	kindArray  = 9
)

// width returns the size of a value of fixed size, 0 for others.
func width(kind uint32) uint64 {
	switch kind {
	case 0, 1, 7: // u8, i8, bool
		return 1
	case 2, 3: // u16, i16
		return 2
	case 4, 5, 6: // u32, i32, f32
		return 4
	case 10, 11, 12: // u64, i64, f64
		return 8
	}
	return 0
}

// metadata reads n keys with their values and keeps the few that matter here;
// most of the others are the tokenizer.
func (d *decoder) metadata(f *File, n uint64) error {
	seen := make(map[string]bool)
	for range n {
		key, err := d.text()
		if err != nil {
			return fmt.Errorf("metadata: %w", err)
		}
		if seen[key] {
			return malformed("metadata: key %q twice", key)
		}
		if key == "" {
			return malformed("metadata: an empty key")
		}
		seen[key] = true
		kind, err := d.u32()
		if err == nil {
			err = d.value(f, key, kind)
		}
		if err != nil {
			return fmt.Errorf("metadata: key %q: %w", key, err)
		}
	}
	return nil
}

func (d *decoder) value(f *File, key string, kind uint32) (err error) {
	switch key {
	case "general.architecture":
		f.Architecture, err = d.textValue(kind)
	case "general.name":
		f.Name, err = d.textValue(kind)
	case "general.alignment":
		d.alignment, err = d.alignmentValue(kind)
	case "split.no":
		f.Split, err = d.count(kind)
	case "split.count":
		f.Parts, err = d.count(kind)
	default:
		err = d.skipValue(kind)
	}
	return err
}

func (d *decoder) textValue(kind uint32) (string, error) {
	if kind != kindString {
		return "", malformed("value of type %d, want a string", kind)
	}
	return d.text()
}

// alignmentValue reads a power of two, of the only type that ggml takes it in.
func (d *decoder) alignmentValue(kind uint32) (uint32, error) {
	if kind != kindUint32 {
		return 0, malformed("value of type %d, want an unsigned integer of 32 bits", kind)
	}
	n, err := d.u32()
	if err == nil && (n == 0 || n&(n-1) != 0) {
		err = malformed("%d is not a power of two", n)
	}
	return n, err
}

// count reads an integer that fits 16 bits, as split.no and split.count do.
func (d *decoder) count(kind uint32) (int, error) {
	n, err := d.number(kind)
	if err == nil && n > math.MaxUint16 {
		err = malformed("%d is too large", n)
	}
	return int(n), err
}

// number reads an integer of any width; a negative one comes out huge.
func (d *decoder) number(kind uint32) (uint64, error) {
	if kind == 6 || kind == 7 || kind == 12 || width(kind) == 0 {
		return 0, malformed("value of type %d, want an integer", kind)
	}
	var b [8]byte
	if err := d.read(b[:width(kind)]); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

// skipValue reads past a value.
func (d *decoder) skipValue(kind uint32) error {
	if kind == kindArray {
		return d.skipArray()
	}
	return d.skipScalar(kind)
}

// skipScalar reads past a value that is no array.
func (d *decoder) skipScalar(kind uint32) error {
	switch {
	case kind == kindString:
		n, err := d.u64()
		if err != nil {
			return err
		}
		return d.skip(n)
	case width(kind) == 0:
		return malformed("value of unknown type %d", kind)
	}
	return d.skip(width(kind))
}

// skipArray reads past an array. The format has arrays of arrays, ggml has not: it
// refuses a file with one, whatever is in it.
func (d *decoder) skipArray() error {
	kind, err := d.u32()
	if err != nil {
		return err
	}
	n, err := d.u64()
	if err != nil {
		return err
	}
	if kind == kindArray {
		return malformed("an array of arrays, which ggml does not take")
	}
	if w := width(kind); w > 0 {
		if n > uint64(d.size)/w {
			return malformed("an array of %d elements in a file of %d bytes", n, d.size)
		}
		return d.skip(n * w)
	}
	if kind != kindString { // also where there are none
		return malformed("an array of values of unknown type %d", kind)
	}
	// Every element takes at least the 8 bytes of its length, so the loop ends
	// with the file.
	for range n {
		if err := d.skipScalar(kind); err != nil {
			return err
		}
	}
	return nil
}
