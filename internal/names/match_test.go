package names

import (
	"path"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMatch(t *testing.T) {
	const name, typ = "model.vision_tower.encoder.layers.0.layer_norm1.weight", "vision_tower.layer_norm1"
	for _, c := range []struct {
		patterns []string
		want     string
	}{
		{nil, ""},
		{[]string{"vision_tower.*"}, "vision_tower.*"}, // the type
		{[]string{name}, name},
		{[]string{"*.layer_norm1"}, "*.layer_norm1"}, // the module
		{[]string{"*.layer_norm[12].weight"}, "*.layer_norm[12].weight"},
		{[]string{"*.bias", "model.*", "*"}, "model.*"}, // the first that fits
		{[]string{"layer_norm1", "vision_tower", ".weight"}, ""},
		{[]string{"[", "*["}, ""},
	} {
		pattern, ok := Match(c.patterns, name, typ)
		assert.Equal(t, c.want, pattern, "%q", c.patterns)
		assert.Equal(t, c.want != "", ok, "%q", c.patterns)
	}
}

func TestCheckPatterns(t *testing.T) {
	assert.NoError(t, CheckPatterns(nil))
	assert.NoError(t, CheckPatterns([]string{"", "*", "[ab]?", `\[`}))
	for _, bad := range []string{"[", "a[", "*[x-", `\`} {
		err := CheckPatterns([]string{"*", bad, "["})
		assert.ErrorIs(t, err, path.ErrBadPattern)
		assert.ErrorContains(t, err, bad)
		_, ok := Match([]string{bad}, bad, bad)
		assert.False(t, ok, bad)
	}
}
