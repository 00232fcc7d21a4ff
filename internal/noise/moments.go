package noise

import "math"

// rootMeanSquare is the root mean square of all entries, ‖W‖_F/√(n·m). The norm
// of the errors bounds the error of the norm.
func rootMeanSquare(s Sample, edge unitEdge) Estimate {
	var squares, errs float64
	for i, v := range s.Values {
		squares += v * v
		if s.Errors != nil {
			errs += s.Errors[i] * s.Errors[i]
		}
	}
	root := math.Sqrt(float64(s.Small) * float64(s.Large))
	factor := edge(s.Small, s.Large)
	e := Estimate{Sigma: math.Sqrt(squares) / root}
	e.Threshold = e.Sigma * factor
	e.Error = factor*math.Sqrt(errs)/root + float64(len(s.Values)+64)*0x1p-51*e.Threshold
	return e
}

// medianOfEntries is the median magnitude of the entries over Φ⁻¹(¾), that of
// the standard normal distribution (Hampel 1974); exact but for rounding.
func medianOfEntries(s Sample, level float64) Estimate {
	sigma := s.MedianAbs / 0.67448975019608174
	t := sigma * edgeAt(level)(s.Small, s.Large)
	return Estimate{Sigma: sigma, Threshold: t, Error: t * 0x1p-48}
}
