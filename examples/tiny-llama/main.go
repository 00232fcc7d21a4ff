// Command tiny-llama writes the demonstration model of this repository: a
// Llama-shaped bfloat16 checkpoint in two shards whose every matrix has a
// prescribed spectrum.
//
//	go run ./examples/tiny-llama testdata/tiny-llama
package main

import (
	"fmt"
	"os"

	"github.com/gospectrum/spectrum/internal/test/tinyllama"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tiny-llama DIRECTORY")
		os.Exit(2)
	}
	if err := tinyllama.Write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "tiny-llama:", err)
		os.Exit(1)
	}
}
