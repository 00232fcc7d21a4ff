package loaded

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/test/shared"
)

// family is a file of ../shared/data/families: what transformers 5 makes of every
// tensor; null for what is in no module.
type family struct {
	Config struct {
		ModelType     string   `json:"model_type"`
		Architectures []string `json:"architectures"`
		Blocks        int      `json:"num_hidden_layers"`
		Text          struct {
			ModelType string `json:"model_type"`
			Blocks    int    `json:"num_hidden_layers"`
		} `json:"text_config"`
	} `json:"config"`
	Tensors map[string]struct {
		Parameter *string `json:"parameter"`
	} `json:"tensors"`
}

func TestFamilies(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "data/families"), "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var f family
		require.NoError(t, json.Unmarshal(text, &f))
		m := Model{Type: f.Config.ModelType, Architecture: f.Config.Architectures[0], TextType: f.Config.Text.ModelType, Blocks: max(f.Config.Blocks, f.Config.Text.Blocks)}
		names := New(m, Transformers5)
		require.NotNil(t, names, file)
		for stored, x := range f.Tensors {
			for _, packed := range []string{"_blocks", "_scales"} {
				stored = strings.TrimSuffix(stored, packed)
			}
			got, reason := names.Parameter(stored)
			if x.Parameter == nil {
				if !strings.Contains(stored, ".experts.") { // the scales of MXFP4 are no weights
					assert.NotEmpty(t, reason, "%s: %s", file, stored)
				}
				continue
			}
			assert.Equal(t, *x.Parameter, got, "%s: %s", file, stored)
			again, _ := names.Parameter(got)
			assert.Equal(t, got, again, "a parameter is its own")
		}
	}
}
