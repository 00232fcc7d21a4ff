package spectrum_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
)

// diag is a 4×6 matrix with singular values 8, 2, 1 and ½.
func diag() *mat.Dense {
	w := mat.NewDense(4, 6, nil)
	for i, s := range []float64{2, 8, 0.5, 1} {
		w.Set(i, i+1, s)
	}
	return w
}

func ExampleAnalyze() {
	a, err := spectrum.Analyze(context.Background(), diag())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d×%d, s₁ = %.4g, sₙ = %.4g\n", a.Rows, a.Cols, a.SMax, a.SMin)
	fmt.Printf("σ = %.4f, t = %.4f: %d signal, %d noise\n", a.Sigma, a.Threshold, a.SignalCount, a.NoiseCount)
	fmt.Printf("SNR = (%.4g / %.4g) / %.4g = %.4f\n", a.SignalSum, a.NoiseSum, a.SMax, a.SNR)
	fmt.Printf("‖W‖_F = %.4f, stable rank %.3f, effective rank %.3f\n", a.Frobenius, a.StableRank, a.EffectiveRank)
	// Output:
	// 4×6, s₁ = 8, sₙ = 0.5
	// σ = 1.9459, t = 3.5347: 1 signal, 3 noise
	// SNR = (8 / 3.5) / 8 = 0.2857
	// ‖W‖_F = 8.3217, stable rank 1.082, effective rank 2.473
}

func ExampleSNR() {
	snr, err := spectrum.SNR(context.Background(), diag())
	fmt.Printf("%.4f %v\n", snr, err)
	// Output: 0.2857 <nil>
}

func ExampleSingularValues() {
	s, err := spectrum.SingularValues(context.Background(), diag())
	fmt.Printf("%.3f %v\n", s, err)
	// Output: [8.000 2.000 1.000 0.500] <nil>
}

func ExampleAnalyzer() {
	a := spectrum.Analyzer{Noise: spectrum.NoiseCalibrated, Ratio: spectrum.RatioCount}
	res, err := a.Analyze(context.Background(), diag())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v noise scale, %v ratio: SNR = %.4f\n", res.Noise, res.Ratio, res.SNR)
	// Output: calibrated noise scale, count ratio: SNR = 0.0417
}

func ExampleAnalyzer_SingularValues() {
	b, err := spectrum.BackendByName("gonum")
	if err != nil {
		log.Fatal(err)
	}
	s, err := spectrum.Analyzer{Backend: b}.SingularValues(context.Background(), diag().T())
	fmt.Printf("%.3f %v\n", s, err)
	// Output: [8.000 2.000 1.000 0.500] <nil>
}

func ExampleAnalyzer_AnalyzeValues() {
	// Singular values that are certain to 0.001 each.
	a, err := spectrum.Analyzer{}.AnalyzeValues([]float64{8, 2, 1, 0.5}, []float64{0.001}, 4, 6)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("SNR %.3f, certain to %.2g\n", a.SNR, a.SNRError)
	// Output: SNR 0.286, certain to 0.0011
}

func ExampleAnalyzer_AnalyzeSpectrum() {
	a, err := spectrum.Analyzer{}.AnalyzeSpectrum([]float64{8, 2, 1, 0.5}, 4, 6)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", a.SNR)
	// Output: 0.2857
}

func ExampleAnalysis() {
	// Every value of an orthogonal matrix lies above the threshold: there is
	// no noise to divide by.
	a, err := spectrum.Analyze(context.Background(), mat.NewDense(2, 2, []float64{0, 1, 1, 0}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.SNR, a.Saturated)
	// Output: +Inf true
}

func ExampleElementError() {
	w := diag()
	w.Set(1, 3, math.NaN())
	_, err := spectrum.Analyze(context.Background(), w)
	var at *spectrum.ElementError
	if errors.As(err, &at) {
		fmt.Println(at.Row, at.Col, at.Value)
	}
	fmt.Println(err, errors.Is(err, spectrum.ErrNotFinite))
	// Output:
	// 1 3 NaN
	// weight is not finite: NaN at row 1, column 3 true
}

func ExampleWeights() {
	w, err := spectrum.NewWeights(2, 2, []float32{3, 0, 0, 4})
	if err != nil {
		log.Fatal(err)
	}
	snr, err := spectrum.SNR(context.Background(), w)
	fmt.Println(snr, err)
	fmt.Println(mat.Formatted(w))
	// Output:
	// +Inf <nil>
	// ⎡3  0⎤
	// ⎣0  4⎦
}

func ExampleNewWeights() {
	w, err := spectrum.NewWeights(1, 3, []spectrum.BFloat16{0x3f80, 0x4000, 0xc040})
	if err != nil {
		log.Fatal(err)
	}
	r, c := w.Dims()
	fmt.Println(r, c, w.DType(), w.DType().Size(), "bytes,", w.Row(nil, 0))
	// Output: 1 3 BF16 2 bytes, [1 2 -3]
}

func ExampleToBFloat16() {
	b := spectrum.ToBFloat16(3.14159)
	fmt.Printf("%#04x %v\n", uint16(b), b.Float32())
	// Output: 0x4049 3.140625
}

func ExampleToFloat16() {
	h := spectrum.ToFloat16(3.14159)
	fmt.Printf("%#04x %v\n", uint16(h), h.Float32())
	// Output: 0x4248 3.140625
}

func ExampleNoiseScale() {
	var n spectrum.NoiseScale
	fmt.Println(n)
	err := n.UnmarshalText([]byte("calibrated"))
	fmt.Println(n, err)
	// Output:
	// iqr
	// calibrated <nil>
}

func ExampleRatio() {
	var r spectrum.Ratio
	fmt.Println(r, r.UnmarshalText([]byte("median")))
	// Output: sum invalid option: ratio "median"; one of sum, count, energy
}

func ExampleBackends() {
	for _, b := range spectrum.Backends() {
		s, err := spectrum.Analyzer{Backend: b}.SingularValues(context.Background(), diag())
		if err != nil {
			log.Fatal(b.Name(), err)
		}
		if fmt.Sprintf("%.3f", s) != "[8.000 2.000 1.000 0.500]" {
			fmt.Println(b.Name(), s)
		}
	}
	fmt.Println("all agree")
	// Output: all agree
}

func ExampleBackendByName() {
	b, err := spectrum.BackendByName("gonum")
	fmt.Println(b.Name(), err)
	_, err = spectrum.BackendByName("cuda") // the error lists what this machine has
	fmt.Println(errors.Is(err, spectrum.ErrBackend))
	// Output:
	// gonum <nil>
	// true
}

func ExampleDefaultBackend() {
	b, err := spectrum.DefaultBackend()
	if err != nil {
		log.Fatal(err) // the environment asks for one that is not available
	}
	_, err = spectrum.BackendByName(b.Name())
	fmt.Println(err)
	// Output: <nil>
}

func ExamplePrecision() {
	w, err := spectrum.NewWeights(2, 2, []float32{3, 0, 0, 4})
	if err != nil {
		log.Fatal(err)
	}
	a, err := spectrum.Analyzer{Precision: spectrum.PrecisionFloat64}.Analyze(context.Background(), w)
	fmt.Println(a.Precision, err)
	// Output: float64 <nil>
}

func ExampleSelectTopK() {
	layers := []spectrum.Layer{
		{Name: "layers.0.q_proj", Type: "q_proj", SNR: 0.3, Params: 100},
		{Name: "layers.1.q_proj", Type: "q_proj", SNR: 0.9, Params: 100},
		{Name: "layers.0.up_proj", Type: "up_proj", SNR: 2, Params: 400},
		{Name: "layers.1.up_proj", Type: "up_proj", SNR: 1, Params: 400},
	}
	sel, err := spectrum.SelectTopK(layers, 50)
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range sel.Groups {
		fmt.Println(g.Type, len(g.Chosen), "of", g.Candidates, g.Chosen)
	}
	fmt.Println(len(sel.Layers()), "layers,", sel.Params(), "parameters")
	// Output:
	// q_proj 1 of 2 [{layers.1.q_proj q_proj 0.9 100}]
	// up_proj 1 of 2 [{layers.0.up_proj up_proj 2 400}]
	// 2 layers, 500 parameters
}

func ExampleDivisor() {
	for _, d := range []spectrum.Divisor{spectrum.DivisorSMax, spectrum.DivisorNone, spectrum.DivisorEdge} {
		a, err := spectrum.Analyzer{Divisor: d}.Analyze(context.Background(), diag())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v: %.4f\n", d, a.SNR)
	}
	// Output:
	// s_max: 0.2857
	// none: 2.2857
	// edge: 1.0099
}

func ExampleNoiseScales() {
	fmt.Println(spectrum.NoiseScales())
	// Output: [iqr calibrated median kn std mad ml]
}

func ExampleAnalyzer_Check() {
	fmt.Println(spectrum.Analyzer{Edge: 0.01}.Check())
	// Output: invalid option: noise scale iqr is not that of the entries, so it has no Tracy–Widom edge
}

// oneSpike is 200×300 noise of standard deviation 1 with a direction of strength 60.
func oneSpike() *mat.Dense {
	rnd := rand.New(rand.NewPCG(1, 2))
	w := mat.NewDense(200, 300, nil)
	w.Apply(func(_, _ int, _ float64) float64 { return rnd.NormFloat64() }, w)
	w.Set(0, 0, w.At(0, 0)+60)
	return w
}

func ExampleAnalysis_Strengths() {
	a, err := spectrum.Analyzer{Noise: spectrum.NoiseKritchmanNadler}.Analyze(context.Background(), oneSpike())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("σ = %.2f, %d signal value: %.0f, without the noise %.0f\n", a.Sigma, a.SignalCount, a.SMax, a.Strengths()[0])
	// Output: σ = 1.00, 1 signal value: 64, without the noise 60
}

func ExampleAnalysis_GoodnessOfFit() {
	a, err := spectrum.Analyzer{Noise: spectrum.NoiseKritchmanNadler}.Analyze(context.Background(), oneSpike())
	if err != nil {
		log.Fatal(err)
	}
	distance, limit := a.GoodnessOfFit()
	fmt.Println(distance < limit)
	fmt.Println(a.SpikedModel().Detectable() < a.Strengths()[0])
	// Output:
	// true
	// true
}

func ExampleAnalyzer_edge() {
	an := spectrum.Analyzer{Noise: spectrum.NoiseMedian, Edge: 0.05}
	a, err := an.Analyze(context.Background(), diag())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.Noise, a.Edge)
	fmt.Println(spectrum.Analyzer{Noise: spectrum.NoiseKritchmanNadler}.ResolvedEdge())
	// Output:
	// median tw:0.05
	// tw:0.01
}

func ExampleAnalysis_Law() {
	a, err := spectrum.Analyzer{Noise: spectrum.NoiseKritchmanNadler}.Analyze(context.Background(), oneSpike())
	if err != nil {
		log.Fatal(err)
	}
	lower, upper := a.Law().Support()
	fmt.Printf("%d above the noise, which lies between %.2f and %.2f\n", a.SignalCount, lower, upper)
	// Output: 1 above the noise, which lies between 3.20 and 31.54
}

func ExampleAnalysis_HardThreshold() {
	a, err := spectrum.Analyzer{}.AnalyzeSpectrum([]float64{9, 4, 2, 1, 0.5}, 5, 5)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", a.HardThreshold())
	// Output: 5.717
}
