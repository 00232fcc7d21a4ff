package decimal

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryValueHasAPlace(t *testing.T) {
	for f, want := range map[float64][2]string{
		0.1: {"0.1", "0.1"}, 1e300: {"1e+300", "1e+300"}, -2: {"-2", "-2"},
		math.Inf(1): {"Infinity", `"Infinity"`}, math.Inf(-1): {"-Infinity", `"-Infinity"`}, math.NaN(): {"", "null"},
	} {
		text, err := JSON(f)
		require.NoError(t, err)
		assert.Equal(t, want, [2]string{Text(f), string(text)})
	}
}
