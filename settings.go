package spectrum

import (
	"fmt"
	"runtime"

	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// Check reports whether the settings are within their ranges and go together;
// the error wraps [ErrOption]. All other methods check them too.
func (a Analyzer) Check() error {
	if !(a.Tolerance >= 0) {
		return fmt.Errorf("%w: tolerance %v", ErrOption, a.Tolerance)
	}
	if a.Workers < 0 {
		return fmt.Errorf("%w: %d workers", ErrOption, a.Workers)
	}
	for _, check := range []func() error{a.Noise.check, a.Edge.Check, a.Ratio.check, a.Divisor.check, a.Precision.check} {
		if err := check(); err != nil {
			return err
		}
	}
	if a.Edge > 0 && !a.Noise.scale().OfEntries {
		return fmt.Errorf("%w: noise scale %v is not that of the entries, so it has no Tracy–Widom edge", ErrOption, a.Noise)
	}
	return nil
}

func (a Analyzer) tolerance() float64 {
	if a.Tolerance == 0 {
		return 1e-4
	}
	return a.Tolerance
}

func (a Analyzer) workers() int {
	if a.Workers <= 0 {
		return runtime.GOMAXPROCS(0)
	}
	return parallel.Useful(a.Workers)
}
