package torchfile

import (
	"math"
	"strconv"
	"strings"
)

// keyName returns how a key is written in names.
func keyName(key any) string {
	switch key := key.(type) {
	case string:
		return key
	case int64:
		return strconv.FormatInt(key, 10)
	}
	return describe(key)
}

// describe writes a value in a few words, as Python does where it is short.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return strconv.FormatFloat(v, 'f', 1, 64)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return strconv.Quote(v)
	case big, elided:
		return "a long value"
	case tuple:
		return describeTuple(v)
	case *list:
		return "a list"
	case *dict:
		return "a dictionary"
	case *tensor:
		return "a tensor"
	case *storage:
		return "a storage"
	case global:
		return v.String()
	case *object:
		return "an object of class " + v.class.String()
	}
	return "something else"
}

// describeTuple writes a tuple of numbers and strings; others are long.
func describeTuple(t tuple) string {
	if len(t) > 4 {
		return "a tuple"
	}
	items := make([]string, len(t))
	for i, v := range t {
		switch v.(type) {
		case nil, bool, int64, float64, string:
			items[i] = describe(v)
		default:
			return "a tuple"
		}
	}
	if len(t) == 1 {
		return "(" + items[0] + ",)"
	}
	return "(" + strings.Join(items, ", ") + ")"
}
