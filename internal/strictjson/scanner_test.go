package strictjson

import (
	"encoding/json"
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
		"\"\xff\"":                    "byte 1 is not valid UTF-8",
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
	for _, i := range []int{0, 7, 8, 9, 99} {
		assert.ErrorContains(t, skipAll(fmt.Sprintf(`{%s"k%d":0}`, b.String(), i), false), "duplicate key")
	}
}

func TestString(t *testing.T) {
	for text, want := range map[string]string{
		`""`: "", `"plain é"`: "plain é", `"a\u00e9\ud83d\ude00\n\/b"`: "aé😀\n/b", `"\u0000"`: "\x00",
	} {
		s, err := New([]byte(text))
		require.NoError(t, err)
		got, err := s.String()
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
}

func TestNatural(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, " 12": 12, "9223372036854775807": 1<<63 - 1} {
		s, err := New([]byte(text))
		require.NoError(t, err)
		got, err := s.Natural()
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
	for text, want := range map[string]string{
		"-1": "negative", "-0": "negative", "1.0": "not an integer", "1e3": "not an integer",
		"9223372036854775808": "too large", "99999999999999999999999999": "too large",
		`"1"`: "want an integer", "": "want an integer", "null": "want an integer", "true": "want an integer",
	} {
		s, err := New([]byte(text))
		require.NoError(t, err)
		_, err = s.Natural()
		assert.ErrorContains(t, err, want, text)
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

// FuzzSkip holds the scanner against encoding/json: what it accepts is JSON.
func FuzzSkip(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5e-3,{"b":null}],"c":"\u00e9\n"}`, `[NaN]`, `{"a":1,"a":1}`, `"\ud800"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if skipAll(text, false) == nil && !json.Valid([]byte(text)) {
			t.Fatalf("accepted %q", text)
		}
	})
}
