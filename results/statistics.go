package results

import (
	"reflect"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/statistics"
)

// describe enters the statistics of the spectrum of an analysis.
func (r *Row) describe(a *spectrum.Analysis) {
	errs := a.ValueErrors
	if errs == nil && a.ValueError > 0 {
		errs = []float64{a.ValueError}
	}
	s, err := statistics.New(a.SingularValues, errs, a.Rows, a.Cols)
	if err != nil { // an analysis that somebody made up; its statistics stay missing
		return
	}
	epsilon := statistics.Epsilon32
	if a.DType == spectrum.F64 {
		epsilon = statistics.Epsilon64
	}
	summary := s.Summary(epsilon)
	of := make(map[string]float64)
	for _, d := range statistics.Definitions() {
		of[d.Name] = d.Of(&summary)
	}
	v := reflect.ValueOf(r).Elem()
	for _, c := range columns() {
		if !c.statistic {
			continue
		}
		switch to, value := v.Field(c.index), of[c.name]; to.Kind() {
		case reflect.Bool:
			to.SetBool(value == 1)
		default:
			to.SetFloat(value)
		}
	}
}
