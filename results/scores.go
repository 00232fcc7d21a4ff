package results

import (
	"cmp"
	"fmt"
	"math"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
)

// Schema is one of the layouts of a result file.
type Schema int

const (
	// SchemaNative is a [Result].
	SchemaNative Schema = iota
	// SchemaPlain is the reference's {"<module>": {"snr": x, "type": "t"}}.
	SchemaPlain
	// SchemaSorted is the reference's {"<type>": {"<module>": x}}.
	SchemaSorted
)

// String names the schema as messages do.
func (s Schema) String() string {
	switch s {
	case SchemaNative:
		return "spectrum results"
	case SchemaPlain:
		return "reference results"
	case SchemaSorted:
		return "reference sorted results"
	}
	return fmt.Sprintf("Schema(%d)", int(s))
}

// Scores are the scores of a model's layers, as a result file of any schema has
// them. A nil Scores has none.
type Scores struct {
	Schema Schema
	Result *Result // nil unless Schema is SchemaNative

	rows []spectrum.Layer // of the reference's file
}

// Scores returns the scores in r in the form that [Read] gives.
func (r *Result) Scores() *Scores {
	return &Scores{Schema: SchemaNative, Result: r}
}

// Layers returns the candidates for [spectrum.SelectTopK], in file order: all
// layers of a reference's file, and the ranked ones of our own. Names are full
// parameter names in our files and module names in the reference's. A layer
// that failed has SNR NaN. Params is 0 in the reference's files, which do not
// have it. The slice is the caller's.
func (s *Scores) Layers() []spectrum.Layer {
	if s == nil {
		return nil
	}
	if s.Result == nil {
		return append([]spectrum.Layer(nil), s.rows...)
	}
	var layers []spectrum.Layer
	for i := range s.Result.Rows {
		row := &s.Result.Rows[i]
		if !row.Ranked {
			continue
		}
		snr := float64(row.SNR)
		if row.Error != "" {
			snr = math.NaN()
		}
		layers = append(layers, spectrum.Layer{Name: row.Name, Type: row.Type, SNR: snr, Params: row.Params})
	}
	return layers
}

// Unranked returns the tensors that the scan skipped, as parameters without a score: candidates
// for a selection that takes some layers whatever their score. Their types follow
// the rule of the layers that were ranked. There are none in the reference's files.
func (s *Scores) Unranked() []spectrum.Layer {
	if s == nil || s.Result == nil {
		return nil
	}
	typeOf := s.Result.typeRule()
	var layers []spectrum.Layer
	for _, t := range s.Result.Skipped {
		if t.Parameter == "" && s.Known() {
			continue // which no module has
		}
		layers = append(layers, spectrum.Layer{Name: cmp.Or(t.Parameter, t.Name), Type: typeOf(t.Name), SNR: math.NaN(), Params: t.Params()})
	}
	return layers
}

// typeRule returns the rule that gave the rows of r their types, which the file
// does not name: the reference's if only that explains them all, else ours.
func (r *Result) typeRule() func(name string) string {
	ours := true
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Type != names.ReferenceType(row.Name) {
			return names.Type
		}
		ours = ours && row.Type == names.Type(row.Name)
	}
	if ours {
		return names.Type
	}
	return names.ReferenceType
}

// Parameter returns the name of the parameter of a layer: the name itself in
// our files, with .weight in the reference's, which has modules.
func (s *Scores) Parameter(name string) string {
	if s == nil || s.Result == nil {
		return names.Parameter(name)
	}
	return name
}

// ReferenceRows returns the rows of the reference's file in its order: those
// that were read, unchanged whatever the convention, or those that
// [ReferenceRows] makes of our own results.
func (s *Scores) ReferenceRows(c Convention) ([]spectrum.Layer, error) {
	if s == nil || s.Result == nil {
		return s.Layers(), nil
	}
	return ReferenceRows(s.Result, c)
}

// Module returns the name the reference uses for a layer: the name itself
// in the reference's files, without .weight in our own.
func (s *Scores) Module(name string) string {
	if s == nil || s.Result == nil {
		return name
	}
	return moduleOf(name)
}

// moduleOf returns the module of a parameter, without .weight.
func moduleOf(parameter string) string {
	module, _ := names.Module(parameter)
	return module
}
