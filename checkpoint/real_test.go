package checkpoint

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// realData returns a path below data/real of the shared directory, which is
// not part of the repository.
func realData(t *testing.T, name string) string {
	shared := os.Getenv("SPECTRUM_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	path := filepath.Join(shared, "data", "real", name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("no shared data (set SPECTRUM_SHARED): ", err)
	}
	return path
}

func TestStories(t *testing.T) {
	m := open(t, realData(t, "stories260K"))
	text, err := os.ReadFile(realData(t, "expected.json"))
	require.NoError(t, err)
	var expected map[string]struct {
		Rows, Cols int
		S1         float64
	}
	require.NoError(t, json.Unmarshal(text, &expected))
	assert.Equal(t, "llama", m.Config().ModelType)
	assert.Equal(t, []string{"LlamaForCausalLM"}, m.Config().Architectures)
	assert.True(t, m.Config().TieWordEmbeddings)
	assert.Len(t, m.Config().SHA256, 64)

	var buf Buffer
	var params int64
	for _, x := range m.Tensors() {
		params += x.Params()
		w, err := m.Load(t.Context(), x, &buf)
		require.NoError(t, err)
		want, ok := expected[x.Name]
		assert.Equal(t, len(x.Shape) == 2, ok, x.Name)
		if !ok {
			continue
		}
		rows, cols := w.Dims()
		assert.Equal(t, [2]int{want.Rows, want.Cols}, [2]int{rows, cols}, x.Name)
		// s₁ ≤ ‖W‖_F ≤ √n·s₁ holds for the right values and few others.
		norm := 0.0
		for i := range rows {
			for _, v := range w.Row(nil, i) {
				norm += v * v
			}
		}
		norm = math.Sqrt(norm)
		assert.GreaterOrEqual(t, norm, want.S1*(1-1e-12), x.Name)
		assert.LessOrEqual(t, norm, want.S1*math.Sqrt(float64(min(rows, cols))), x.Name)
		delete(expected, x.Name)
	}
	assert.Empty(t, expected)
	assert.Equal(t, m.Files()[0].Size, 8+4848+4*params)
	assert.Equal(t, "model.embed_tokens.weight", m.Tensors()[0].Name)
	assert.Equal(t, "model.norm.weight", m.Tensors()[len(m.Tensors())-1].Name)
}

func TestSilero(t *testing.T) {
	m := open(t, realData(t, "silero_vad_16k.safetensors"))
	shapes := map[string][2]int{}
	for _, x := range m.Tensors() {
		w, err := m.Load(t.Context(), x, nil)
		require.NoError(t, err)
		rows, cols := w.Dims()
		assert.EqualValues(t, x.Params(), rows*cols)
		if len(x.Shape) == 3 {
			shapes[x.Name] = [2]int{rows, cols}
			assert.Equal(t, x.Shape[0], rows, x.Name)
			assert.Equal(t, x.Name == "final_conv.weight", x.Vector(), "one channel, of kernels of 1")
		}
	}
	assert.Len(t, shapes, 6, "the kernels of the convolutions")
	assert.Equal(t, Config{}, m.Config())
}
