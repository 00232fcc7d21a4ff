package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/test/planted"
	"github.com/gospectrum/spectrum/rmt"
)

// aspects are the ratios m/n of the tables: β = 1, ½, 0.286, ¼, ⅛ and 1/32.
var aspects = []struct {
	name  string
	ratio float64
}{{"1", 1}, {"½", 2}, {"0.286", 3.5}, {"¼", 4}, {"⅛", 8}, {"1/32", 32}}

// fiveSpikes start at 1.5 times the detectable strength.
var fiveSpikes = []float64{3.1, 2.7, 2.3, 1.9, 1.5}

// calibratedScales are those whose σ is that of the entries.
func calibratedScales() []spectrum.NoiseScale { return spectrum.NoiseScales()[1:] }

func tables(w io.Writer) error {
	fmt.Fprintln(w, "<!-- Printed by: go run ./examples/noise tables -->")
	for _, f := range []func(io.Writer) error{pureNoise, spiked, otherEntries, weakSpikes, fits} {
		fmt.Fprintln(w)
		if err := f(w); err != nil {
			return err
		}
	}
	return nil
}

// header prints a table's title and first two lines.
func header(w io.Writer, title, first string, columns []string) {
	fmt.Fprintf(w, "### %s\n\n| %s | %s |\n|---|%s\n", title, first, strings.Join(columns, " | "), strings.Repeat("--:|", len(columns)))
}

func aspectNames() []string {
	names := make([]string, len(aspects))
	for i, a := range aspects {
		names[i] = "β = " + a.name
	}
	return names
}

// byAspect prints one row per scale and one column per aspect ratio.
func byAspect(w io.Writer, title string, scales []spectrum.NoiseScale, t trial, cell func(outcome) string) error {
	rows := make([]string, len(scales))
	n := t.rows
	for _, a := range aspects {
		t.cols = int(float64(n) * a.ratio)
		out, err := t.run(scales)
		if err != nil {
			return err
		}
		for i, o := range out {
			rows[i] += " | " + cell(o)
		}
	}
	header(w, title, "", aspectNames())
	for i, noise := range scales {
		fmt.Fprintf(w, "| `%v`%s |\n", noise, rows[i])
	}
	return nil
}

func biasAndSpread(o outcome) string { return fmt.Sprintf("%+.2f ± %.2f", 100*o.bias, 100*o.spread) }

func pureNoise(w io.Writer) error {
	const n, draws = 64, 800
	t := trial{rows: n, entries: planted.Gaussian, edge: 0.01, draws: draws}
	var alarms []string
	err := byAspect(w, fmt.Sprintf("Error of σ on Gaussian noise, %%, mean ± standard deviation; n = %d, %d draws, edge tw:0.01", n, draws),
		calibratedScales(), t, func(o outcome) string {
			alarms = append(alarms, fmt.Sprintf("%.1f", 100*o.alarm))
			return biasAndSpread(o)
		})
	if err != nil {
		return err
	}
	asymptotic := t
	asymptotic.edge = rmt.EdgeAsymptotic
	fmt.Fprint(w, "| `calibrated`, asymptotic edge")
	for _, a := range aspects {
		asymptotic.cols = int(n * a.ratio)
		out, err := asymptotic.run([]spectrum.NoiseScale{spectrum.NoiseCalibrated})
		if err != nil {
			return err
		}
		fmt.Fprint(w, " | ", biasAndSpread(out[0]))
	}
	fmt.Fprint(w, " |\n\n")
	header(w, "Draws of the same noise in which anything is called signal at tw:0.01, %", "", aspectNames())
	scales := calibratedScales()
	for i, noise := range scales {
		fmt.Fprintf(w, "| `%v`", noise)
		for a := range aspects {
			fmt.Fprintf(w, " | %s", alarms[a*len(scales)+i])
		}
		fmt.Fprintln(w, " |")
	}
	fmt.Fprintln(w)
	t.edge, t.draws = rmt.EdgeDefault, 100
	return byAspect(w, fmt.Sprintf("Values of Gaussian noise called signal at the default edge, %%; n = %d, %d draws", n, t.draws),
		spectrum.NoiseScales(), t, func(o outcome) string { return fmt.Sprintf("%.2f", 100*o.fraction) })
}

func spiked(w io.Writer) error {
	const n, draws = 128, 60
	t := trial{rows: n, entries: planted.Gaussian, spikes: fiveSpikes, edge: 0.01, draws: draws}
	return byAspect(w, fmt.Sprintf("Five spikes of 1.5 to 3.1 times the detectable strength: error of σ, %%; draws with the exact count, %%; error of the strengths, %%; n = %d, %d draws, edge tw:0.01", n, draws),
		calibratedScales(), t, func(o outcome) string {
			return fmt.Sprintf("%s; %.0f; %+.1f", biasAndSpread(o), 100*o.exact, 100*o.strength)
		})
}

func otherEntries(w io.Writer) error {
	kinds := []struct {
		name    string
		entries planted.Entries
	}{{"Gaussian", planted.Gaussian}, {"uniform", planted.Uniform}, {"±1", planted.Sign}, {"Student t(5)", planted.StudentT5}}
	const draws = 200
	scales := calibratedScales()
	rows := make([]string, len(scales))
	names := make([]string, len(kinds))
	for k, kind := range kinds {
		names[k] = kind.name
		out, err := trial{rows: 128, cols: 256, entries: kind.entries, edge: 0.01, draws: draws}.run(scales)
		if err != nil {
			return err
		}
		for i, o := range out {
			rows[i] += fmt.Sprintf(" | %s; %.1f", biasAndSpread(o), 100*o.alarm)
		}
	}
	header(w, fmt.Sprintf("Entries that are not Gaussian: error of σ, %%; draws with anything called signal, %%; 128×256, %d draws, edge tw:0.01", draws), "", names)
	for i, noise := range scales {
		fmt.Fprintf(w, "| `%v`%s |\n", noise, rows[i])
	}
	return nil
}

func weakSpikes(w io.Writer) error {
	var columns []string
	for _, a := range aspects[:5] {
		columns = append(columns, "β = "+a.name)
	}
	const draws = 100
	header(w, fmt.Sprintf("`kn`, draws with the exact count of five spikes, %%, beside the same edge with σ known; strengths in multiples of the detectable one, %d draws, edge tw:0.01", draws), "n, strengths", columns)
	for _, row := range []struct {
		n      int
		spikes []float64
	}{
		{128, []float64{1.3, 1.3, 1.3, 1.3, 1.3}}, {128, []float64{1.5, 1.5, 1.5, 1.5, 1.5}}, {128, []float64{2, 2, 2, 2, 2}},
		{128, []float64{2.9, 2.5, 2.1, 1.7, 1.3}}, {128, fiveSpikes}, {256, fiveSpikes},
	} {
		fmt.Fprintf(w, "| %d: %v", row.n, row.spikes)
		for _, a := range aspects[:5] {
			t := trial{rows: row.n, cols: int(float64(row.n) * a.ratio), entries: planted.Gaussian, spikes: row.spikes, draws: draws}
			out, err := t.run([]spectrum.NoiseScale{spectrum.NoiseKritchmanNadler})
			if err != nil {
				return err
			}
			fmt.Fprintf(w, " | %.0f; %.0f", 100*out[0].exact, 100*out[0].known)
		}
		fmt.Fprintln(w, " |")
	}
	return nil
}

func fits(w io.Writer) error {
	sizes := []int{16, 32, 64, 128, 256}
	scales := []spectrum.NoiseScale{spectrum.NoiseCalibrated, spectrum.NoiseMedian, spectrum.NoiseKritchmanNadler, spectrum.NoiseML}
	rows := make([]string, len(scales))
	limits := ""
	var columns []string
	for _, n := range sizes {
		columns = append(columns, fmt.Sprintf("n = %d", n))
		draws := min(2000, 40000/n)
		out, err := trial{rows: n, cols: 2 * n, entries: planted.Gaussian, draws: draws}.run(scales)
		if err != nil {
			return err
		}
		for i, o := range out {
			slices.Sort(o.fit)
			rows[i] += fmt.Sprintf(" | %.2f; %.2f", o.fit[draws/2], o.fit[draws*99/100])
		}
		limits += fmt.Sprintf(" | %.2f", limit(n))
	}
	header(w, "n times the Kolmogorov–Smirnov distance of Gaussian noise, β = ½: median; 99 % quantile", "", columns)
	for i, noise := range scales {
		fmt.Fprintf(w, "| `%v`%s |\n", noise, rows[i])
	}
	fmt.Fprintf(w, "| limit, times n%s |\n", limits)
	return nil
}

// limit asks the library for its limit for n values.
func limit(n int) float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = 1 + float64(n-i)/float64(100*n)
	}
	a, err := spectrum.Analyzer{Noise: spectrum.NoiseKritchmanNadler}.AnalyzeSpectrum(s, n, 2*n)
	if err != nil || a.NoiseCount != n {
		return 0
	}
	_, l := a.GoodnessOfFit()
	return l * float64(n)
}
