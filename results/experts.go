package results

import (
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
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
// thousandth of the median of their type, in the order of rows. Rows that
// failed do not count.
func DeadExperts(rows []Row) []DeadExpert {
	norms := make(map[string][]float64)
	for _, r := range rows {
		if isExpert(&r) {
			t := names.Type(r.Name) // also where rows are grouped by another rule
			norms[t] = append(norms[t], float64(r.Frobenius))
		}
	}
	medians := make(map[string]float64, len(norms))
	for t, list := range norms {
		medians[t] = median(list)
	}
	var dead []DeadExpert
	for _, r := range rows {
		if !isExpert(&r) {
			continue
		}
		t := names.Type(r.Name)
		if m := medians[t]; float64(r.Frobenius) < deadNorm*m {
			dead = append(dead, DeadExpert{r.Name, t, float64(r.Frobenius), m})
		}
	}
	return dead
}

func isExpert(r *Row) bool {
	return names.IsExpert(r.Name) && r.Error == "" && r.TiedTo == ""
}

// median sorts x.
func median(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}

// missingExperts lists the experts that some module with experts has and another
// lacks, by the parts that they have anywhere in the model.
func missingExperts(rows []spectrum.Layer) (missing []string) {
	type part struct{ number, role string }
	var lists []string
	var parts []part
	have := make(map[string]bool)
	seenList, seenPart := make(map[string]bool), make(map[part]bool)
	for _, l := range rows {
		list, number, role, ok := names.Expert(l.Name)
		if !ok {
			continue
		}
		have[l.Name] = true
		if !seenList[list] {
			seenList[list] = true
			lists = append(lists, list)
		}
		if p := (part{number, role}); !seenPart[p] {
			seenPart[p] = true
			parts = append(parts, p)
		}
	}
	for _, list := range lists {
		for _, p := range parts {
			if name := list + "." + p.number + "." + p.role; !have[name] {
				missing = append(missing, name)
			}
		}
	}
	return missing
}
