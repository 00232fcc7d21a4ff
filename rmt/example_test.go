package rmt_test

import (
	"fmt"
	"math"

	"github.com/gospectrum/spectrum/rmt"
)

func ExampleMarchenkoPastur() {
	// Singular values of a 1024×4096 matrix of noise with standard deviation 0.02.
	law := rmt.MarchenkoPastur{Aspect: 1024. / 4096, Sigma: 0.02}
	lower, upper := law.Support()
	fmt.Printf("from %.3f to %.3f, half of them below %.3f\n",
		math.Sqrt(lower*4096), math.Sqrt(upper*4096), math.Sqrt(law.Quantile(0.5)*4096))
	fmt.Printf("%.4f\n", law.CDF(law.Quantile(0.25)))
	// Output:
	// from 0.640 to 1.920, half of them below 1.225
	// 0.2500
}

func ExampleMarchenkoPasturSV() {
	// The quarter-circle law.
	law := rmt.MarchenkoPasturSV{Aspect: 1, Sigma: 1}
	lower, upper := law.Support()
	fmt.Printf("[%v, %v], mean %.4f, median %.4f, density at 1 %.4f\n", lower, upper, law.Mean(), law.Median(), law.Prob(1))
	// Output: [0, 2], mean 0.8488, median 0.8079, density at 1 0.5513
}

func ExampleMarchenkoPastur_Stieltjes() {
	law := rmt.MarchenkoPastur{Aspect: 0.5, Sigma: 1}
	fmt.Printf("%.4f\n", law.Stieltjes(0)) // the mean of 1/x, 1/(1−Aspect)
	fmt.Printf("%.4f %.4f\n", imag(law.Stieltjes(1))/math.Pi, law.Prob(1))
	// Output:
	// (2.0000+0.0000i)
	// 0.4211 0.4211
}

func ExampleTracyWidom() {
	var law rmt.TracyWidom
	fmt.Printf("%.4f %.4f %.2e\n", law.Quantile(0.99), law.CDF(law.Mean()), law.Survival(6))
	// Output: 2.0234 0.5197 1.94e-06
}

func ExampleSpikedModel() {
	m := rmt.SpikedModel{Rows: 1024, Cols: 4096, Sigma: 0.02}
	fmt.Printf("noise ends at %.3f; %.3f or more once in a hundred matrices\n", m.NoiseEdge(rmt.EdgeAsymptotic), m.NoiseEdge(0.01))
	theta := 1.5 * m.Detectable()
	s := m.Inflate(theta)
	left, right := m.Overlap(theta)
	fmt.Printf("a strength of %.3f shows as %.3f, with overlaps %.3f and %.3f\n", theta, s, left, right)
	fmt.Printf("and is recovered: %.3f\n", m.Strength(s))
	// Output:
	// noise ends at 1.920; 1.927 or more once in a hundred matrices
	// a strength of 1.358 shows as 2.063, with overlaps 0.810 and 0.652
	// and is recovered: 1.358
}

func ExampleSpikedModel_Shrink() {
	m := rmt.SpikedModel{Rows: 100, Cols: 100, Sigma: 0.1} // noise ends at 2
	fmt.Printf("keep above %.3f\n", m.HardThreshold())
	for _, s := range []float64{1.9, 2.2, 3, 10} {
		fmt.Printf("%.1f: %.3f %.3f %.3f\n", s, m.Shrink(s, rmt.LossFrobenius), m.Shrink(s, rmt.LossOperator), m.Shrink(s, rmt.LossNuclear))
	}
	// Output:
	// keep above 2.309
	// 1.9: 0.000 0.000 0.000
	// 2.2: 0.917 1.558 0.275
	// 3.0: 2.236 2.618 1.854
	// 10.0: 9.798 9.899 9.697
}

func ExampleMedianHardThreshold() {
	fmt.Printf("%.3f\n", rmt.MedianHardThreshold(5, 5, 2))
	// Output: 5.717
}

func ExampleEdgeRule() {
	rule := rmt.EdgeRule(0.05)
	fmt.Println(rule, rmt.EdgeAsymptotic)
	fmt.Println(rule.UnmarshalText([]byte("tw:2")))
	// Output:
	// tw:0.05 asymptotic
	// invalid option: edge "tw:2"; want asymptotic, or tw: and a level between 0 and 1, such as tw:0.01
}
