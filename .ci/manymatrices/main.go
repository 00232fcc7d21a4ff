// Command manymatrices writes a model of many random matrices, for tests that need a scan
// of some seconds: manymatrices FOLDER NUMBER ROWS COLUMNS.
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: manymatrices FOLDER NUMBER ROWS COLUMNS")
	}
	var size [3]int
	for i, text := range os.Args[2:] {
		n, err := strconv.Atoi(text)
		if err != nil {
			log.Fatal(err)
		}
		size[i] = n
	}
	if err := write(os.Args[1], size[0], size[1], size[2]); err != nil {
		log.Fatal(err)
	}
}

func write(dir string, number, rows, cols int) error {
	rnd := rand.New(rand.NewPCG(1, 2))
	var tensors []safetensors.Data
	for i := range number {
		b := make([]byte, 0, 2*rows*cols)
		for range rows * cols {
			b = binary.LittleEndian.AppendUint16(b, uint16(rnd.Uint32())&0x83ff|0x3c00) // half floats of 1 to 2, of either sign
		}
		tensors = append(tensors, safetensors.Data{
			Name: fmt.Sprintf("model.layers.%d.mlp.up_proj.weight", i), DType: "F16", Shape: []int64{int64(rows), int64(cols)}, Bytes: b,
		})
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		return err
	}
	if err := safetensors.Write(f, tensors, nil); err != nil {
		return err
	}
	return f.Close()
}
