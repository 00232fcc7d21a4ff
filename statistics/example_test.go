package statistics_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"github.com/gospectrum/spectrum/statistics"
)

// tail is a spectrum of 200 values whose eigenvalues follow a power law with α = 3.
func tail() *statistics.Spectrum {
	values := make([]float64, 200)
	for i := range values {
		values[i] = math.Sqrt(math.Pow((float64(i)+0.5)/200, -0.5))
	}
	s, err := statistics.New(values, []float64{1e-6}, 200, 300)
	if err != nil {
		log.Fatal(err)
	}
	return s
}

func ExampleNew() {
	// Singular values of a 3×5 matrix, each certain to 0.01.
	s, err := statistics.New([]float64{4, 2, 1}, []float64{0.01}, 3, 5)
	if err != nil {
		log.Fatal(err)
	}
	h := s.Hill()
	fmt.Printf("%.2f ± %.2f\n", h.Value, h.Error)
	_, err = statistics.New([]float64{1, 2}, nil, 2, 2)
	fmt.Println(err)
	// Output:
	// 2.44 ± 0.04
	// not a spectrum: singular value 1 is 2, negative, not finite or above its predecessor
}

func ExampleSpectrum_PowerLaw() {
	p := tail().PowerLaw()
	fmt.Printf("α = %.2f ± %.2f from %.2f on, %d values, rejected: %v\n", p.Alpha, p.StandardError, p.XMin, p.Tail, p.Rejected)
	// Output: α = 3.01 ± 0.14 from 1.00 on, 200 values, rejected: false
}

func ExampleSpectrum_Bootstrap() {
	p, err := tail().Bootstrap(context.Background(), 200, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ruled out:", p < 0.1)
	// Output: ruled out: false
}

func ExampleSpectrum_Hill() {
	h := tail().Hill()
	fmt.Printf("%.2f ± %.0e\n", h.Value, h.Error)
	// Output: 3.02 ± 1e-05
}

func ExampleSpectrum_Entropy() {
	e := tail().Entropy()
	fmt.Printf("%.3f\n", e.Value)
	// Output: 0.992
}

func ExampleSpectrum_EnergyRank() {
	c, err := tail().EnergyRank(0.9)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Value, c.Certain())
	// Output: 163 true
}

func ExampleSpectrum_NumericalRank() {
	s, err := statistics.New([]float64{4, 2, 1e-7}, nil, 3, 5)
	if err != nil {
		log.Fatal(err)
	}
	c, err := s.NumericalRank(statistics.Epsilon32)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Value)
	// Output: 2
}

func ExampleSpectrum_Noise() {
	n := tail().Noise()
	fmt.Printf("%d spikes, the largest %.2f, of strength %.2f\n", n.Spikes.Value, tail().Values()[0], n.Strength.Value)
	// Output: 6 spikes, the largest 4.47, of strength 4.12
}

func ExampleSpectrum_HardRank() {
	fmt.Println(tail().HardRank().Value)
	// Output: 3
}

func ExampleSpectrum_Summary() {
	m := tail().Summary(statistics.Epsilon32)
	for _, d := range statistics.Definitions() {
		if d.Name == "alpha" || d.Name == "rank_99" {
			fmt.Printf("%s: %.4g (%s)\n", d.Name, d.Of(&m), d.About)
		}
	}
	// Output:
	// alpha: 3.009 (exponent of the power law fitted to the tail of the eigenvalues λ = s²)
	// rank_99: 197 (fewest singular values with 99 % of the energy)
}
