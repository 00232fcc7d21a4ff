// Package numfmt decodes the narrow number formats in which checkpoints are
// stored: 8-bit floats of four kinds, with or without scales, and MXFP4.
//
// The formats are those of the OCP "8-bit Floating Point Specification" (OFP8,
// revision 1.0), of "8-bit Numerical Formats for Deep Neural Networks"
// (arXiv 2206.02915) for the FNUZ kinds, and of the OCP "Microscaling Formats
// (MX) Specification" (version 1.0) for E8M0 and MXFP4.
package numfmt

import "math"

// Format is a float of 8 bits: a sign, Exponent bits, and what is left as the
// fraction.
type Format struct {
	exponent int // width in bits
	bias     int
	special  special
}

// special says which codes are not numbers.
type special int

const (
	ieee      special = iota // exponent of ones: infinity, NaN
	finite                   // all ones but the sign: NaN; no infinity
	finiteUZ                 // the code of −0: NaN; no infinity, no −0
	scaleOnly                // no sign, no fraction; all ones: NaN
)

// Lookup returns the 8-bit format that safetensors calls by name.
func Lookup(name string) (Format, bool) {
	switch name {
	case "F8_E4M3":
		return Format{4, 7, finite}, true
	case "F8_E5M2":
		return Format{5, 15, ieee}, true
	case "F8_E4M3FNUZ":
		return Format{4, 8, finiteUZ}, true
	case "F8_E5M2FNUZ":
		return Format{5, 16, finiteUZ}, true
	case "F8_E8M0":
		return Format{8, 127, scaleOnly}, true
	}
	return Format{}, false
}

// Table holds the value of every code. Each is exact in float32, and in
// bfloat16 too.
type Table [256]float32

// Table returns the values of f.
func (f Format) Table() *Table {
	var t Table
	for code := range t {
		t[code] = f.value(code)
	}
	return &t
}

// value decodes by the definition: (−1)^sign · 2^(e−bias) · 1.fraction, and
// 2^(1−bias) · 0.fraction where e is 0.
func (f Format) value(code int) float32 {
	if f.special == scaleOnly {
		if code == 0xff {
			return float32(math.NaN())
		}
		return float32(math.Ldexp(1, code-f.bias))
	}
	width := 7 - f.exponent // of the fraction
	e := code & 0x7f >> width
	m := code & (1<<width - 1)
	switch {
	case f.special == finiteUZ && code == 0x80, f.special == finite && code&0x7f == 0x7f:
		return float32(math.NaN())
	case f.special == ieee && e == 1<<f.exponent-1 && m != 0:
		return float32(math.NaN())
	}
	v := math.Ldexp(float64(m), 1-f.bias-width)
	switch {
	case f.special == ieee && e == 1<<f.exponent-1:
		v = math.Inf(1)
	case e > 0:
		v = math.Ldexp(float64(1<<width+m), e-f.bias-width)
	}
	if code&0x80 != 0 {
		v = -v
	}
	return float32(v)
}

// BFloat16 writes the values of src to dst, which has two bytes for each, as
// bfloat16 in the order of bytes of the machine. src may be the last
// len(src) bytes of dst's memory.
func (t *Table) BFloat16(dst []uint16, src []byte) {
	var half [256]uint16
	for code, v := range t {
		half[code] = upper(v)
	}
	for i, code := range src {
		dst[i] = half[code]
	}
}

// upper returns v, which is exact in bfloat16, as one.
func upper(v float32) uint16 { return uint16(math.Float32bits(v) >> 16) }
