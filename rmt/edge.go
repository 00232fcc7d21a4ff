package rmt

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/option"
)

// EdgeRule says where the edge of the noise lies, above which a singular value is
// signal. A number between 0 and 1 is the level α of the Tracy–Widom edge, which the
// largest singular value of pure Gaussian noise passes with probability α.
type EdgeRule float64

const (
	// EdgeDefault leaves it to whoever estimates the noise; a [SpikedModel] takes
	// EdgeAsymptotic for it.
	EdgeDefault EdgeRule = 0
	// EdgeAsymptotic is σ·(√n + √m), to which the largest singular value of
	// noise converges (Geman 1980). Finite noise passes it now and then: with
	// probability 1 − F₁(0) = 0.168 in the limit.
	EdgeAsymptotic EdgeRule = -1
)

// String returns the text used on the command line and in result files:
// "default", "asymptotic", or "tw:" and the level.
func (e EdgeRule) String() string {
	switch e {
	case EdgeDefault:
		return "default"
	case EdgeAsymptotic:
		return "asymptotic"
	}
	return "tw:" + strconv.FormatFloat(float64(e), 'g', -1, 64)
}

// MarshalText returns the text, see [EdgeRule.String].
func (e EdgeRule) MarshalText() ([]byte, error) { return []byte(e.String()), e.Check() }

// UnmarshalText sets e from its text. The error wraps spectrum.ErrOption.
func (e *EdgeRule) UnmarshalText(text []byte) error {
	level, isLevel := strings.CutPrefix(string(text), "tw:")
	switch {
	case string(text) == "default":
		*e = EdgeDefault
		return nil
	case string(text) == "asymptotic":
		*e = EdgeAsymptotic
		return nil
	case isLevel:
		if v, err := strconv.ParseFloat(level, 64); err == nil && v > 0 && v < 1 {
			*e = EdgeRule(v)
			return nil
		}
	}
	return fmt.Errorf("%w: edge %q; want asymptotic, or tw: and a level between 0 and 1, such as tw:0.01", option.Err, text)
}

// Check reports whether e is one of the constants or a level between 0 and 1. The
// error is that of UnmarshalText.
func (e EdgeRule) Check() error {
	if e == EdgeDefault || e == EdgeAsymptotic || e > 0 && e < 1 {
		return nil
	}
	return fmt.Errorf("%w: edge %v is not a level between 0 and 1", option.Err, float64(e))
}
