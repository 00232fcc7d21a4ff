package kernel

import "unsafe"

// genericMR×genericNR is a tile whose accumulators and operands fit 16
// registers, the least any 64-bit target has.
const (
	genericMR = 2
	genericNR = 4
)

// generic returns the kernel in plain Go, which every machine has.
func generic[T Float]() Kernel[T] {
	return Kernel[T]{
		Name: "generic", MR: genericMR, NR: genericNR, lanes: 1,
		strip: stripGeneric[T], reflect: reflectGeneric[T], peak: peakGeneric[T], band: genericBand[T](),
		widen: genericWideners[T](), wave: waveGeneric,
	}
}

func stripGeneric[T Float](depth, tiles int, a *T, rs, cs int, b, c *T, ldc int) {
	rows := tiles * genericMR
	as := unsafe.Slice(a, (rows-1)*rs+(depth-1)*cs+1)
	bs := unsafe.Slice(b, depth*genericNR)
	out := unsafe.Slice(c, (rows-1)*ldc+genericNR)
	for i := 0; i < rows; i += genericMR {
		var c00, c01, c02, c03, c10, c11, c12, c13 T
		p, q := i*rs, (i+1)*rs
		for k := 0; k < len(bs); k += genericNR {
			row := (*[genericNR]T)(bs[k:])
			x, y := as[p], as[q]
			c00 += x * row[0]
			c01 += x * row[1]
			c02 += x * row[2]
			c03 += x * row[3]
			c10 += y * row[0]
			c11 += y * row[1]
			c12 += y * row[2]
			c13 += y * row[3]
			p += cs
			q += cs
		}
		first := (*[genericNR]T)(out[i*ldc:])
		first[0] += c00
		first[1] += c01
		first[2] += c02
		first[3] += c03
		second := (*[genericNR]T)(out[(i+1)*ldc:])
		second[0] += c10
		second[1] += c11
		second[2] += c12
		second[3] += c13
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
