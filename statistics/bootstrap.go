package statistics

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// mostSamples bounds what is asked of [Spectrum.Bootstrap].
const mostSamples = 1_000_000

// Bootstrap returns the goodness of fit of the power law: the share p of synthetic samples
// that are as far from their own fit, or farther, than the eigenvalues from theirs
// (Clauset, Shalizi & Newman 2009, section 4). Each has as many values, of which each is
// drawn from the law with probability k/n, and else from the eigenvalues below x_min, and
// is fitted anew. A p below 0.1 rules the law out, in their judgement; it is certain to
// about 1/(2√samples).
//
// The result depends on the seed alone. Each sample takes as long as a fit. The error
// wraps [ErrOption] if samples is not in 1…1,000,000, [ErrSpectrum] where there is no fit,
// or is that of ctx when it ends first.
func (s *Spectrum) Bootstrap(ctx context.Context, samples int, seed uint64) (p float64, err error) {
	if ctx == nil || samples < 1 || samples > mostSamples {
		return math.NaN(), fmt.Errorf("%w: %d samples; want 1 to %d, and a context", ErrOption, samples, mostSamples)
	}
	law := s.PowerLaw()
	if law.Tail == 0 {
		return math.NaN(), fmt.Errorf("%w: no power law can be fitted", ErrSpectrum)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	body := s.logs[:len(s.logs)-law.Tail]
	start := s.logs[len(body)]
	logs := make([]float64, len(s.logs))
	farther := 0
	for range samples {
		if err := ctx.Err(); err != nil {
			return math.NaN(), err
		}
		for i := range logs {
			if j := rng.IntN(len(logs)); j < len(body) {
				logs[i] = body[j]
			} else {
				logs[i] = start + rng.ExpFloat64()/(law.Alpha-1)
			}
		}
		slices.Sort(logs)
		if _, d := newFit(logs).best(); d >= law.Distance && !math.IsInf(d, 1) {
			farther++
		}
	}
	return float64(farther) / float64(samples), nil
}
