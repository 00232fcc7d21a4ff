package results

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
)

// Convention is one of the two ways in which versions of the reference treat a
// layer without noise.
type Convention int

const (
	// ConventionV0, to April 2025, divides by zero: such a layer scores +Inf.
	ConventionV0 Convention = iota
	// ConventionV1, since then, takes 1 for the noise when no value is noise.
	ConventionV1
)

// ParseConvention reads "v0" or "v1". The error wraps [spectrum.ErrOption].
func ParseConvention(s string) (Convention, error) {
	switch s {
	case "v0":
		return ConventionV0, nil
	case "v1":
		return ConventionV1, nil
	}
	return 0, fmt.Errorf("%w: convention %q is neither v0 nor v1", spectrum.ErrOption, s)
}

// String returns "v0" or "v1".
func (c Convention) String() string {
	switch c {
	case ConventionV0:
		return "v0"
	case ConventionV1:
		return "v1"
	}
	return fmt.Sprintf("Convention(%d)", int(c))
}

// ReferenceRows returns what the reference would write for the model of r: its
// module names, types and order, and SNR rounded to float32.
//
// Only parameters called "weight" count. SNR is always the sum ratio over
// s_max, whatever ratio the scan ranked by. Skipped tensors of three and more
// dimensions are NaN in v1, placed after the layers they would share a type
// scan with; v0 crashed on them, so they are left out.
//
// The order is the reference's if r.Rows is in module order and holds every
// weight that the reference would see. The error wraps [ErrConvention] if the
// scan used another noise scale than [spectrum.NoiseIQR], from whose sums the reference's
// score cannot be computed, and [spectrum.ErrOption] for an unknown c.
func ReferenceRows(r *Result, c Convention) ([]spectrum.Layer, error) {
	if c != ConventionV0 && c != ConventionV1 {
		return nil, fmt.Errorf("%w: unknown convention %v", spectrum.ErrOption, c)
	}
	if r == nil {
		return nil, fmt.Errorf("%w: nil result", spectrum.ErrOption)
	}
	iqr := spectrum.NoiseIQR.String()
	if noise := r.Provenance.Settings.Noise; noise != "" && noise != iqr {
		return nil, fmt.Errorf("%w: noise scale %q, the reference has only %q", ErrConvention, noise, iqr)
	}
	return referenceOrder(referenceModules(r, c)), nil
}

// reference returns the parameter that the reference, which loads the model, scores
// as this row; empty if it has none, or not this matrix for itself: it does not see
// experts that the loaded model holds in one parameter.
func (r *Row) reference() string {
	switch {
	case r.Absent != "" || r.Fused():
		return ""
	case r.PartOf != "" || r.TiedTo != "":
		return r.Name
	}
	return cmp.Or(r.Parameter, r.Name)
}

// referenceModules returns the modules the reference scores, in the order of r.
func referenceModules(r *Result, c Convention) []spectrum.Layer {
	var modules []spectrum.Layer
	add := func(parameter string, snr float64, params int64) {
		if parameter == "" {
			return
		}
		if module, ok := names.Module(parameter); ok {
			modules = append(modules, spectrum.Layer{Name: module, Type: names.ReferenceType(parameter), SNR: snr, Params: params})
		}
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		add(row.reference(), referenceSNR(row, c), row.Params)
	}
	if c == ConventionV1 {
		for _, s := range r.Skipped {
			if len(s.Shape) >= 3 {
				add(cmp.Or(s.Parameter, s.Name), math.NaN(), 0)
			}
		}
	}
	return modules
}

// referenceSNR returns the reference's score for a row, rounded to its float32.
func referenceSNR(r *Row, c Convention) float64 {
	signal, noise, max := float64(r.SignalSum), float64(r.NoiseSum), float64(r.SMax)
	var snr float64
	switch {
	case r.Error != "" || math.IsNaN(signal+noise+max):
		snr = math.NaN()
	case max == 0: // all-zero weights
		snr = math.Inf(1)
	case r.NoiseCount == 0 && c == ConventionV1:
		snr = signal / max
	case noise == 0:
		snr = math.Inf(1)
	default:
		snr = signal / noise / max
	}
	return float64(float32(snr))
}

// referenceOrder puts modules into the order of the reference's results.
//
// It scans type by type, taking every module with the type anywhere in its name,
// and keeps the results in a dict: a module that several types match stays
// where the first of them put it, but carries the last one's name.
func referenceOrder(modules []spectrum.Layer) []spectrum.Layer {
	rows := make([]spectrum.Layer, 0, len(modules))
	at := make([]int, len(modules)) // position in rows plus one
	for _, t := range referenceTypes(modules) {
		for i, m := range modules {
			if !strings.Contains(m.Name, t) {
				continue
			}
			if at[i] == 0 {
				rows = append(rows, m)
				at[i] = len(rows)
			}
			rows[at[i]-1].Type = t
		}
	}
	return rows
}

// referenceTypes returns the types of modules, sorted by first component and
// then by name.
func referenceTypes(modules []spectrum.Layer) []string {
	types := make([]string, len(modules))
	for i, m := range modules {
		types[i] = m.Type
	}
	slices.SortFunc(types, func(a, b string) int {
		headA, _, _ := strings.Cut(a, ".")
		headB, _, _ := strings.Cut(b, ".")
		return cmp.Or(strings.Compare(headA, headB), strings.Compare(a, b))
	})
	return slices.Compact(types)
}
