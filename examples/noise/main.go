// Command noise measures the noise scales on matrices whose noise is known, and
// draws what docs/noise.md shows.
//
//	go run ./examples/noise tables > docs/noise/tables.md
//	go run ./examples/noise plots docs/noise MODEL
//
// The tables and plots of the documentation are what it printed; its seeds are
// fixed.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "noise:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "tables":
		return tables(os.Stdout)
	case len(args) == 3 && args[0] == "plots":
		return plots(args[1], args[2])
	}
	return fmt.Errorf("usage: noise tables | noise plots DIRECTORY MODEL")
}
