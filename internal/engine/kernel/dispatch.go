package kernel

import (
	"fmt"
	"runtime"
	"slices"
)

// implementation is a kernel of this module in both arithmetics.
type implementation struct {
	name    string
	missing []string // what it needs and this CPU lacks
	f32     Kernel[float32]
	f64     Kernel[float64] // under the name of another where it is that one's
}

// in returns the kernel of i for arithmetic T.
func in[T Float](i *implementation) *Kernel[T] {
	if k, ok := any(&i.f32).(*Kernel[T]); ok {
		return k
	}
	return any(&i.f64).(*Kernel[T])
}

// running returns the implementations that run on this machine, the best first; the
// last is the generic one.
func running() []implementation {
	all := slices.DeleteFunc(vectorKernels(), func(i implementation) bool { return len(i.missing) > 0 })
	return append(all, implementation{name: "generic", f32: generic[float32](), f64: generic[float64]()})
}

// All returns the kernels this machine can run, the best first; the last is the
// generic one.
func All[T Float]() []Kernel[T] {
	var all []Kernel[T]
	for _, i := range running() {
		if k := in[T](&i); k.Name == i.name {
			all = append(all, *k)
		}
	}
	return all
}

// Named returns the kernel called name, which is one of those that All returns for
// float32. In float64 it may be called otherwise: see [AllKnown].
func Named[T Float](name string) *Kernel[T] {
	for _, i := range running() {
		if i.name == name {
			return in[T](&i)
		}
	}
	panic(fmt.Sprintf("kernel: there is no kernel %q here", name))
}

// Known is a kernel of this module, whether or not it runs here.
type Known struct {
	Name    string
	Missing []string // what it needs and this CPU, or this build, lacks; empty where it runs
}

// AllKnown returns every kernel there is, those of this architecture first.
// avx512bf16 is avx512 with products of bfloat16 pairs, which are of no use to
// float64: there it is avx512 itself.
func AllKnown() []Known {
	var all []Known
	for _, i := range vectorKernels() {
		all = append(all, Known{Name: i.name, Missing: i.missing})
	}
	for _, k := range []struct{ name, arch string }{
		{"avx512bf16", "amd64"}, {"avx512", "amd64"}, {"avx2", "amd64"}, {"neon", "arm64"},
	} {
		if slices.ContainsFunc(all, func(o Known) bool { return o.Name == k.name }) {
			continue
		}
		missing := k.arch
		if runtime.GOARCH == k.arch {
			missing = "a build with assembly"
		}
		all = append(all, Known{Name: k.name, Missing: []string{missing}})
	}
	return append(all, Known{Name: "generic"})
}
