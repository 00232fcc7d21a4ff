package scan

import (
	"slices"

	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/results"
)

// deadNorm is the norm below which an expert counts as dead, relative to the
// median of its type.
const deadNorm = 1e-3

// DeadExpert is an expert's matrix that hardly differs from zero. The default
// score, which grows as weights shrink, would rank it first.
type DeadExpert struct {
	Name, Type string
	Norm       float64 // Frobenius norm
	Median     float64 // of the norms of its type
}

// DeadExperts returns the matrices of experts whose Frobenius norm is below a
// thousandth of the median of their type, in the order of layers. Layers that
// failed do not count.
func DeadExperts(layers []results.Layer) []DeadExpert {
	norms := make(map[string][]float64)
	for _, l := range layers {
		if isExpert(l) {
			t := names.Type(l.Name) // also when layers are grouped by another rule
			norms[t] = append(norms[t], float64(l.Frobenius))
		}
	}
	var dead []DeadExpert
	for _, l := range layers {
		if !isExpert(l) {
			continue
		}
		t := names.Type(l.Name)
		if m := median(norms[t]); float64(l.Frobenius) < deadNorm*m {
			dead = append(dead, DeadExpert{l.Name, t, float64(l.Frobenius), m})
		}
	}
	return dead
}

func isExpert(l results.Layer) bool {
	return names.IsExpert(l.Name) && l.Error == "" && l.TiedTo == ""
}

// median sorts x.
func median(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}
