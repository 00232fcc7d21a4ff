package results_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/scan"
	"github.com/gospectrum/spectrum/selection"
)

// upProj is the row of one layer with the given sums of singular values.
func upProj(block int, signal, noise results.Number) results.Row {
	return results.Row{
		Name: fmt.Sprintf("model.layers.%d.mlp.up_proj.weight", block), Type: "mlp.up_proj",
		Rows: 4, Cols: 6, DType: "F32", Params: 24,
		SNR: signal / noise / 8, RatioSum: signal / noise, RatioCount: 1. / 3,
		SignalCount: 1, NoiseCount: 3, SignalSum: signal, NoiseSum: noise, SMax: 8, Ranked: true,
	}
}

// scanned is the file of a small scan.
func scanned() *results.Result {
	return &results.Result{
		Provenance: results.Provenance{Tool: "spectrum", Settings: results.Settings{Noise: "iqr", Ratio: "sum"}},
		Rows:       []results.Row{upProj(0, 8, 4), upProj(1, 8, 2), upProj(2, 8, 8)},
	}
}

// selected is the better half of a model's layers.
func selected() *selection.Selection {
	sel, err := spectrum.SelectTopK([]spectrum.Layer{
		{Name: "model.layers.0.mlp.up_proj.weight", Type: "mlp.up_proj", SNR: 0.5, Params: 24},
		{Name: "model.layers.0.self_attn.q_proj.weight", Type: "self_attn.q_proj", SNR: math.Inf(1), Params: 16},
		{Name: "model.layers.1.mlp.up_proj.weight", Type: "mlp.up_proj", SNR: 0.75, Params: 24},
		{Name: "model.layers.1.self_attn.q_proj.weight", Type: "self_attn.q_proj", SNR: 0.25, Params: 16},
	}, 50)
	if err != nil {
		log.Fatal(err)
	}
	return sel
}

func ExampleRead() {
	text := `{"mlp.up_proj": {"model.layers.1.mlp.up_proj": Infinity, "model.layers.0.mlp.up_proj": 0.5}}`
	res, err := results.Read(strings.NewReader(text), "sorted.json")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Schema)
	for _, l := range res.Layers() {
		fmt.Println(l.Name, l.Type, l.SNR)
	}

	_, err = results.Read(strings.NewReader("{\"layers\": [\n  {\"name\": 7}]}"), "bad.json")
	fmt.Println(err)
	fmt.Println(errors.Is(err, results.ErrFormat))
	// Output:
	// reference sorted results
	// model.layers.1.mlp.up_proj mlp.up_proj +Inf
	// model.layers.0.mlp.up_proj mlp.up_proj 0.5
	// bad.json: malformed result file: line 2, byte 25: layer 1, name: number where string belongs
	// true
}

func ExampleReadFile() {
	res, err := results.ReadFile("testdata/snr_results_two-layers.json")
	if err != nil {
		log.Fatal(err)
	}
	sel, err := spectrum.SelectTopK(res.Layers(), 50)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v: %v\n", res.Schema, sel.Layers())
	// Output: reference results: [{model.layers.1.mlp.up_proj mlp.up_proj +Inf 0}]
}

func ExampleResult_WriteJSON() {
	var file strings.Builder
	if err := scanned().WriteJSON(&file); err != nil {
		log.Fatal(err)
	}
	// What was written reads back the same.
	res, err := results.Read(strings.NewReader(file.String()), "results.json")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Schema, len(res.Result.Rows), res.Result.Rows[1].SNR)
	fmt.Println(strings.Join(strings.SplitAfter(file.String(), "\n")[:5], ""))
	// Output:
	// spectrum results 3 0.5
	// {
	//   "provenance": {
	//     "tool": "spectrum",
	//     "version": "",
	//     "started": "0001-01-01T00:00:00Z",
}

func ExampleResult_WriteCSV() {
	failed := results.NewRow(scan.Outcome{
		Tensor: checkpoint.Tensor{Name: "model.layers.1.mlp.up_proj.weight", DType: "F32", Shape: []int{4, 6}},
		Type:   "mlp.up_proj",
		Err:    errors.New("NaN at row 0, column 3"),
	})
	f := &results.Result{Rows: []results.Row{upProj(0, 8, 4), failed}}
	if err := f.WriteCSV(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// name,type,rows,cols,dtype,params,snr,ratio_sum,ratio_count,signal_count,noise_count,signal_sum,noise_sum,sigma,threshold,s_max,s_min,frobenius,stable_rank,effective_rank,saturated,zero,ranked,tied_to,backend,kernel,precision,snr_error,seconds,error,ratio_energy,fit,fit_limit,value_error,s_min_error,condition,condition_error,uncertain,parameter,absent,part_of,sha256,alpha,alpha_xmin,alpha_ks,alpha_tail,alpha_error,alpha_bound,alpha_uncertain,alpha_rejected,alpha_weighted,log_alpha_norm,hill_alpha,hill_alpha_error,spectral_entropy,spectral_entropy_error,rank_90,rank_95,rank_99,numerical_rank,spikes,spike_strength,gavish_donoho_rank,below_edge,ranks_uncertain
	// model.layers.0.mlp.up_proj.weight,mlp.up_proj,4,6,F32,24,0.25,2,0.3333333333333333,1,3,8,4,0,0,8,0,0,0,0,false,false,true,,,,,0,0,,0,0,0,0,0,0,0,0,,,,,0,0,0,0,0,0,false,false,0,0,0,0,0,0,0,0,0,0,0,0,0,0,false
	// model.layers.1.mlp.up_proj.weight,mlp.up_proj,4,6,F32,24,,,,0,0,,,,,,,,,,false,false,true,,,,,,0,"NaN at row 0, column 3",,,,,,,,0,,,,,,,,,,,false,false,,,,,,,,,,,,,,,false
}

func ExampleReferenceRows() {
	f := &results.Result{Rows: []results.Row{
		upProj(0, 8, 4),
		{Name: "model.norm.weight", SignalCount: 1, SignalSum: 3, SMax: 3}, // no noise
		{Name: "model.norm.bias", SignalCount: 1, SignalSum: 3, SMax: 3},   // not a "weight"
	}}
	for _, c := range []results.Convention{results.ConventionV0, results.ConventionV1} {
		rows, err := results.ReferenceRows(f, c)
		if err != nil {
			log.Fatal(err)
		}
		for _, r := range rows {
			fmt.Println(c, r.Name, r.Type, r.SNR)
		}
	}
	// Output:
	// v0 model.layers.0.mlp.up_proj mlp.up_proj 0.25
	// v0 model.norm model.norm +Inf
	// v1 model.layers.0.mlp.up_proj mlp.up_proj 0.25
	// v1 model.norm model.norm 1
}

func ExampleWriteReference() {
	rows, err := results.ReferenceRows(scanned(), results.ConventionV1)
	if err != nil {
		log.Fatal(err)
	}
	if err := results.WriteReference(os.Stdout, rows[:2]); err != nil {
		log.Fatal(err)
	}
	// Output:
	// {
	//     "model.layers.0.mlp.up_proj": {
	//         "snr": 0.25,
	//         "type": "mlp.up_proj"
	//     },
	//     "model.layers.1.mlp.up_proj": {
	//         "snr": 0.5,
	//         "type": "mlp.up_proj"
	//     }
	// }
}

func ExampleWriteReferenceSorted() {
	rows, err := results.ReferenceRows(scanned(), results.ConventionV1)
	if err != nil {
		log.Fatal(err)
	}
	if err := results.WriteReferenceSorted(os.Stdout, rows); err != nil {
		log.Fatal(err)
	}
	// Output:
	// {
	//     "mlp.up_proj": {
	//         "model.layers.1.mlp.up_proj": 0.5,
	//         "model.layers.0.mlp.up_proj": 0.25,
	//         "model.layers.2.mlp.up_proj": 0.125
	//     }
	// }
}

func ExampleNewChosen() {
	f := scanned()
	f.Chosen = results.NewChosen(selected(), 160)
	s := f.Chosen
	fmt.Printf("top %g %%: %d layers, %d parameters, %g %% of the model\n", s.TopPercent, len(s.Layers), s.Params, 100*s.Share)
	// Output: top 50 %: 2 layers, 40 parameters, 25 % of the model
}

func ExampleNewRow() {
	w := mat.NewDense(2, 4, []float64{3, 0, 0, 0, 0, 4, 0, 0})
	a, err := spectrum.Analyze(context.Background(), w)
	if err != nil {
		log.Fatal(err)
	}
	r := results.NewRow(scan.Outcome{
		Tensor:   checkpoint.Tensor{Name: "model.layers.0.mlp.up_proj.weight"},
		Type:     "mlp.up_proj",
		Analysis: a,
	})
	fmt.Printf("%s: %d×%d, s₁ = %.4g, SNR %v\n", r.Type, r.Rows, r.Cols, float64(r.SMax), r.SNR)
	// Output: mlp.up_proj: 2×4, s₁ = 4, SNR Infinity
}

func ExampleRecorder() {
	m, err := checkpoint.Open(context.Background(), "../testdata/tiny-llama")
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	res, err := results.Recorder{}.Scan(context.Background(), m, scan.Options{Include: []string{"self_attn.o_proj"}})
	if err != nil {
		log.Fatal(err)
	}
	sel, err := spectrum.SelectTopK(res.Scores().Layers(), 25)
	if err != nil {
		log.Fatal(err)
	}
	res.Chosen = results.NewChosen(sel, 0)
	fmt.Println(len(res.Rows), "rows,", len(res.Skipped), "tensors skipped, chosen", res.Chosen.Layers)
	// Output: 8 rows, 66 tensors skipped, chosen [model.layers.5.self_attn.o_proj.weight model.layers.1.self_attn.o_proj.weight]
}

func ExampleDeadExperts() {
	expert := func(number int, norm results.Number) results.Row {
		return results.Row{Name: fmt.Sprintf("model.layers.0.mlp.experts.%d.up_proj.weight", number), Frobenius: norm}
	}
	for _, d := range results.DeadExperts([]results.Row{expert(0, 9), expert(1, 1e-6), expert(2, 11)}) {
		fmt.Printf("%s: norm %g, median of %s %g\n", d.Name, d.Norm, d.Type, d.Median)
	}
	// Output: model.layers.0.mlp.experts.1.up_proj.weight: norm 1e-06, median of mlp.experts.*.up_proj 9
}

func ExampleNumber() {
	text, err := json.Marshal([]results.Number{0.1, results.Number(math.Inf(1)), results.Number(math.NaN())})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	var back []results.Number
	err = json.Unmarshal(text, &back)
	fmt.Printf("%q %v\n", back, err)
	// Output:
	// [0.1,"Infinity",null]
	// ["0.1" "Infinity" ""] <nil>
}

func ExampleParseConvention() {
	c, err := results.ParseConvention("v1")
	fmt.Println(c, err)
	_, err = results.ParseConvention("v2")
	fmt.Println(err, errors.Is(err, spectrum.ErrOption))
	// Output:
	// v1 <nil>
	// invalid option: convention "v2" is neither v0 nor v1 true
}

func ExampleCompare() {
	read := func(text string) *results.Scores {
		r, err := results.Read(strings.NewReader(text), "example")
		if err != nil {
			log.Fatal(err)
		}
		return r
	}
	a := read(`{"0.q": {"snr": 1, "type": "q"}, "1.q": {"snr": 2, "type": "q"}, "2.q": {"snr": 3, "type": "q"}}`)
	b := read(`{"0.q": {"snr": 5, "type": "q"}, "1.q": {"snr": 4, "type": "q"}, "2.q": {"snr": 9, "type": "q"}}`)
	c, err := results.Compare(a, b, 34)
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range c.Types {
		fmt.Printf("%s: τ %.3f, ρ %.3f, %d of %d the same\n", t.Type, t.Kendall, t.Spearman, t.Shared, t.Chosen)
	}
	// Output: q: τ 0.333, ρ 0.500, 1 of 1 the same
}

func ExampleScores_RankedBy() {
	text := `{"layers": [
		{"name": "model.layers.0.mlp.up_proj.weight", "type": "mlp.up_proj", "snr": 4, "ranked": true, "hill_alpha": 3.5},
		{"name": "model.layers.1.mlp.up_proj.weight", "type": "mlp.up_proj", "snr": 3, "ranked": true, "hill_alpha": 2.5}]}`
	scores, err := results.Read(strings.NewReader(text), "llama.json")
	if err != nil {
		log.Fatal(err)
	}
	by, err := results.ParseOrder("hill_alpha:asc") // the heaviest tail first
	if err != nil {
		log.Fatal(err)
	}
	ranked, _, err := scores.RankedBy(by)
	if err != nil {
		log.Fatal(err)
	}
	sel, err := spectrum.SelectTopK(ranked.Layers(), 50)
	if err != nil {
		log.Fatal(err)
	}
	by.Restore(sel)
	fmt.Println(sel.Layers()[0].Name, sel.Layers()[0].SNR)
	fmt.Println(sel.Rule)
	// Output:
	// model.layers.1.mlp.up_proj.weight 2.5
	// top 50 % of each type, by hill_alpha, the lowest first
}

func ExampleRescore() {
	row := results.Row{Name: "a.weight", Type: "a", Rows: 4, Cols: 6, Ranked: true, SingularValues: []float64{8, 2, 1, 0.5}}
	res, err := results.Rescore(&results.Result{Rows: []results.Row{row}}, spectrum.Analyzer{Ratio: spectrum.RatioCount, Divisor: spectrum.DivisorNone})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f by %s over %s\n", float64(res.Rows[0].SNR), res.Provenance.Settings.Ratio, res.Provenance.Settings.Divisor)
	// Output: 0.333 by count over none
}
