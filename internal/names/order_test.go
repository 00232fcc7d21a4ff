package names

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCompare(t *testing.T) {
	sorted := []string{
		"", "0", "00", "00a", "01", "1", "2", "9", "10", "99999999999999999999", "100000000000000000000",
		"a", "a.weight", "a01", "a1", "a1b", "a2", "a10", "layers", "layers.1.w", "layers.2.a", "layers.2.b",
		"layers.10.a", "layersx", "é",
	}
	for i, a := range sorted {
		for j, b := range sorted {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			assert.Equal(t, want, Compare(a, b), "%q %q", a, b)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		shuffled := slices.Clone(sorted)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		slices.SortFunc(shuffled, Compare)
		assert.Equal(t, sorted, shuffled)
	}
}
