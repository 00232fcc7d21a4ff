package results

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names/loaded"
)

// ErrParameter reports a weight that the loaded model does not have.
var ErrParameter = errors.New("not a parameter of the loaded model")

// Known reports whether the parameters are those of the loaded model, and not merely
// the names of the file.
func (s *Scores) Known() bool {
	return s != nil && (s.Result == nil || s.Result.Provenance.Transformers != "")
}

// Rename gives the rows the names of a version of transformers, "" the newest, by
// the type of the model that was scanned. A reference's file has the names that its
// model had, and keeps them. The error wraps [spectrum.ErrOption] for a text that is
// no version.
func (s *Scores) Rename(version string) error {
	if s == nil || s.Result == nil {
		return nil
	}
	table, era, err := s.table(version)
	if err != nil {
		return err
	}
	s.Result.Provenance.Transformers = ""
	if table != nil {
		s.Result.Provenance.Transformers = era.String()
	}
	for i := range s.Result.Rows {
		row := &s.Result.Rows[i]
		if row.TiedTo != "" {
			continue
		}
		row.Ranked = row.Ranked || row.Absent != ""
		row.Parameter, row.Absent = table.Parameter(row.whole())
		row.Ranked = row.Ranked && row.Absent == ""
	}
	for i := range s.Result.Skipped {
		t := &s.Result.Skipped[i]
		t.Parameter, _ = table.Parameter(t.Name)
	}
	return nil
}

// table returns the map of names of a version, nil for a type of model that is not
// known.
func (s *Scores) table(version string) (*loaded.Map, loaded.Era, error) {
	era, err := loaded.ParseEra(version)
	if err != nil {
		return nil, era, fmt.Errorf("%w: %w", spectrum.ErrOption, err)
	}
	var about loaded.Model
	if c := s.Result.Provenance.Config; c != nil {
		about = loaded.Model{Type: c.ModelType, TextType: c.TextType, Blocks: c.Blocks}
		if len(c.Architectures) > 0 {
			about.Architecture = c.Architectures[0]
		}
	}
	return loaded.New(about, era), era, nil
}

// whole returns the name of the tensor that a row's weight was cut from.
func (r *Row) whole() string {
	if r.PartOf != "" {
		return r.PartOf
	}
	return r.Name
}

// Parameters are the names and shapes of a loaded model's parameters.
type Parameters struct{ dump *loaded.Dump }

// ReadParameters reads what named_parameters() of the loaded model gave:
// {"name": [shape…], …}, ["name", …], or one name a line. The error wraps
// [ErrFormat] for anything else.
func ReadParameters(path string) (*Parameters, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err // names the path
	}
	dump, err := loaded.ReadDump(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w of a loaded model: %w", path, errNames, err)
	}
	return &Parameters{dump}, nil
}

var errNames = fmt.Errorf("%w: no names", ErrFormat)

// Names lists the parameters in the order of the file.
func (p *Parameters) Names() []string {
	if p == nil || p.dump == nil {
		return nil
	}
	return p.dump.Names()
}

// Shape returns the shape of a parameter, nil where the file has none.
func (p *Parameters) Shape(name string) []int64 {
	if p == nil || p.dump == nil {
		return nil
	}
	return p.dump.Shape(name)
}

// Resolve gives the rows the names of p, which is the truth whatever the table of
// model types says. It returns the names of the rows that are in no module, as the
// table knows, and that are not ranked then. A ranked row that p does not have
// and the table does not know is an error that wraps [ErrParameter].
func (s *Scores) Resolve(p *Parameters) (left []string, err error) {
	if p == nil || p.dump == nil {
		return nil, fmt.Errorf("%w: no parameters", spectrum.ErrOption)
	}
	if s == nil {
		return nil, nil
	}
	if s.Result == nil {
		return nil, s.resolveModules(p)
	}
	if err := s.Rename(""); err != nil {
		return nil, err
	}
	var tables []*loaded.Map
	for _, version := range []string{"", loaded.Transformers4.String(), loaded.Transformers451.String()} {
		if table, _, err := s.table(version); err == nil && table != nil {
			tables = append(tables, table)
		}
	}
	var unknown []string
	for i := range s.Result.Rows {
		row := &s.Result.Rows[i]
		name, ok := p.dump.Resolve(tables, row.whole())
		switch {
		case row.TiedTo != "":
		case ok:
			row.Ranked = row.Ranked || row.Absent != ""
			row.Parameter, row.Absent = name, ""
		case row.Absent != "":
			left = append(left, row.Name)
		case row.Ranked:
			unknown = append(unknown, row.Name)
		}
	}
	for i := range s.Result.Skipped {
		t := &s.Result.Skipped[i]
		t.Parameter, _ = p.dump.Resolve(tables, t.Name)
	}
	s.Result.Provenance.Transformers = "as loaded"
	return left, missing(unknown)
}

// resolveModules does the same for a reference's file, whose names are modules.
func (s *Scores) resolveModules(p *Parameters) error {
	var unknown []string
	for i := range s.rows {
		name, ok := p.dump.Resolve(nil, s.Parameter(s.rows[i].Name))
		if !ok {
			unknown = append(unknown, s.rows[i].Name)
			continue
		}
		s.rows[i].Name = moduleOf(name)
	}
	return missing(unknown)
}

// missing returns the error for names that the loaded model does not have.
func missing(list []string) error {
	switch n := len(list); {
	case n == 0:
		return nil
	case n <= 3:
		return fmt.Errorf("%w: %s", ErrParameter, strings.Join(list, ", "))
	default:
		return fmt.Errorf("%w: %s and %d more", ErrParameter, strings.Join(list[:3], ", "), n-3)
	}
}
