// Command interop analyses tensors that other Go libraries hold, without a copy of
// their values: of gorgonia.org/tensor, of GoMLX, and of a safetensors file that
// another library has read. It is a module of its own, so that nobody who imports
// spectrum inherits these libraries.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"

	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/nlpodyssey/safetensors"
	"gorgonia.org/tensor"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
)

const rows, cols = 48, 64

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run scores one matrix in the hands of three libraries.
func run(ctx context.Context, out io.Writer) error {
	values := matrix()
	var analyzer spectrum.Analyzer
	report := func(library string, w *spectrum.Weights) error {
		a, err := analyzer.Analyze(ctx, w)
		if err == nil {
			_, err = fmt.Fprintf(out, "%-16s %d×%d  SNR %.4g\n", library, a.Rows, a.Cols, a.SNR)
		}
		return err
	}

	w, err := Gorgonia(tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(values)))
	if err != nil {
		return err
	}
	if err := report("gorgonia", w); err != nil {
		return err
	}
	err = GoMLX(tensors.FromFlatDataAndDimensions(values, rows, cols), func(w *spectrum.Weights) error { return report("GoMLX", w) })
	if err != nil {
		return err
	}
	return viaCheckpoint(ctx, values, report)
}

// viaCheckpoint opens what another library has read as a model.
func viaCheckpoint(ctx context.Context, values []float32, report func(string, *spectrum.Weights) error) error {
	st, err := otherLibrary(values)
	if err != nil {
		return err
	}
	files, err := SafeTensors(st, "model.safetensors")
	if err != nil {
		return err
	}
	m, err := checkpoint.Opener{}.OpenFS(ctx, files, "model.safetensors")
	if err != nil {
		return err
	}
	defer m.Close()
	for _, t := range m.Tensors() {
		w, err := m.Load(ctx, t, nil)
		if err != nil {
			return err
		}
		if err := report("safetensors", w); err != nil {
			return err
		}
	}
	return nil
}

// otherLibrary reads a file of one matrix.
func otherLibrary(values []float32) (safetensors.SafeTensors, error) {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	view, err := safetensors.NewTensorView(safetensors.F32, []uint64{rows, cols}, b)
	if err != nil {
		return safetensors.SafeTensors{}, err
	}
	text, err := encode(map[string]safetensors.TensorView{"model.layers.0.mlp.up_proj.weight": view})
	if err != nil {
		return safetensors.SafeTensors{}, err
	}
	return safetensors.Deserialize(text)
}

// matrix is noise with one direction that stands out.
func matrix() []float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, rows*cols)
	for i := range values {
		values[i] = float32(rng.NormFloat64())
		values[i] += float32(2 * math.Cos(float64(i/cols)) * math.Sin(float64(i%cols)))
	}
	return values
}
