package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
)

// Diagnosis is what [Diagnose] finds in a result file.
type Diagnosis struct {
	Schema Schema
	Era    string // "v0", "v1", or "" if nothing tells, and for our own files
	Rows   int    // members of the file that name a layer

	Infinite   int      // rows that score Infinity
	NaN        []string // names of rows without a score
	Duplicates []string // names that occur again
	Invalid    []string // members that are not a row, and why
	Broken     string   // why the file ends early, "" if it does not
	Unfinished string   // see [Result.Unfinished]
	Ties       []Tie    // types in which layers share a score
	Missing    []string // experts that others of their model let expect

	// Clean are the rows without what is wrong: NaN and invalid ones left out, the
	// last value of a duplicate in the place of the first, as Python reads it.
	Clean []spectrum.Layer

	at map[string]int // in Clean, by name
}

// Tie counts the layers of a type whose score another one has too.
type Tie struct {
	Type string
	Tied int
	Of   int
}

// Healthy reports whether nothing is wrong. Infinite scores and ties are not
// wrong, only hard to rank by.
func (d *Diagnosis) Healthy() bool {
	return d != nil && d.Broken == "" && d.Unfinished == "" && len(d.NaN)+len(d.Duplicates)+len(d.Invalid)+len(d.Missing) == 0
}

// Diagnose reads a result file of any schema as far as it can be read. The error
// wraps [ErrEmpty], or [ErrFormat] if it has no row at all.
func Diagnose(data []byte) (*Diagnosis, error) {
	text := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	if len(text) == 0 {
		return nil, ErrEmpty
	}
	d := &Diagnosis{at: make(map[string]int)}
	if scores, err := parse(data, "it"); err == nil && scores.Result != nil {
		d.Schema, d.Unfinished = SchemaNative, scores.Result.Unfinished()
		for _, l := range scores.Layers() {
			d.row(l)
		}
	} else {
		d.readReference(text)
	}
	if d.Rows == 0 {
		return nil, fmt.Errorf("%w: %s", ErrFormat, strings.Join(append(d.Invalid, d.Broken, "no layers"), "; "))
	}
	d.summarise()
	return d, nil
}

// pythonTokens are strings and the numbers that JSON does not have.
var pythonTokens = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?Infinity|NaN`)

// readReference reads a reference's file member by member until it breaks.
func (d *Diagnosis) readReference(text []byte) {
	text = pythonTokens.ReplaceAllFunc(text, func(t []byte) []byte {
		if t[0] == '"' {
			return t
		}
		return []byte(`"` + string(t) + `"`)
	})
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	err := members(dec, func(name string) error {
		var kept bool
		start := d.Rows
		row := spectrum.Layer{Name: name, SNR: math.NaN()}
		hasSNR, plain := false, false
		err := members(dec, func(key string) error {
			var v any
			if err := dec.Decode(&v); err != nil {
				return err
			}
			typ, isType := v.(string)
			switch {
			case key == "snr":
				plain, hasSNR = true, true
				row.SNR, kept = score(v)
				if !kept {
					d.Invalid = append(d.Invalid, fmt.Sprintf("%s: the SNR is %v, not a number", name, v))
				}
			case key == "type" && isType:
				plain = true
				row.Type = typ
			default:
				snr, ok := score(v)
				if !ok {
					d.Invalid = append(d.Invalid, fmt.Sprintf("%s: %s is %v, not a number", name, key, v))
					return nil
				}
				d.Schema = SchemaSorted
				d.row(spectrum.Layer{Name: key, Type: name, SNR: snr})
			}
			return nil
		})
		if err != nil && !errors.Is(err, errNoObject) {
			return err
		}
		switch {
		case plain && kept:
			d.Schema = SchemaPlain
			if row.Type == "" {
				row.Type = names.ReferenceType(name)
				d.Invalid = append(d.Invalid, name+": no type, taken from the name")
			}
			d.row(row)
		case plain && !hasSNR:
			d.Invalid = append(d.Invalid, name+": no SNR")
		case err != nil:
			d.Invalid = append(d.Invalid, name+": not an object")
		case !plain && d.Rows == start:
			d.Invalid = append(d.Invalid, name+": nothing in it")
		}
		return nil
	})
	if err != nil {
		d.Broken = fmt.Sprintf("byte %d: %v", dec.InputOffset(), err)
	} else if _, err := dec.Token(); err != io.EOF {
		d.Broken = fmt.Sprintf("byte %d: text after the end", dec.InputOffset())
	}
}

var errNoObject = errors.New("not an object")

// members calls f for each member of an object, duplicates too; f consumes the
// value. Another value is consumed and gives errNoObject.
func members(dec *json.Decoder, f func(key string) error) error {
	t, err := dec.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		if t == json.Delim('[') {
			for dec.More() {
				var skip any
				if err := dec.Decode(&skip); err != nil {
					return err
				}
			}
			if _, err := dec.Token(); err != nil {
				return err
			}
		}
		return errNoObject
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		name, ok := key.(string)
		if !ok {
			return fmt.Errorf("%v where a name belongs", key)
		}
		if err := f(name); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

// score reads a number, or the string that a token of Python was made.
func score(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		x, err := v.Float64()
		return x, err == nil
	case string:
		switch v {
		case posInf, negInf, "NaN":
			x, err := strconv.ParseFloat(v, 64)
			return x, err == nil
		}
	}
	return 0, false
}

// row enters a row that could be read.
func (d *Diagnosis) row(l spectrum.Layer) {
	d.Rows++
	if i, again := d.at[l.Name]; again {
		d.Duplicates = append(d.Duplicates, l.Name)
		d.Clean[i] = l
		return
	}
	d.at[l.Name] = len(d.Clean)
	d.Clean = append(d.Clean, l)
}

// summarise counts what is in the rows and takes out those without a score.
func (d *Diagnosis) summarise() {
	rows := d.Clean
	d.Clean = nil
	norms, ones := 0, 0
	for _, l := range rows {
		if names.KindOf(l.Name) == names.Norm {
			norms++
			if l.SNR == 1 {
				ones++
			}
		}
		if math.IsNaN(l.SNR) {
			d.NaN = append(d.NaN, l.Name)
			continue
		}
		if math.IsInf(l.SNR, 0) {
			d.Infinite++
		}
		d.Clean = append(d.Clean, l)
	}
	d.Missing = missingExperts(rows)
	for _, g := range groupByType(d.Clean) {
		count := make(map[float64]int)
		for _, l := range g {
			count[l.SNR]++
		}
		t := Tie{Type: g[0].Type, Of: len(g)}
		for _, n := range count {
			if n > 1 {
				t.Tied += n
			}
		}
		if t.Tied > 0 {
			d.Ties = append(d.Ties, t)
		}
	}
	switch {
	case d.Schema == SchemaNative:
	case norms > 0 && ones == norms || d.Infinite == 0 && len(d.NaN) > 0:
		d.Era = "v1"
	case d.Infinite > 0:
		d.Era = "v0"
	}
}
