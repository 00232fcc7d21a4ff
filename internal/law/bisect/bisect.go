// Package bisect finds where a condition on one number ends, to the last bit: the laws
// invert their distribution functions with it. Singular values are found by bisection in
// package sturm of the engine, many at once and to a given width.
package bisect

// End returns the end of where below holds: the least float64 at which it no
// longer does, where it holds from lo up to somewhere and not from there to hi.
func End(lo, hi float64, below func(float64) bool) float64 {
	for {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			return hi
		}
		if below(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
}
