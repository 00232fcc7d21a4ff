package checkpoint

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// configValue is the value of a field that is used. One of another kind than is
// usual is read where it can mean only one thing, and else taken as not said; a note
// tells either.
type configValue struct {
	name  string
	raw   []byte // well-formed JSON
	notes *notes
}

func (v configValue) null() bool { return string(v.raw) == "null" }

// as notes how a value was read that was not as usual.
func (v configValue) as(read any) {
	v.notes.add("%s: %s is %s, read as %v", configName, v.name, v.short(), read)
}

// unused notes a value that was not read.
func (v configValue) unused(want string) {
	if !v.null() {
		v.notes.add("%s: %s is %s, not %s; it is not used", configName, v.name, v.short(), want)
	}
}

// short is the value as notes show it.
func (v configValue) short() string {
	text := strings.ToValidUTF8(string(v.raw[:min(len(v.raw), 40)]), "")
	text = strings.Join(strings.Fields(text), " ")
	if len(v.raw) > 40 {
		text += "…"
	}
	return text
}

// str returns a string's text.
func (v configValue) str() (string, bool) {
	s, err := strictjson.New(v.raw)
	if err != nil || s.Peek() != '"' {
		return "", false
	}
	text, err := s.String()
	return text, err == nil
}

func (v configValue) text() string {
	text, ok := v.str()
	if !ok {
		v.unused("text")
	}
	return text
}

// list returns a list of strings; a string is a list of one.
func (v configValue) list() []string {
	if text, ok := v.str(); ok {
		v.as([]string{text})
		return []string{text}
	}
	items := v.items()
	var list []string
	for _, raw := range items {
		if text, ok := (configValue{raw: raw}).str(); ok {
			list = append(list, text)
		}
	}
	if items == nil || len(list) < len(items) {
		v.unused("a list of texts")
		return nil
	}
	return list
}

// items returns the values of a list, nil for what is no list.
func (v configValue) items() [][]byte {
	s, err := strictjson.New(v.raw)
	if err != nil || s.Peek() != '[' {
		return nil
	}
	s.AllowNonFinite()
	s.AllowDuplicates(func(string) {})
	list := [][]byte{}
	_ = s.Array(func() error { // well-formed
		raw, err := s.Raw()
		list = append(list, raw)
		return err
	})
	return list
}

// flag returns true or false, also for the numbers and the words that mean it; nil
// for null.
func (v configValue) flag() *bool {
	yes := string(v.raw) == "true"
	if yes || string(v.raw) == "false" {
		return &yes
	}
	if v.null() {
		return nil
	}
	text, isText := v.str()
	n, isNumber := v.number()
	switch {
	case isNumber:
		yes = n != 0
	case isText && strings.EqualFold(text, "true"):
		yes = true
	case isText && strings.EqualFold(text, "false"):
	default:
		v.unused("true or false")
		return nil
	}
	v.as(yes)
	return &yes
}

// number returns the value of a number.
func (v configValue) number() (float64, bool) {
	if bytes.IndexByte([]byte("-0123456789"), v.raw[0]) < 0 {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(v.raw), 64)
	return n, err == nil
}

// size returns a whole number that can be the size of something, 0 for what is none. Per-layer
// lists of sizes and null are usual, and not used.
func (v configValue) size() int64 {
	n, ok := v.number()
	if text, isText := v.str(); isText {
		if i, err := strconv.ParseInt(text, 10, 32); err == nil && i > 0 {
			v.as(i)
			return i
		}
	}
	if ok && n == math.Trunc(n) && 0 <= n && n <= math.MaxInt32 {
		return int64(n)
	}
	if v.raw[0] != '[' {
		v.unused("a size")
	}
	return 0
}

// pair returns two sizes above 0. It reports false for a value that is neither that
// nor null.
func (v configValue) pair() (pair [2]int64, ok bool) {
	if v.null() {
		return pair, true
	}
	items, fractions := v.items(), false
	if len(items) != 2 {
		v.unused("two sizes")
		return pair, false
	}
	for i, raw := range items {
		n, ok := configValue{raw: raw}.number()
		if !ok || n != math.Trunc(n) || n < 1 || n > math.MaxInt32 {
			v.unused("two sizes")
			return [2]int64{}, false
		}
		pair[i] = int64(n)
		fractions = fractions || bytes.IndexByte(raw, '.') >= 0
	}
	if fractions {
		v.as(pair)
	}
	return pair, true
}
