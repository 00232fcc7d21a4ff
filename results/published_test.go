package results

import (
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/internal/test/shared"
)

// published are the files with content, and what is in them.
func published() []struct {
	model  string
	schema Schema
	layers int
	types  int
} {
	return []struct {
		model  string
		schema Schema
		layers int
		types  int
	}{
		{"HuggingFaceTB-SmolLM-135M", SchemaPlain, 273, 12},
		{"Qwen-Qwen2-72B", SchemaPlain, 560, 7},
		{"Qwen-Qwen2-MoE-57B-A14B", SchemaPlain, 5628, 201},
		{"meta-llama-Meta-Llama-3-8B", SchemaPlain, 224, 7},
		{"meta-llama-Meta-Llama-3.1-70B", SchemaPlain, 723, 12},
		{"meta-llama-Meta-Llama-3.1-8B-Instruct", SchemaSorted, 291, 12},
	}
}

// resultPath returns the path of a published file, or skips the test.
func resultPath(t *testing.T, model string) string {
	t.Helper()
	return shared.Path(t, "data/published/snr_results_"+model+".json")
}

func TestPublished(t *testing.T) {
	for _, p := range published() {
		t.Run(p.model, func(t *testing.T) {
			path := resultPath(t, p.model)
			res, err := ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, p.schema, res.Schema)
			layers := res.Layers()
			require.Len(t, layers, p.layers)

			sel := selectTop(t, res, 25)
			require.Len(t, sel.Groups, p.types)
			of := make(map[string]int)
			for _, l := range layers {
				of[l.Type]++
			}
			for _, g := range sel.Groups {
				require.Equal(t, of[g.Type], g.Candidates, g.Type)
				require.Len(t, g.Chosen, g.Candidates*25/100, g.Type)
			}

			want, err := os.ReadFile(path)
			require.NoError(t, err)
			rows, err := res.ReferenceRows(ConventionV0)
			require.NoError(t, err)
			write := plain
			if p.schema == SchemaSorted {
				write = sorted
			}
			require.Equal(t, strings.TrimRight(string(want), "\n"), write(t, rows), "export is not what was read")
		})
	}
}

func TestPublishedEmpty(t *testing.T) {
	path := resultPath(t, "deepseek-ai-DeepSeek-V3.1-Base")
	_, err := ReadFile(path)
	require.ErrorIs(t, err, ErrEmpty)
	require.EqualError(t, err, path+": the result file is empty")
}

// TestReferenceTorch takes sums that NumPy computed from real weights and
// expects the scores that PyTorch got in the reference's steps.
func TestReferenceTorch(t *testing.T) {
	text, err := os.ReadFile(shared.Path(t, "data/real/expected.json"))
	require.NoError(t, err)
	var expected map[string]struct {
		SignalCount int64   `json:"signal_count"`
		NoiseCount  int64   `json:"noise_count"`
		SignalSum   Number  `json:"signal_sum"`
		NoiseSum    Number  `json:"noise_sum"`
		SMax        Number  `json:"s1"`
		V0          float64 `json:"snr_v0"`
		V1          float64 `json:"snr_v1"`
	}
	require.NoError(t, json.Unmarshal(text, &expected))
	f := new(Result)
	for name, e := range expected {
		f.Rows = append(f.Rows, Row{
			Name: name, SignalCount: e.SignalCount, NoiseCount: e.NoiseCount,
			SignalSum: e.SignalSum, NoiseSum: e.NoiseSum, SMax: e.SMax,
		})
	}
	for _, c := range []Convention{ConventionV0, ConventionV1} {
		rows, err := ReferenceRows(f, c)
		require.NoError(t, err)
		require.Len(t, rows, len(expected))
		for _, r := range rows {
			e := expected[names.Parameter(r.Name)]
			want := e.V0
			if c == ConventionV1 {
				want = e.V1
			}
			require.InEpsilon(t, want, r.SNR, 1e-5, r.Name)
		}
	}
}

// TestPublishedOrder puts the layers of a published file into module order and
// expects our simulation of the reference's scan to bring back the file's.
func TestPublishedOrder(t *testing.T) {
	for _, p := range published() {
		if p.schema != SchemaPlain {
			continue
		}
		t.Run(p.model, func(t *testing.T) {
			res, err := ReadFile(resultPath(t, p.model))
			require.NoError(t, err)
			want := res.Layers()
			if p.model == "Qwen-Qwen2-MoE-57B-A14B" {
				// Its author scanned this one type last, by hand.
				want = slices.DeleteFunc(want, func(l spectrum.Layer) bool { return l.Type == "mlp.experts.10.gate_proj" })
			}
			f := new(Result)
			for _, l := range want {
				row := scored(l.Name+".weight", l.SNR)
				f.Rows = append(f.Rows, row)
			}
			slices.SortStableFunc(f.Rows, func(a, b Row) int { return cmp.Compare(block(a.Name), block(b.Name)) })
			got, err := ReferenceRows(f, ConventionV0)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

// block returns the number of the block that a layer is in, or -1.
func block(name string) int {
	for part := range strings.SplitSeq(name, ".") {
		if n, err := strconv.Atoi(part); err == nil {
			return n
		}
	}
	return -1
}
