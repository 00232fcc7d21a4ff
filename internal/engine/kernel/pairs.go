package kernel

// PackPairs is Pack for pairs of bfloat16 numbers, as they are stored: element (q, j)
// holds terms p+2q, in its lower half, and p+2q+1 of the sums for row or column
// first+j. What is outside W is zero, here the second term of the last pair as well.
func PackPairs(panel []uint32, nr int, w *Matrix, first, p int) {
	depth := len(panel) / nr
	n, m := min(w.Rows, w.Cols), max(w.Rows, w.Cols)
	count := min(nr, n-first)
	full := min(depth, (m-p)/2) // pairs of which both terms exist
	if count < nr || full < depth {
		clear(panel)
	}
	if w.Rows > w.Cols {
		for q := range depth {
			at := (p+2*q)*w.Stride + first
			out, low := panel[q*nr:][:count], w.BF16[at:][:count]
			if q == full {
				for j, v := range low {
					out[j] = uint32(v)
				}
				continue
			}
			high := w.BF16[at+w.Stride:][:count]
			for j, v := range low {
				out[j] = uint32(v) | uint32(high[j])<<16
			}
		}
		return
	}
	for j := 0; j < count; j += packRows {
		group := min(packRows, count-j)
		var rows [packRows][]uint16
		for i := range group {
			rows[i] = w.BF16[(first+j+i)*w.Stride+p:][:min(2*depth, m-p)]
		}
		if group == packRows {
			interleavePairs(panel, nr, j, full, &rows)
		} else {
			for i, row := range rows[:group] {
				for q := range full {
					panel[q*nr+j+i] = uint32(row[2*q]) | uint32(row[2*q+1])<<16
				}
			}
		}
		if full < depth {
			for i, row := range rows[:group] {
				panel[full*nr+j+i] = uint32(row[2*full])
			}
		}
	}
}

// interleavePairs writes the pairs of rows to columns j… of the panel.
func interleavePairs(panel []uint32, nr, j, full int, rows *[packRows][]uint16) {
	a, b, c, d := rows[0][:2*full], rows[1][:2*full], rows[2][:2*full], rows[3][:2*full]
	for q := range full {
		out := (*[packRows]uint32)(panel[q*nr+j:])
		out[0] = uint32(a[2*q]) | uint32(a[2*q+1])<<16
		out[1] = uint32(b[2*q]) | uint32(b[2*q+1])<<16
		out[2] = uint32(c[2*q]) | uint32(c[2*q+1])<<16
		out[3] = uint32(d[2*q]) | uint32(d[2*q+1])<<16
	}
}
