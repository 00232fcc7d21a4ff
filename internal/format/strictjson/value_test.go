package strictjson

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestString(t *testing.T) {
	for text, want := range map[string]string{
		`""`: "", `"plain é"`: "plain é", `"a\u00e9\ud83d\ude00\n\/b"`: "aé😀\n/b", `"\u0000"`: "\x00",
		` "\"\\\/\b\f\n\r\t"`: "\"\\/\b\f\n\r\t", `"\u00E9\u00e9é\u20aC"`: "ééé€", `"\uffff\u007f"`: "\uffff\x7f",
	} {
		s, err := New([]byte(text))
		require.NoError(t, err)
		got, err := s.String()
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
		require.NoError(t, s.End())
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]float64{
		"0": 0, " 1.5": 1.5, "-2": -2, "1e-7": 1e-7, "12E+3": 12000, "0.30000000000000004": 0.30000000000000004,
		"1e999": math.Inf(1), "-1e999": math.Inf(-1), "1e-999": 0, "5e-324": 5e-324,
		"1" + strings.Repeat("0", 400): math.Inf(1), "9007199254740993": 9007199254740992,
	} {
		s, err := New([]byte(text))
		require.NoError(t, err)
		got, err := s.Number()
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
		require.NoError(t, s.End())
	}
	s, err := New([]byte("-0"))
	require.NoError(t, err)
	got, err := s.Number()
	require.NoError(t, err)
	assert.True(t, got == 0 && math.Signbit(got))
	for text, want := range map[string]string{
		"": "byte 0: unexpected end of the data, want a number", `"1"`: "want a number", " null": "byte 1: unexpected 'n', want a number",
		"NaN": "want a number", "Infinity": "want a number", "-Infinity": "byte 1: unexpected 'I', want a digit",
		"+1": "want a number", ".5": "want a number", "-": "want a digit", "-a": "want a digit", "1.": "want a digit",
		"1.e5": "byte 2: unexpected 'e', want a digit", "1e": "want a digit", "1e+": "want a digit", "inf": "want a number",
	} {
		s, err := New([]byte(text))
		require.NoError(t, err)
		_, err = s.Number()
		assert.ErrorContains(t, err, want, text)
	}
}

func TestNumberNonFinite(t *testing.T) {
	s, err := New([]byte("[NaN, Infinity,-Infinity , -1, 1e999]"))
	require.NoError(t, err)
	s.AllowNonFinite()
	var got []float64
	require.NoError(t, s.Array(func() error {
		f, err := s.Number()
		got = append(got, f)
		return err
	}))
	require.True(t, math.IsNaN(got[0]))
	assert.Equal(t, []float64{math.Inf(1), math.Inf(-1), -1, math.Inf(1)}, got[1:])

	// Nothing else that strconv or Python would take.
	for _, text := range []string{"nan", "inf", "Inf", "INFINITY", "infinity", "-NaN", "+Infinity", "- Infinity", "0x10", "1_0", "-inf"} {
		s, err := New([]byte(text))
		require.NoError(t, err)
		s.AllowNonFinite()
		if _, err = s.Number(); err == nil {
			err = s.End()
		}
		assert.Error(t, err, text)
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
		" 1.5": `byte 1: "1.5" is not an integer`, "NaN": "want an integer",
	} {
		s, err := New([]byte(text))
		require.NoError(t, err)
		s.AllowNonFinite()
		_, err = s.Natural()
		assert.ErrorContains(t, err, want, text)
	}
}

// value builds what encoding/json would.
func value(s *Scanner) (v any, err error) {
	switch s.Peek() {
	case '{':
		object := make(map[string]any)
		err = s.Object(func(key string) (err error) {
			object[key], err = value(s)
			return err
		})
		return object, err
	case '[':
		array := []any{}
		err = s.Array(func() error {
			element, err := value(s)
			array = append(array, element)
			return err
		})
		return array, err
	case '"':
		return s.String()
	case 't', 'f':
		return s.Bool()
	}
	if s.Null() {
		return nil, nil
	}
	return s.Number()
}

// FuzzSkip holds the scanner against encoding/json: what it accepts is JSON,
// and means the same to both.
func FuzzSkip(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,2.5e-3,{"b":null}],"c":"\u00e9\n"}`, `[NaN]`, `{"a":1,"a":1}`, `"\ud800"`, `[true, false, -0.0, 1e999, {}]`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := skipAll(text, false)
		s, errNew := New([]byte(text))
		if errNew != nil {
			require.Equal(t, errNew, err)
			return
		}
		got, errValue := value(s)
		if errValue == nil {
			errValue = s.End()
		}
		require.Equal(t, err == nil, errValue == nil, "skipping: %v; reading: %v", err, errValue)
		if err != nil {
			var at *Error
			require.True(t, errors.As(err, &at) && at.Offset >= 0 && at.Offset <= len(text), "%#v", err)
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("accepted %q", text)
		}
		var want any
		if json.Unmarshal([]byte(text), &want) == nil { // else a number beyond the range
			require.Equal(t, want, got)
		}
	})
}
