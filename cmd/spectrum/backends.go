package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/engine/measure"
	"github.com/gospectrum/spectrum/internal/escape"
)

func newBackends() *cobra.Command {
	var quick bool
	cmd := &cobra.Command{
		Use:   "backends",
		Short: "Show what computes singular values here, why, and how fast",
		Long: `backends prints the CPU, every back-end and kernel with what it lacks where it
is not available, the one that runs when none is named, and how fast each is:
multiply-adds of one worker, on registers alone (peak) and in the packed product
(strip), and whole spectra of a small matrix on all processors.

The environment variables SPECTRUM_BACKEND and SPECTRUM_KERNEL choose the default.`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if quick {
				return printBackends(cmd.Context(), cmd.OutOrStdout(), 0)
			}
			return printBackends(cmd.Context(), cmd.OutOrStdout(), measureTime)
		},
	}
	cmd.Flags().BoolVar(&quick, "no-measure", false, "leave out the speeds, which take two seconds")
	return cmd
}

// printBackends measures each speed for d, and none if d is 0.
func printBackends(ctx context.Context, w io.Writer, d time.Duration) error {
	escape.Fprintf(w, "CPU       %s, %s/%s, %d processors in use\n", cpuName(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
	escape.Fprintf(w, "features  %s\n", strings.Join(cpuid.CPU.FeatureSet(), " "))
	chosen, chosenErr := spectrum.DefaultBackend()
	if chosenErr == nil {
		escape.Fprintf(w, "default   %s\n\n", chosen.Name())
	} else {
		escape.Fprintf(w, "default   none\n\n")
	}

	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	printKernels(t, d)
	if err := t.Flush(); err != nil {
		return err
	}
	escape.Fprintf(w, "\n")
	if err := printSpectra(ctx, t, d); err != nil {
		return err
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if d > 0 {
		escape.Fprintf(w, "\nGFLOP/s; a spectrum of n×n counts 7/3·n³ flops, whatever the method.\n")
	}
	return chosenErr
}

func printKernels(t io.Writer, d time.Duration) {
	if d > 0 {
		escape.Fprintf(t, "kernel\tfloat32 peak\tstrip\tfloat64 peak\tstrip\tavailable\n")
	} else {
		escape.Fprintf(t, "kernel\tavailable\n")
	}
	for _, k := range measure.Kernels(d) {
		cells := []string{k.Name}
		for _, speed := range []float64{k.Float32.Peak, k.Float32.Strip, k.Float64.Peak, k.Float64.Strip} {
			switch {
			case d == 0:
			case len(k.Missing) > 0:
				cells = append(cells, "")
			default:
				cells = append(cells, fmt.Sprintf("%.1f", speed))
			}
		}
		available := "yes"
		if len(k.Missing) > 0 {
			available = "no: needs " + strings.Join(k.Missing, ", ")
		}
		columns(t, append(cells, available)...)
	}
}

func printSpectra(ctx context.Context, t io.Writer, d time.Duration) error {
	var size, none []string
	if d > 0 {
		size, none = []string{fmt.Sprintf("%d×%d", sampleSize, sampleSize)}, []string{""}
	}
	row := func(name string, speed []string, available string) {
		columns(t, slices.Concat([]string{name}, speed, []string{available})...)
	}
	row("back-end", size, "available")
	netlib := false
	for _, b := range spectrum.Backends() {
		netlib = netlib || b.Name() == "netlib"
		var speed []string
		if d > 0 {
			figure, err := backendSpeed(ctx, b, d)
			if err != nil {
				return err
			}
			speed = []string{figure}
		}
		row(b.Name(), speed, "yes")
	}
	if !netlib {
		row("netlib", none, "no: built without netlib (needs -tags netlib and cgo)")
	}
	return nil
}

func cpuName() string {
	if cpuid.CPU.BrandName == "" {
		return "unknown"
	}
	return cpuid.CPU.BrandName
}

// measureTime is how long each speed is measured.
const measureTime = 40 * time.Millisecond

// sampleSize is the order of the matrix that back-ends are measured with: small
// enough for the slowest of them, large enough for float32 to be used.
const sampleSize = 512

func backendSpeed(ctx context.Context, b spectrum.Backend, d time.Duration) (string, error) {
	rnd := rand.New(rand.NewPCG(1, 1))
	data := make([]float32, sampleSize*sampleSize)
	for i := range data {
		data[i] = float32(rnd.NormFloat64())
	}
	w, err := spectrum.NewWeights(sampleSize, sampleSize, data)
	if err != nil {
		return "", err
	}
	work := measure.Work{Flops: 7. / 3 * sampleSize * sampleSize * sampleSize, Run: func() {
		if err == nil {
			_, err = spectrum.Analyzer{Backend: b}.Analyze(ctx, w)
		}
	}}
	speed := work.RateOver(d)
	return fmt.Sprintf("%.1f", speed), err
}
