package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func skipAll(text string, nonFinite bool) error {
	s, err := New([]byte(text))
	if err != nil {
		return err
	}
	if nonFinite {
		s.AllowNonFinite()
	}
	if err := s.Skip(); err != nil {
		return err
	}
	return s.End()
}

func TestSkipAccepts(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, ` {"a" : [1, -0, 0.5, 1e3, 1E-3, 10, true, false, null, "x"], "b":{}} ` + "\n\t\r",
		`"\u0041\"\\\/\b\f\n\r\t"`, `"\ud83d\ude00"`, `"é"`, `0`, `-12.5e+7`,
		`[{"a":{"a":1}},{"a":[{"a":2}],"b":{"a":3}}]`,
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
	} {
		assert.NoError(t, skipAll(text, false), "%.60s", text)
		assert.True(t, json.Valid([]byte(text)), "the test itself: %.60s", text)
	}
	assert.NoError(t, skipAll(`[NaN, Infinity, -Infinity, -1]`, true))
}

func TestSkipRejects(t *testing.T) {
	for text, want := range map[string]string{
		``:                            "end of the data",
		`{`:                           "end of the data",
		`{"a"`:                        "want ':'",
		`{"a":}`:                      "want a value",
		`{"a":1,}`:                    "want a string",
		`{a:1}`:                       "want a string",
		`[1,]`:                        "want a value",
		`[1 2]`:                       "want ',' or ']'",
		`{"a":1 "b":2}`:               "want ',' or '}'",
		`01`:                          "after the end",
		`-`:                           "want a digit",
		`1.`:                          "want a digit",
		`1e`:                          "want a digit",
		`+1`:                          "want a value",
		`.5`:                          "want a value",
		`tru`:                         "want a value",
		`"a`:                          "end of the data",
		`"\`:                          "escape",
		`"\x"`:                        "invalid escape",
		`"\u12g4"`:                    "invalid \\u escape",
		`"\u+123"`:                    "invalid \\u escape",
		`"\u12`:                       "end of the data",
		`"\ud800"`:                    "surrogate",
		`"\ud800\u0041"`:              "surrogate",
		`"\udc00\ud800"`:              "surrogate",
		"\"a\nb\"":                    "control character",
		"\"\\t\n\"":                   "control character",
		"\"\xff\"":                    "byte 1: 0xff is not valid UTF-8",
		"\"\xed\xa0\x80\"":            "not valid UTF-8",
		"\xef\xbb\xbf{}":              "want a value",
		`{} {}`:                       "after the end",
		`{"a":1,"a":2}`:               `duplicate key "a"`,
		`{"a":1,"\u0061":2}`:          `duplicate key "a"`,
		`[{"b":{"a":1,"a":2}}]`:       `duplicate key "a"`,
		`NaN`:                         "want a value",
		`-Infinity`:                   "want a digit",
		"{\"\x00\":1}":                "control character",
		strings.Repeat("[", 1000_000): "deep",
		strings.Repeat(`{"a":`, 1000): "deep",
	} {
		assert.ErrorContains(t, skipAll(text, false), want, "%.60q", text)
	}
}

func TestDuplicateAmongMany(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, `"k%d":0,`, i)
	}
	assert.NoError(t, skipAll("{"+b.String()+`"k":0}`, false))
	for _, i := range []int{0, 7, 8, 9, fewKeys - 1, fewKeys, fewKeys + 1, 99} {
		assert.ErrorContains(t, skipAll(fmt.Sprintf(`{%s"k%d":0}`, b.String(), i), false), "duplicate key")
	}
}

func TestBoolAndNull(t *testing.T) {
	s, err := New([]byte(`[true, false, null, 1]`))
	require.NoError(t, err)
	var got []any
	err = s.Array(func() error {
		if s.Null() {
			got = append(got, nil)
			return nil
		}
		b, err := s.Bool()
		got = append(got, b)
		return err
	})
	assert.ErrorContains(t, err, "want true or false")
	assert.Equal(t, []any{true, false, nil, false}, got)
}

func TestKindMismatch(t *testing.T) {
	s, err := New([]byte(`1`))
	require.NoError(t, err)
	assert.ErrorContains(t, s.Object(nil), "want an object")
	assert.ErrorContains(t, s.Array(nil), "want an array")
	_, err = s.String()
	assert.ErrorContains(t, err, "want a string")
}

// TestErrorOffset holds errors to the byte at fault.
func TestErrorOffset(t *testing.T) {
	for text, want := range map[string]string{
		``:                              "byte 0: unexpected end of the data, want a value",
		" {\n":                          "byte 3: unexpected end of the data, want a string",
		`{"a": ,}`:                      "byte 6: unexpected ',', want a value",
		`{"a" 1}`:                       "byte 5: unexpected '1', want ':'",
		`[1  é]`:                        "byte 4: unexpected 'é', want ',' or ']'",
		`[1. 5]`:                        "byte 3: unexpected ' ', want a digit",
		`{"a":1, "b":2, "\u0061":3}`:    `byte 15: duplicate key "a"`,
		"[\"a\x1fb\"]":                  `byte 3: control character '\x1f' in a string`,
		`["\xy"]`:                       "byte 3: invalid escape 'x' in a string",
		`["\é"]`:                        "byte 3: invalid escape 'é' in a string",
		`["\`:                           "byte 3: unexpected end of the data, want the rest of an escape",
		`["\u12é4"]`:                    "byte 6: invalid \\u escape: 'é' is not a hexadecimal digit",
		`["\u1"`:                        "byte 5: invalid \\u escape: '\"' is not a hexadecimal digit",
		`["\u1`:                         "byte 5: unexpected end of the data, want four hexadecimal digits",
		`["a\ud800\u0041"]`:             "byte 3: unpaired surrogate in a string",
		"[\"é\xc3\"]":                   "byte 4: 0xc3 is not valid UTF-8",
		"[] x":                          "byte 3: data after the end of the value",
		strings.Repeat("[", maxDepth+1): "byte 100: nested more than 100 deep",
	} {
		err := skipAll(text, false)
		require.EqualError(t, err, want, "%.60q", text)
		var at *Error
		require.ErrorAs(t, err, &at)
		assert.Equal(t, want, fmt.Sprintf("byte %d: %v", at.Offset, at.Err))
	}
}

func TestErrorf(t *testing.T) {
	s, err := New([]byte("[ 1]"))
	require.NoError(t, err)
	cause := errors.New("cause")
	err = s.Array(func() error {
		s.Peek()
		return fmt.Errorf("element: %w", s.Errorf("wrong: %w", cause))
	})
	require.EqualError(t, err, "element: byte 2: wrong: cause")
	require.ErrorIs(t, err, cause)
	var at *Error
	require.ErrorAs(t, err, &at)
	assert.Equal(t, 2, at.Offset)
	assert.EqualError(t, at.Err, "wrong: cause")
	assert.EqualError(t, ErrorAt(7, "%d", 8), "byte 7: 8")
}

func TestRaw(t *testing.T) {
	s, err := New([]byte("[ {\"a\" : [1,\n2]} , \"x\\n\",-1.50e0 ,null, 1 2]"))
	require.NoError(t, err)
	var got []string
	var at []int
	err = s.Array(func() error {
		at = append(at, s.Offset())
		text, err := s.Raw()
		got = append(got, string(text))
		assert.Equal(t, len(text), cap(text), "appending must not write into the data")
		return err
	})
	require.EqualError(t, err, "byte 42: unexpected '2', want ',' or ']'")
	assert.Equal(t, []string{"{\"a\" : [1,\n2]}", `"x\n"`, "-1.50e0", "null", "1"}, got)
	assert.Equal(t, []int{2, 19, 25, 34, 40}, at)

	s, err = New([]byte(" [1,]"))
	require.NoError(t, err)
	text, err := s.Raw()
	require.EqualError(t, err, "byte 4: unexpected ']', want a value")
	assert.Nil(t, text)
}

func TestOffset(t *testing.T) {
	s, err := New([]byte("  {} \n"))
	require.NoError(t, err)
	assert.Equal(t, 2, s.Offset())
	require.NoError(t, s.Skip())
	assert.Equal(t, 6, s.Offset(), "the length at the end")
	assert.Zero(t, s.Peek())
}

func TestDuplicatesWhereAllowed(t *testing.T) {
	text := []byte(`{"a":1,"b":{"c":2,"c":3},"a":4}`)
	s, err := New(text)
	require.NoError(t, err)
	require.EqualError(t, s.Skip(), `byte 18: duplicate key "c"`)

	s, err = New(text)
	require.NoError(t, err)
	var twice []string
	s.AllowDuplicates(func(key string) { twice = append(twice, key) })
	values := make(map[string]string)
	require.NoError(t, s.Object(func(key string) error {
		raw, err := s.Raw()
		values[key] = string(raw)
		return err
	}))
	assert.Equal(t, []string{"c", "a"}, twice)
	assert.Equal(t, map[string]string{"a": "4", "b": `{"c":2,"c":3}`}, values, "the last counts")
}

// TestCopy reads a text twice from one check of its UTF-8.
func TestCopy(t *testing.T) {
	s, err := New([]byte(`[NaN, {"a":1}]`))
	require.NoError(t, err)
	s.AllowNonFinite()
	first := *s
	require.NoError(t, first.Skip())
	require.NoError(t, first.End())
	assert.Zero(t, s.Offset())
	require.NoError(t, s.Skip())
}

// TestSmallObjectsAllocateNothing holds the set of keys to its promise. Names
// of one byte cost nothing either, so what is left is the walk itself.
func TestSmallObjectsAllocateNothing(t *testing.T) {
	var members []string
	for i := range fewKeys {
		members = append(members, fmt.Sprintf(`"%c":0`, 'a'+i))
	}
	object := "{" + strings.Join(members, ",") + "}"
	s, err := New([]byte("[" + strings.Repeat(object+",", 999) + object + "]"))
	require.NoError(t, err)
	member := func(string) error { return s.Skip() }
	element := func() error { return s.Object(member) }
	start := *s
	allocs := testing.AllocsPerRun(10, func() {
		*s = start
		if err := s.Array(element); err != nil {
			t.Fatal(err)
		}
	})
	assert.Zero(t, allocs, "for 1000 objects")
}
