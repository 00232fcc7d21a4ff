package npy

import (
	"fmt"
	"strconv"
	"strings"
)

// header is what the dictionary at the start of an array says.
type header struct {
	dtype   dtype
	fortran bool
	shape   []int64
}

// dtype is the type of the elements.
type dtype struct {
	name      string
	width     int64 // in bytes; 0 where nothing says it
	bigEndian bool
	skip      string
}

// parseHeader reads the dictionary. It has three keys, neither more nor less.
func parseHeader(text []byte) (h header, err error) {
	p := &literal{text: string(text)}
	have := make(map[string]bool)
	err = p.dict(func(key string) (err error) {
		if have[key] {
			return malformed("header: key %q twice", key)
		}
		have[key] = true
		v, err := p.value(0)
		if err != nil {
			return err
		}
		switch key {
		case "descr":
			h.dtype, err = parseDType(v)
		case "fortran_order":
			var ok bool
			if h.fortran, ok = v.(bool); !ok {
				err = malformed("header: fortran_order is not True or False")
			}
		case "shape":
			h.shape, err = parseShape(v)
		default:
			err = malformed("header: unknown key %q", key)
		}
		return err
	})
	if err == nil && len(have) != 3 {
		err = malformed("header: it must have descr, fortran_order and shape")
	}
	return h, err
}

func parseShape(v any) ([]int64, error) {
	items, ok := v.(sequence)
	if !ok || len(items) > maxDims {
		return nil, malformed("header: shape is not a tuple of at most %d numbers", maxDims)
	}
	shape := make([]int64, len(items))
	for i, item := range items {
		if shape[i], ok = item.(int64); !ok || shape[i] < 0 {
			return nil, malformed("header: shape: %v is no length", item)
		}
	}
	return shape, nil
}

// names are NumPy's types that safetensors has a name for, and complex and long
// numbers, which are listed like them.
var names = map[string]string{
	"f2": "F16", "f4": "F32", "f8": "F64", "f12": "F96", "f16": "F128",
	"i1": "I8", "i2": "I16", "i4": "I32", "i8": "I64",
	"u1": "U8", "u2": "U16", "u4": "U32", "u8": "U64",
	"b1": "BOOL", "c8": "C64", "c16": "C128", "c32": "C256",
}

// parseDType reads a type such as <f4: the order of the bytes, the kind and the width.
func parseDType(v any) (dtype, error) {
	if fields, ok := v.(sequence); ok {
		return dtype{name: "records", skip: fmt.Sprintf("records of %d fields, not numbers", len(fields))}, nil
	}
	text, _ := v.(string)
	if len(text) < 2 || strings.IndexByte("<>|=", text[0]) < 0 {
		return dtype{}, malformed("header: descr %q", text)
	}
	kind, digits := text[1], text[2:]
	if kind == 'O' {
		return dtype{name: "object", skip: "Python objects, which only a pickle holds"}, nil
	}
	digits, _, _ = strings.Cut(digits, "[") // M8[ns] counts nanoseconds
	width, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || width < 0 {
		return dtype{}, malformed("header: descr %q", text)
	}
	d := dtype{name: names[text[1:]], width: width, bigEndian: text[0] == '>'}
	switch {
	case d.name != "" && width > 1 && text[0] != '<' && text[0] != '>':
		d.skip = fmt.Sprintf("type %q, which leaves the order of the bytes open", text)
	case d.name != "":
	case kind == 'V':
		d.name, d.skip = text[1:], "raw bytes, as NumPy keeps bfloat16 and 8-bit floats; save them as float32"
	case kind == 'U':
		d.name, d.width, d.skip = text[1:], 4*width, "text, not numbers"
	case kind == 'S' || kind == 'a':
		d.name, d.skip = text[1:], "text, not numbers"
	case kind == 'M' || kind == 'm':
		d.name, d.skip = text[1:], "times, not numbers"
	default:
		return dtype{}, malformed("header: descr %q", text)
	}
	return d, nil
}
