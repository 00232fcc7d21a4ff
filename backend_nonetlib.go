//go:build !netlib || !cgo

package spectrum

// netlibBackends returns nothing: this build has no C library.
func netlibBackends() []Backend { return nil }
