package results

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/selection"
)

// snr is the column that layers are ranked by unless something else is asked for.
const snr = "snr"

// Order is what layers are ranked by: a numeric column of a result, the highest value
// first, or the lowest. The zero value ranks by the score, the highest first.
type Order struct {
	Column    string // as in JSON and CSV; "" is snr
	Ascending bool   // the lowest value is the best
}

// ParseOrder reads COLUMN, COLUMN:desc or COLUMN:asc. The error wraps
// [spectrum.ErrOption] if there is no numeric column of that name.
func ParseOrder(text string) (Order, error) {
	name, direction, given := strings.Cut(text, ":")
	if given && direction != "asc" && direction != "desc" {
		return Order{}, fmt.Errorf("%w: %q: want COLUMN, COLUMN:asc or COLUMN:desc", spectrum.ErrOption, text)
	}
	o := Order{name, direction == "asc"}
	if _, ok := o.column(); !ok || name == "" {
		return Order{}, fmt.Errorf("%w: there is no numeric column %q; there are %s and others, see docs/results.md", spectrum.ErrOption, name, strings.Join(alike(name), ", "))
	}
	return o, nil
}

// String returns the text that [ParseOrder] reads, without the direction that is the
// default.
func (o Order) String() string {
	name := cmp.Or(o.Column, snr)
	if o.Ascending {
		return name + ":asc"
	}
	return name
}

// isDefault reports whether o ranks by the score, as all does that says nothing.
func (o Order) isDefault() bool { return (o.Column == "" || o.Column == snr) && !o.Ascending }

// column finds the column.
func (o Order) column() (column, bool) {
	for _, c := range columns() {
		if c.name == cmp.Or(o.Column, snr) && c.numeric() {
			return c, true
		}
	}
	return column{}, false
}

// numeric reports whether a column can rank.
func (c column) numeric() bool {
	kind := reflect.TypeFor[Row]().Field(c.index).Type.Kind()
	return kind == reflect.Float64 || kind == reflect.Int64
}

// Columns lists the columns that layers can be ranked by.
func Columns() (list []string) {
	for _, c := range columns() {
		if c.numeric() {
			list = append(list, c.name)
		}
	}
	return list
}

// Column returns what reads a column of [Columns] from a row; a number that is missing is
// NaN. ok reports whether there is such a column.
func Column(name string) (of func(*Row) Number, ok bool) {
	c, ok := Order{Column: name}.column()
	return func(r *Row) Number {
		if r == nil || !ok {
			return Number(math.NaN())
		}
		return Number(r.value(c))
	}, ok && name != ""
}

// alike lists some columns, those first that share a part with a name.
func alike(name string) []string {
	list := Columns()
	near := func(c string) bool {
		for part := range strings.SplitSeq(strings.ToLower(name), "_") {
			if len(part) > 2 && strings.Contains(c, part) || part != "" && strings.HasPrefix(c, part) {
				return true
			}
		}
		return false
	}
	some := append([]string{snr, "alpha", "hill_alpha", "condition", "stable_rank", "effective_rank"}, list...)
	slices.SortStableFunc(some, func(a, b string) int {
		switch x, y := near(a), near(b); {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
	var found []string
	for _, c := range some {
		if len(found) < 6 && !slices.Contains(found, c) {
			found = append(found, c)
		}
	}
	return found
}

// RankedBy returns the scores with the values of a column in the place of the SNR, so
// that a selection and a comparison are made by it, and how many ranked rows have no such
// value. Where the lowest is the best they are negated, so that the best is still the
// highest; [Order.Restore] undoes that in a selection. s is not changed. The error wraps
// [spectrum.ErrOption] if s does not have the column, as the reference's files have the SNR
// alone.
func (s *Scores) RankedBy(o Order) (ranked *Scores, missing int, err error) {
	c, ok := o.column()
	switch {
	case !ok:
		_, err := ParseOrder(cmp.Or(o.Column, snr))
		return nil, 0, err
	case s == nil:
		return nil, 0, fmt.Errorf("%w: no scores", spectrum.ErrOption)
	case s.Result == nil && c.name != snr:
		return nil, 0, fmt.Errorf("%w: %v have no %s, only the SNR", spectrum.ErrOption, s.Schema, c.name)
	}
	out := *s
	out.rows = slices.Clone(s.rows)
	for i := range out.rows {
		out.rows[i].SNR = o.signed(out.rows[i].SNR)
		if math.IsNaN(out.rows[i].SNR) {
			missing++
		}
	}
	if s.Result != nil {
		r := *s.Result
		r.Rows = slices.Clone(r.Rows)
		for i := range r.Rows {
			row := &r.Rows[i]
			row.SNR = Number(o.signed(row.value(c)))
			if row.Ranked && (row.Error != "" || math.IsNaN(float64(row.SNR))) {
				missing++
			}
		}
		out.Result = &r
	}
	return &out, missing, nil
}

// signed returns a value of which more is better.
func (o Order) signed(v float64) float64 {
	if o.Ascending {
		return -v
	}
	return v
}

// value returns a number of a row.
func (r *Row) value(c column) float64 {
	switch v := reflect.ValueOf(r).Elem().Field(c.index); v.Kind() {
	case reflect.Int64:
		return float64(v.Int())
	default:
		return v.Float()
	}
}

// Restore gives the layers of a selection that was made by o their values back, and
// says in its rule what it was made by.
func (o Order) Restore(sel *selection.Selection) {
	if sel == nil || o.isDefault() {
		return
	}
	sel.By, sel.Ascending = cmp.Or(o.Column, snr), o.Ascending
	best := "highest"
	if o.Ascending {
		best = "lowest"
	}
	sel.Rule += fmt.Sprintf(", by %s, the %s first", sel.By, best)
	for i := range sel.Groups {
		for j := range sel.Groups[i].Chosen {
			l := &sel.Groups[i].Chosen[j]
			l.SNR = o.signed(l.SNR)
		}
	}
}
