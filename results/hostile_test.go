package results_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/test/hostile"
	"github.com/gospectrum/spectrum/results"
)

func TestNoPanicOnBadInput(t *testing.T) {
	scores, err := results.Read(strings.NewReader(`{"model.layers.0.mlp.up_proj":{"snr":1,"type":"mlp.up_proj"}}`), "x.json")
	require.NoError(t, err)
	sources, err := os.Getwd()
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	p := hostile.Package{
		Dir: sources,
		Funcs: map[string]any{
			"ReferenceRows": results.ReferenceRows, "WriteReference": results.WriteReference, "WriteReferenceSorted": results.WriteReferenceSorted,
			"NewChosen": results.NewChosen, "Layers": results.Layers, "ReadParameters": results.ReadParameters, "Compare": results.Compare, "ParseConvention": results.ParseConvention,
			"DeadExperts": results.DeadExperts, "Diagnose": results.Diagnose, "NewRow": results.NewRow, "Read": results.Read, "ReadFile": results.ReadFile,
			"Merge": results.Merge, "Sketch": results.Sketch, "SketchRanks": results.SketchRanks, "OpenJournal": results.OpenJournal, "Verdicts": results.Verdicts, "Changed": results.Changed,
			"Columns": results.Columns, "Column": results.Column, "ParseOrder": results.ParseOrder, "Rescore": results.Rescore,
		},
		Types: []any{scores, results.Result{}, results.Row{}, results.Recorder{}, results.Chosen{}, results.Comparison{}, results.Diagnosis{},
			results.Number(0), results.Parameters{}, results.Candidate{}, results.Skipped{}, results.Convention(0), results.Schema(0), results.KindDelta, results.Verdict{}, results.LayerRank{}, results.RankTable{}, new(results.Journal), results.Order{Column: "alpha", Ascending: true}},
		Values: []any{scores, []byte(`{"layers":[{}]}`), results.Order{Ascending: true}, &results.Result{Rows: []results.Row{{Rows: 2, Cols: 3, SingularValues: []float64{2, 1}, ValueError: 1}}}},
	}
	p.Walk(t)
}
