package results

import (
	"math"
	"strconv"
	"unicode/utf16"
)

// appendRepr appends x as Python's json module writes a float: repr, which is
// the shortest digits that read back the same, positional for
// 1e-4 ≤ |x| < 1e16 and scientific outside, and the tokens Infinity,
// -Infinity and NaN.
func appendRepr(dst []byte, x float64) []byte {
	switch {
	case math.IsNaN(x):
		return append(dst, "NaN"...)
	case math.IsInf(x, 1):
		return append(dst, posInf...)
	case math.IsInf(x, -1):
		return append(dst, negInf...)
	case x == math.Trunc(x) && math.Abs(x) < 1e16:
		return append(strconv.AppendFloat(dst, x, 'f', -1, 64), ".0"...)
	case math.Abs(x) >= 1e-4 && math.Abs(x) < 1e16:
		return strconv.AppendFloat(dst, x, 'f', -1, 64)
	}
	// Go and Python both write the exponent with a sign and two digits or more.
	return strconv.AppendFloat(dst, x, 'e', -1, 64)
}

const hexDigits = "0123456789abcdef"

// appendASCII appends s as a JSON string the way Python's json module does with
// ensure_ascii: everything outside ' '…'~' is escaped.
func appendASCII(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case ' ' <= r && r <= '~':
			dst = append(dst, byte(r))
		case shortEscape(r) != 0:
			dst = append(dst, '\\', shortEscape(r))
		case r >= 0x10000:
			high, low := utf16.EncodeRune(r)
			dst = appendHex(appendHex(dst, high), low)
		default: // an invalid byte comes as U+FFFD
			dst = appendHex(dst, r)
		}
	}
	return append(dst, '"')
}

// shortEscape returns the letter that stands for r after a backslash, or 0.
func shortEscape(r rune) byte {
	switch r {
	case '\b':
		return 'b'
	case '\f':
		return 'f'
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	}
	return 0
}

func appendHex(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
