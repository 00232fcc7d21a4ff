package kernel

import (
	"runtime"
	"slices"
)

// Known is a kernel of this module, whether or not it runs here.
type Known struct {
	Name    string
	Missing []string // what it needs and this CPU, or this build, lacks; empty where it runs
}

// AllKnown returns every kernel there is, those of this architecture first.
func AllKnown() []Known {
	all := vectorKernels()
	for _, k := range []struct{ name, arch string }{
		{"avx512" + bf16, "amd64"}, {"avx512", "amd64"}, {"avx2", "amd64"}, {"neon", "arm64"},
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
