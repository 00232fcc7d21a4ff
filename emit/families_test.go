package emit_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/emit"
	naming "github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/internal/test/shared"
)

// loadedModels returns the parameters of the families in ../shared/data as transformers 5
// has them.
func loadedModels(t *testing.T) map[string][]emit.Param { return families(t, true) }

// storedModels returns the tensors of the same families as their files have them.
func storedModels(t *testing.T) map[string][]emit.Param { return families(t, false) }

func families(t *testing.T, loaded bool) map[string][]emit.Param {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "data/families"), "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := make(map[string][]emit.Param)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var f struct {
			Tensors map[string]struct {
				Shape     []int64 `json:"shape"`
				Parameter *string `json:"parameter"`
			} `json:"tensors"`
		}
		require.NoError(t, json.Unmarshal(text, &f))
		at := make(map[string]int)
		var list []emit.Param
		for _, stored := range slices.Sorted(mapKeys(f.Tensors)) {
			x := f.Tensors[stored]
			if !loaded {
				x.Parameter = &stored
			}
			if x.Parameter == nil {
				continue
			}
			n := int64(1)
			for _, d := range x.Shape {
				n *= d
			}
			i, seen := at[*x.Parameter]
			if !seen {
				i = len(list)
				at[*x.Parameter] = i
				list = append(list, emit.Param{Name: *x.Parameter, Dims: len(x.Shape)})
			}
			list[i].Params += n
			list[i].Bytes += 2 * n
		}
		all[filepath.Base(file)] = list
	}
	return all
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// For every family and every format, the trainer's rule, as Python has it on the loaded
// names, trains exactly what was announced; or the format refuses with a reason.
func TestFamilies(t *testing.T) {
	var jobs []job
	var want [][]string
	var labels []string
	for family, model := range loadedModels(t) {
		for _, percent := range []float64{15, 25, 50} {
			var layers []spectrum.Layer
			for i, p := range model {
				if strings.HasSuffix(p.Name, "bias") || p.Dims < 2 {
					continue
				}
				layers = append(layers, spectrum.Layer{Name: p.Name, Type: naming.Type(p.Name), SNR: float64(i*7919%104729) / 1e4, Params: p.Params})
			}
			sel, err := spectrum.SelectTopK(layers, percent)
			require.NoError(t, err)
			for _, f := range emit.Formats() {
				if !slices.Contains(emit.Consumers(), f) {
					continue
				}
				label := fmt.Sprintf("%s, %v %%, %s", family, percent, f)
				made, err := emit.Make(f, sel, emit.Training{Model: model, LearningRate: 1e-5})
				if err != nil {
					assert.ErrorIs(t, err, emit.ErrInexpressible, label)
					assert.Contains(t, []emit.Format{emit.LLaMAFactory, emit.LLaMAFactoryV1}, f, "%s: %v", label, err) // which can say blocks only
					continue
				}
				var trained []string
				var params int64
				for _, p := range made.Trained {
					trained, params = append(trained, p.Name), params+p.Params
				}
				assert.Equal(t, len(sel.Layers()), len(trained)+len(made.Left), label)
				assert.NotEmpty(t, trained, label)
				assert.Equal(t, params, made.Params())
				for _, o := range made.Left {
					assert.NotEmpty(t, o.Reason, label)
					assert.NotContains(t, trained, o.Name, label)
				}
				jobs = append(jobs, job{f, made.Text, paramNames(model)})
				want, labels = append(want, trained), append(labels, label)
			}
		}
	}
	require.Greater(t, len(jobs), 200)
	for i, got := range trains(t, jobs) {
		assert.ElementsMatch(t, want[i], got, labels[i])
	}
}
