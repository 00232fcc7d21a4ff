package spectrum

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// Backends returns the back-ends of this build on this machine, the preferred
// one first: native where there is a vector kernel for the CPU, else gonum. A
// native back-end for each other kernel follows, under the name "native/" and
// the kernel's. netlib, LAPACK from a C library, is among them in builds with the
// tag netlib.
func Backends() []Backend {
	kernels := kernel.All[float32]()
	all := []Backend{nativeBackend{"native", kernels[0].Name}, gonumBackend{}}
	if kernels[0].Name == "generic" {
		slices.Reverse(all)
	}
	all = append(all, netlibBackends()...)
	for _, k := range kernels {
		all = append(all, nativeBackend{"native/" + k.Name, k.Name})
	}
	return all
}

// The environment variables that choose the default back-end: a name of
// [Backends], and a kernel of the native back-end.
const (
	envBackend = "SPECTRUM_BACKEND"
	envKernel  = "SPECTRUM_KERNEL"
)

// DefaultBackend returns the back-end used when none is named in code: the one
// that the environment variable SPECTRUM_BACKEND names, or native with the kernel
// that SPECTRUM_KERNEL names, else the first of [Backends]. The error wraps [ErrBackend], names the variable and lists what is available.
func DefaultBackend() (Backend, error) {
	return chosenBackend(os.Getenv(envBackend), os.Getenv(envKernel))
}

// chosenBackend returns the back-end for the values of envBackend and envKernel.
func chosenBackend(name, kernelName string) (Backend, error) {
	if kernelName != "" {
		if name != "" && name != "native" {
			return nil, fmt.Errorf("%s=%s: %w %s of %s takes no kernel, only native does", envKernel, kernelName, ErrBackend, name, envBackend)
		}
		return kernelBackend(kernelName)
	}
	if name == "" {
		return Backends()[0], nil
	}
	b, err := BackendByName(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", envBackend, err)
	}
	return b, nil
}

// kernelBackend returns the native back-end with the kernel that envKernel names.
func kernelBackend(name string) (Backend, error) {
	var known []string
	for _, k := range kernel.All[float32]() {
		if k.Name == name {
			return nativeBackend{"native/" + name, name}, nil
		}
		known = append(known, k.Name)
	}
	return nil, fmt.Errorf("%s: %w native has no kernel %q here; available: %s", envKernel, ErrBackend, name, strings.Join(known, ", "))
}

// BackendByName returns the back-end called name. The error wraps
// [ErrBackend] and lists what is available.
func BackendByName(name string) (Backend, error) {
	var known []string
	for _, b := range Backends() {
		if b.Name() == name {
			return b, nil
		}
		known = append(known, b.Name())
	}
	return nil, fmt.Errorf("%w %q is not available; available: %s", ErrBackend, name, strings.Join(known, ", "))
}
