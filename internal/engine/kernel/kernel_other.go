//go:build (!amd64 && !arm64) || noasm || purego || !gc

package kernel

func kernels32() []Kernel[float32] { return []Kernel[float32]{generic[float32]()} }

func kernels64() []Kernel[float64] { return []Kernel[float64]{generic[float64]()} }

// vectorKernels returns nothing: there is no assembly for this architecture, or
// the build left it out.
func vectorKernels() []Known { return nil }
