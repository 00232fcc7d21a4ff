package checkpoint_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/safetensors"
)

// writeModel writes a model of one projection and one norm.
func writeModel() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "model"); err != nil {
		return "", err
	}
	f, err := os.Create(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	var values []byte
	for _, v := range []float32{1, 2, 3, 4, 5, 6} {
		values = binary.LittleEndian.AppendUint32(values, math.Float32bits(v))
	}
	return dir, safetensors.Write(f, []safetensors.Data{
		{Name: "model.layers.0.mlp.up_proj.weight", DType: "F32", Shape: []int64{2, 3}, Bytes: values},
		{Name: "model.layers.0.steps", DType: "I64", Shape: []int64{1}, Bytes: make([]byte, 8)},
	}, nil)
}

func ExampleOpen() {
	dir, err := writeModel()
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	m, err := checkpoint.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()

	var buf checkpoint.Buffer // one for all tensors
	for _, t := range m.Tensors() {
		if t.Skip != "" {
			fmt.Printf("%s: skipped, %s\n", t.Name, t.Skip)
			continue
		}
		w, err := m.Load(context.Background(), t, &buf)
		if err != nil {
			log.Fatal(err)
		}
		rows, cols := w.Dims()
		fmt.Printf("%s: %s, %d×%d, last %g\n", t.Name, w.DType(), rows, cols, w.At(rows-1, cols-1))
	}
	// Output:
	// model.layers.0.mlp.up_proj.weight: F32, 2×3, last 6
	// model.layers.0.steps: skipped, I64 is not a supported type
}

func ExampleType() {
	fmt.Println(checkpoint.Type("model.layers.3.mlp.experts.7.up_proj.weight"))
	fmt.Println(checkpoint.Type("lm_head.weight"))
	// Output:
	// mlp.experts.*.up_proj
	// lm_head
}

func ExampleModule() {
	fmt.Println(checkpoint.Module("model.layers.3.mlp.up_proj.weight"))
	fmt.Println(checkpoint.Module("model.layers.3.mlp.up_proj.bias"))
	// Output:
	// model.layers.3.mlp.up_proj true
	// model.layers.3.mlp.up_proj.bias false
}

func ExampleCompare() {
	fmt.Println(checkpoint.Compare("model.layers.2.w", "model.layers.10.w"))
	// Output: -1
}
