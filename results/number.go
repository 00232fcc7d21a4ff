package results

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/gospectrum/spectrum/internal/decimal"
)

// Number is a float64 with a place in JSON for every value: a finite one is
// the shortest number that reads back the same, an infinite one the string
// "Infinity" or "-Infinity", and NaN, a missing value, is null.
type Number float64

const (
	posInf = decimal.PosInf
	negInf = decimal.NegInf
)

// MarshalJSON implements [json.Marshaler]. It does not fail.
func (n Number) MarshalJSON() ([]byte, error) { return decimal.JSON(float64(n)) }

// UnmarshalJSON implements [json.Unmarshaler]. The error wraps [ErrFormat].
func (n *Number) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "null":
		*n = Number(math.NaN())
		return nil
	case `"` + posInf + `"`:
		*n = Number(math.Inf(1))
		return nil
	case `"` + negInf + `"`:
		*n = Number(math.Inf(-1))
		return nil
	}
	var f float64
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("%w: %.40q is not a number, %q, %q or null", ErrFormat, data, posInf, negInf)
	}
	*n = Number(f)
	return nil
}

// String returns the shortest decimal that reads back the same, "Infinity",
// "-Infinity", or "" for NaN.
func (n Number) String() string { return decimal.Text(float64(n)) }
