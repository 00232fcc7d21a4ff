// Package sizes reads what the generators must agree on with package kernel from the
// one place where it is written: the constants in its file sizes.go.
package sizes

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"log"
)

// Sizes are constants of package kernel, where each is described.
type Sizes struct {
	Band, MaxLanes, SymStride int // of the band matrices
	WidenUnit                 int
	PeakChains                int
	Shifts, WavePad           int // of the wave
	WaveFloor, WaveSmall      float64
}

// The fields of kernel.wave in their order.
const (
	WaveShift = iota
	WaveP
	WaveC
	WaveS
	WaveGamma
	WaveD
	WaveE
)

// Wave returns the offset in bytes of a field of kernel.wave, which has a float64 for
// each sweep.
func (s Sizes) Wave(field int) int { return field * 8 * s.Shifts }

// file is the file of package kernel, seen from the folder the generators run in.
const file = "../sizes.go"

// MustRead ends the program if the constants cannot be read.
func MustRead() Sizes {
	s, err := read(file)
	if err != nil {
		log.Fatal(err)
	}
	return *s
}

func read(path string) (*Sizes, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	pkg, err := new(types.Config).Check("kernel", fset, []*ast.File{f}, nil)
	if err != nil {
		return nil, err
	}
	s := new(Sizes)
	for name, at := range map[string]*int{
		"Band": &s.Band, "MaxLanes": &s.MaxLanes, "SymStride": &s.SymStride, "widenUnit": &s.WidenUnit,
		"peakChains": &s.PeakChains, "Shifts": &s.Shifts, "wavePad": &s.WavePad,
	} {
		v, err := value(pkg, name)
		if err != nil {
			return nil, err
		}
		n, exact := constant.Int64Val(constant.ToInt(v))
		if !exact {
			return nil, fmt.Errorf("%s: %s is %v, not an integer", path, name, v)
		}
		*at = int(n)
	}
	if s.Shifts != 8 || s.WidenUnit != 16 {
		return nil, fmt.Errorf("%s: the assembly makes 8 sweeps and converts 16 elements at a time, not %d and %d", path, s.Shifts, s.WidenUnit)
	}
	for name, at := range map[string]*float64{"waveFloor": &s.WaveFloor, "waveSmall": &s.WaveSmall} {
		v, err := value(pkg, name)
		if err != nil {
			return nil, err
		}
		*at, _ = constant.Float64Val(v)
	}
	return s, nil
}

func value(pkg *types.Package, name string) (constant.Value, error) {
	c, ok := pkg.Scope().Lookup(name).(*types.Const)
	if !ok {
		return nil, fmt.Errorf("%s has no constant %s", file, name)
	}
	return c.Val(), nil
}
