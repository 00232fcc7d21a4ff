package numfmt

import "math"

// The sizes of MXFP4: each block of Block weights shares one E8M0 scale and
// takes BlockBytes bytes.
const (
	Block      = 32
	BlockBytes = Block / 2
)

// e2m1 returns the value of a 4-bit float: a sign, two bits of exponent of bias
// 1, one of fraction, every code a number.
func e2m1(code byte) float32 {
	v := [8]float32{0, 0.5, 1, 1.5, 2, 3, 4, 6}[code&7]
	if code&8 != 0 {
		return -v
	}
	return v
}

// MXFP4 writes the weights of blocks to dst as bfloat16, in which all are
// exact but those beyond its range, which become infinite. There is a byte in
// scales for each block, and 32 elements in dst. The lower half of a byte comes
// before the upper one, as in gpt-oss.
func MXFP4(dst []uint16, blocks, scales []byte) {
	for b, s := range scales {
		values := MXFP4Values(s)
		out := dst[b*Block : (b+1)*Block]
		for i, pair := range blocks[b*BlockBytes : (b+1)*BlockBytes] {
			out[2*i] = upper(values[pair&15])
			out[2*i+1] = upper(values[pair>>4])
		}
	}
}

// MXFP4Values returns the values of the codes of a block of this scale.
func MXFP4Values(scale byte) (values [16]float32) {
	s := Format{8, 127, scaleOnly}.value(int(scale))
	for code := range values {
		values[code] = e2m1(byte(code)) * s
	}
	if s != s { // 0·NaN is already NaN; keep one bit pattern for all
		for code := range values {
			values[code] = float32(math.NaN())
		}
	}
	return values
}
