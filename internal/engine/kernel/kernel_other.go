//go:build (!amd64 && !arm64) || noasm || purego || !gc

package kernel

// vectorKernels returns nothing: there is no assembly for this architecture, or
// the build left it out.
func vectorKernels() []implementation { return nil }
