package report

import (
	"math"
	"strings"

	"github.com/gospectrum/spectrum/results"
)

// alphabet are the digits of numbers in the page: what is printable in ASCII and has no
// meaning in JSON strings or HTML.
const alphabet = " !#$%()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"

const base = len(alphabet)

// column is a list of numbers, in the shortest of several forms; page/data.js reads it.
type column struct {
	Width int    `json:"w,omitempty"` // digits of each number
	Log   bool   `json:"l,omitempty"` // the numbers are logarithms, see [logCode]
	Text  string `json:"s,omitempty"`

	Same  any   `json:"c,omitempty"` // what all are, if they are the same
	Plain []any `json:"p,omitempty"` // where nothing else fits
}

// digits appends n in w digits.
func digits(b *strings.Builder, n, w int) {
	for place := power(w - 1); place > 0; place /= base {
		b.WriteByte(alphabet[n/place%base])
	}
}

func power(w int) int {
	p := 1
	for range w {
		p *= base
	}
	return p
}

// integers makes a column of numbers that are not negative; −1 is a missing one, and written
// as 0, all others as one more.
func integers(list []int) column {
	most, same := 0, true
	for _, n := range list {
		most = max(most, n)
		same = same && n == list[0]
	}
	if same && len(list) > 0 {
		return column{Same: list[0]}
	}
	w := 1
	for most+1 >= power(w) {
		w++
	}
	var b strings.Builder
	for _, n := range list {
		digits(&b, n+1, w)
	}
	return column{Width: w, Text: b.String()}
}

// Codes of numbers that have no logarithm.
const (
	codeMissing = iota
	codeInfinite
	codeZero
	codeFirst
)

// logSpan is how far logarithms may be from 0; beyond are numbers that no weight has.
const logSpan = 80

// logCode returns the code of a number that is not negative, in w digits, and whether it
// has one.
func logCode(v float64, w int, round func(float64) float64) (int, bool) {
	switch {
	case math.IsNaN(v):
		return codeMissing, true
	case math.IsInf(v, 1):
		return codeInfinite, true
	case v == 0:
		return codeZero, true
	}
	l := math.Log(v)
	if !(math.Abs(l) <= logSpan) {
		return 0, false
	}
	return codeFirst + int(round((l+logSpan)*logScale(w))), true
}

func logScale(w int) float64 { return float64(power(w)-codeFirst-1) / (2 * logSpan) }

// numbers makes a column of logarithms in w digits, rounded in one way or another: to the
// nearest, 3 give a relative error of 1.2e-4, 4 one of 1.3e-6; upwards, 2 one of 2 %.
func numbers(list []float64, w int, round func(float64) float64) column {
	same := len(list) > 0
	for _, v := range list {
		same = same && (v == list[0] || math.IsNaN(v) && math.IsNaN(list[0]))
	}
	if same {
		return column{Same: plain(list[0])}
	}
	var b strings.Builder
	for _, v := range list {
		code, ok := logCode(v, w, round)
		if !ok {
			return column{Plain: plains(list)}
		}
		digits(&b, code, w)
	}
	return column{Width: w, Log: true, Text: b.String()}
}

// plain is a number as JSON has it: missing and infinite ones are text.
func plain(v float64) any {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return results.Number(v).String()
	}
	return v
}

func plains(list []float64) []any {
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = plain(v)
	}
	return all
}
