// Package hugepage makes the large slices of the native engine. Where Linux gives
// huge pages to those who ask (its default), new memory then costs one fault for
// 2 MiB instead of 512.
package hugepage

import "unsafe"

// size is the usual size of a huge page.
const size = 2 << 20

// Make returns a slice of n zeros, of type float32 or float64.
func Make[T float32 | float64](n int) []T {
	s := make([]T, n)
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), n*int(unsafe.Sizeof(T(0))))
	if whole := pages(bytes); len(whole) > 0 {
		advise(whole)
	}
	return s
}

// pages returns the part of s that consists of whole huge pages.
func pages(s []byte) []byte {
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s))) % size)
	if len(s) < skip+size {
		return nil
	}
	return s[skip : skip+(len(s)-skip)/size*size]
}
