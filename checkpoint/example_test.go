package checkpoint_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
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

	m, err := checkpoint.Open(context.Background(), dir)
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

func ExampleOpener_Open() {
	dir, err := os.MkdirTemp("", "model")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	f, err := os.Create(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	// Two experts, each with gate and up in one matrix.
	err = errors.Join(
		safetensors.Write(f, []safetensors.Data{
			{Name: "model.layers.0.mlp.experts.gate_up_proj", DType: "BF16", Shape: []int64{2, 4, 3}, Bytes: make([]byte, 48)},
		}, nil),
		os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"hidden_size":3}`), 0o666))
	if err != nil {
		log.Fatal(err)
	}

	m, err := checkpoint.Opener{Split: true}.Open(context.Background(), dir)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	for _, t := range m.Tensors() {
		fmt.Println(t.Name, t.Shape)
	}
	// Output:
	// model.layers.0.mlp.experts.0.gate_proj [2 3]
	// model.layers.0.mlp.experts.0.up_proj [2 3]
	// model.layers.0.mlp.experts.1.gate_proj [2 3]
	// model.layers.0.mlp.experts.1.up_proj [2 3]
}

// A server may keep its models where it likes: in an object store, in a program's own
// embedded files, or, as here, in memory.
func ExampleOpener_OpenFS() {
	text := `{"lm_head.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}`
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	file = append(append(file, text...), 0, 0, 128, 63, 0, 0, 0, 64) // 1 and 2
	store := fstest.MapFS{
		"llama/model.safetensors": {Data: file},
		"llama/config.json":       {Data: []byte(`{"model_type":"llama"}`)},
	}

	m, err := checkpoint.Opener{}.OpenFS(context.Background(), store, "llama")
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	fmt.Println(m.Path(), m.Config().ModelType, m.Tensors()[0].Name)

	// One file alone, of which only the bytes are known.
	alone, err := checkpoint.Opener{}.OpenReaderAt(context.Background(), bytes.NewReader(file), int64(len(file)), "head.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer alone.Close()
	w, err := alone.Load(context.Background(), alone.Tensors()[0], nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(alone.Files()[0].Name, w.At(0, 0), w.At(0, 1))
	// Output:
	// llama llama lm_head.weight
	// head.safetensors 1 2
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

func ExampleModel_TiedHead() {
	m, err := checkpoint.Open(context.Background(), "../testdata/tiny-llama")
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	fmt.Println(m.TiedHead())
	// Output: lm_head.weight model.embed_tokens.weight
}
