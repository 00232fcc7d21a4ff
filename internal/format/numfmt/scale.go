package numfmt

// Grid is a matrix of scales that lies over a matrix of weights: the weight in
// row i and column j is multiplied by Values[i/Height·Cols + j/Width]. Blocks
// at the right and lower edge may be cut off.
type Grid struct {
	Values        []float32
	Cols          int // scales in a row of the grid
	Height, Width int // of one block, in weights
}

// Scaled writes the values of src, cols to a row, each times its scale,
// rounded to float32. src may be the last len(src) bytes of dst's memory.
//
// The factor is what files call weight_scale, and also what they call
// weight_scale_inv: DeepSeek's weight_scale_inv is the inverse of the factor
// that the weights were multiplied by when they were quantised.
func (t *Table) Scaled(dst []float32, src []byte, cols int, g Grid) {
	if cols == 0 {
		return
	}
	for i := 0; i*cols < len(src); i++ {
		row := src[i*cols : (i+1)*cols]
		out := dst[i*cols : (i+1)*cols]
		scales := g.Values[i/g.Height*g.Cols:]
		for b := 0; b*g.Width < cols; b++ {
			s := scales[b]
			for j := b * g.Width; j < min(cols, (b+1)*g.Width); j++ {
				out[j] = t[row[j]] * s
			}
		}
	}
}

// Scale multiplies the values of a matrix, cols to a row, each by its scale, rounded to
// float32.
func (g Grid) Scale(values []float32, cols int) {
	if cols == 0 {
		return
	}
	for i := 0; i*cols < len(values); i++ {
		row := values[i*cols : (i+1)*cols]
		scales := g.Values[i/g.Height*g.Cols:]
		for j := range row {
			row[j] *= scales[j/g.Width]
		}
	}
}
