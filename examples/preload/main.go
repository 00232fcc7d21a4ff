// Command preload is what a model server could run before it serves a
// checkpoint: it scans the weights within a budget of time and memory, and refuses
// those whose spectra are damaged.
//
//	go run ./examples/preload testdata/tiny-llama
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	limits := Limits{MinRank: 0.01}
	flag.DurationVar(&limits.Time, "time", 30*time.Second, "stop after this time")
	flag.Int64Var(&limits.Memory, "memory", 512<<20, "bytes of weights and workspace in use")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: preload [-time D] [-memory BYTES] MODEL")
		os.Exit(2)
	}
	verdict, err := Preload(context.Background(), flag.Arg(0), limits)
	if err != nil {
		fmt.Fprintln(os.Stderr, "preload: refused:", err)
		os.Exit(1)
	}
	fmt.Println("serving:", verdict)
}
