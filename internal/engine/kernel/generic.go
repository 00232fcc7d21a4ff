package kernel

import "unsafe"

// The compiler makes all products of a step before it adds any, so a tile needs
// two registers an element: one of 1×6 fits 16 registers, and its six sums hide
// each other's latency. A larger one spills and takes twice the time.
const (
	genericMR = 1
	genericNR = 6
)

// generic returns the kernel in plain Go, which every machine has.
func generic[T Float]() Kernel[T] {
	return Kernel[T]{
		Name: "generic", MR: genericMR, NR: genericNR, lanes: 1, OneStage: 640,
		strip: stripGeneric[T], reflect: reflectGeneric[T], peak: peakGeneric[T], band: genericBand[T](),
		widen: genericWideners[T](), wave: waveGeneric,
	}
}

// stripGeneric reads A and B without bounds checks, which would take the registers
// that the sums need. Strip has checked the bounds of all of it.
func stripGeneric[T Float](depth, tiles int, a *T, rs, cs int, b, c *T, ldc int) {
	size := unsafe.Sizeof(*a)
	column, end := uintptr(cs)*size, uintptr(depth)*genericNR*size
	out := unsafe.Slice(c, (tiles-1)*ldc+genericNR)
	for t := range tiles {
		var c0, c1, c2, c3, c4, c5 T
		row, at := unsafe.Add(unsafe.Pointer(a), uintptr(t)*uintptr(rs)*size), uintptr(0)
		for k := uintptr(0); k < end; k += genericNR * size {
			x, r := *(*T)(unsafe.Add(row, at)), (*[genericNR]T)(unsafe.Add(unsafe.Pointer(b), k))
			c0 += x * r[0]
			c1 += x * r[1]
			c2 += x * r[2]
			c3 += x * r[3]
			c4 += x * r[4]
			c5 += x * r[5]
			at += column
		}
		r := (*[genericNR]T)(out[t*ldc:])
		r[0] += c0
		r[1] += c1
		r[2] += c2
		r[3] += c3
		r[4] += c4
		r[5] += c5
	}
}

func reflectGeneric[T Float](rows int, p *T, col, next int, w, sum *T) {
	panel := unsafe.Slice(p, rows*genericNR)
	tau := *(*[genericNR]T)(unsafe.Slice(w, genericNR))
	var acc [genericNR]T
	for ; len(panel) > 0; panel = panel[genericNR:] {
		row := (*[genericNR]T)(panel)
		x := row[col]
		for j := range row {
			row[j] -= x * tau[j]
		}
		y := row[next]
		for j := range row {
			acc[j] += y * row[j]
		}
	}
	copy(unsafe.Slice(sum, genericNR), acc[:])
}

func peakGeneric[T Float](rounds int, x, sum *T) {
	// Chains that started alike would be one to the compiler.
	v := *x
	a, b, c, d, e, f := T(0), v, 2*v, 3*v, 4*v, 5*v
	g, h, i, j, k, l := 6*v, 7*v, 8*v, 9*v, 10*v, 11*v
	for range rounds {
		a = a*v + v
		b = b*v + v
		c = c*v + v
		d = d*v + v
		e = e*v + v
		f = f*v + v
		g = g*v + v
		h = h*v + v
		i = i*v + v
		j = j*v + v
		k = k*v + v
		l = l*v + v
	}
	*sum = a + b + c + d + e + f + g + h + i + j + k + l
}
