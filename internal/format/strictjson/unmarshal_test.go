package strictjson

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What encoding/json takes and nobody can mean is refused, at any depth.
func TestUnmarshal(t *testing.T) {
	var v struct{ A map[string]int }
	assert.NoError(t, Unmarshal([]byte(` {"A": {"x": 1}} `), &v))
	assert.Equal(t, 1, v.A["x"])
	for _, text := range []string{
		`{"A": {"x": 1}, "A": {"x": 2}}`, `{"A": {"x": 1, "x": 2}}`, `{"B": [{"x": 1, "\u0078": 2}]}`,
		`{"A": {}} x`, `{"A": 1}`, "{\"B\": \"\xff\"}", `{"B": ` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, "",
	} {
		assert.Error(t, Unmarshal([]byte(text), &v), "%.40s", text)
	}
	assert.Equal(t, 1, v.A["x"], "nothing is stored of a text that is refused")
}
