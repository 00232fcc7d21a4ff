// Command peers is our side of peers.py: it loads one matrix and times what it
// is asked for, a line at a time, so that the script can interleave the runs of
// several programs on the same data.
//
//	peers MODEL.safetensors BACK-END    then lines on stdin: "auto", "float64", "eigen64"
//
// Each answer is a line of JSON. Weights are read before the clock starts, as
// the script's peers do.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/symmetric"
	"github.com/gospectrum/spectrum/results"
)

type answer struct {
	Seconds   float64        `json:"seconds"`
	SNR       results.Number `json:"snr"`
	SNRError  results.Number `json:"snr_error"`
	Kernel    string         `json:"kernel"`
	Precision string         `json:"precision"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: peers MODEL.safetensors BACK-END")
	}
	backend, err := spectrum.BackendByName(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	m, err := checkpoint.Open(context.Background(), os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	w, err := m.Load(context.Background(), m.Tensors()[0], nil)
	if err != nil {
		log.Fatal(err)
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		a, err := run(in.Text(), w, backend)
		if err != nil {
			log.Fatal(err)
		}
		line, err := json.Marshal(a)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(line))
	}
}

func run(what string, w *spectrum.Weights, backend spectrum.Backend) (*answer, error) {
	runtime.GC() // what an earlier run left is not this run's time
	if what == "eigen64" {
		return eigenvalues(w, backend)
	}
	an := spectrum.Analyzer{Backend: backend}
	if err := an.Precision.UnmarshalText([]byte(what)); err != nil {
		return nil, err
	}
	began := time.Now()
	a, err := an.Analyze(context.Background(), w)
	if err != nil {
		return nil, err
	}
	return &answer{
		Seconds: time.Since(began).Seconds(), SNR: results.Number(a.SNR), SNRError: results.Number(a.SNRError),
		Kernel: a.Kernel, Precision: a.Precision,
	}, nil
}

// eigenvalues times the symmetric eigenvalue stage alone, on the Gram matrix.
func eigenvalues(w *spectrum.Weights, backend spectrum.Backend) (*answer, error) {
	r, c := w.Dims()
	k := &kernel.All[float64]()[0]
	if name, found := strings.CutPrefix(backend.Name(), "native/"); found {
		k = kernel.Named[float64](name)
	}
	data := make([]float64, 0, r*c)
	for i := range r {
		data = append(data, w.Row(nil, i)...)
	}
	m := &kernel.Matrix{Rows: r, Cols: c, Stride: c, F64: data}
	n := min(r, c)
	workers := runtime.GOMAXPROCS(0)
	g, err := block.Gram(context.Background(), k, m, 1/math.Sqrt(float64(r)*float64(c)), workers, make([]float64, block.GramLen(n)))
	if err != nil {
		return nil, err
	}
	began := time.Now()
	_, err = symmetric.Values(context.Background(), k, g, workers)
	return &answer{Seconds: time.Since(began).Seconds(), Kernel: k.Name, Precision: "float64"}, err
}
