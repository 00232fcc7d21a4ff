// Package decimal writes float64s, in text and in JSON, so that every value has a place there.
package decimal

import (
	"encoding/json"
	"math"
	"strconv"
)

// What stands for the infinite ones, in JSON as strings.
const (
	PosInf = "Infinity"
	NegInf = "-Infinity"
)

// Text returns the shortest decimal that reads back the same, PosInf, NegInf, or "" for NaN.
func Text(f float64) string {
	switch {
	case math.IsNaN(f):
		return ""
	case math.IsInf(f, 1):
		return PosInf
	case math.IsInf(f, -1):
		return NegInf
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// JSON returns the same as a value of JSON: null for NaN.
func JSON(f float64) ([]byte, error) {
	switch {
	case math.IsNaN(f):
		return []byte("null"), nil
	case math.IsInf(f, 0):
		return []byte(`"` + Text(f) + `"`), nil
	}
	return json.Marshal(f)
}
