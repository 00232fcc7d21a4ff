package gguf

// The "k-quants": blocks of 256 elements, in sub-blocks that have scales, and
// some minima, which are quantised themselves.

// Q2_K: 16 × (4 bits scale, 4 bits minimum); 256 × 2 bits; scale of the scales,
// scale of the minima. Sub-blocks have 16 elements. A byte holds one element of
// each of four runs of 32.
func q2k(y *[maxBlock]float32, b []byte) {
	scales, qs := b[:16], b[16:80]
	d, dmin := half(b[80:]), half(b[82:])
	for i := range maxBlock {
		s := scales[i/16]
		q := qs[i/128*32+i%32] >> (i % 128 / 32 * 2) & 3
		y[i] = affine(d*float32(s&15), int(q), -float32(dmin*float32(s>>4)))
	}
}

// Q3_K: the third bits of 256 elements; 256 × 2 bits, as in Q2_K; 16 scales of 6
// bits; scale of the scales. The third bit is set where 4 need not be
// subtracted.
func q3k(y *[maxBlock]float32, b []byte) {
	high, qs, packed := b[:32], b[32:96], b[96:108]
	d := half(b[108:])
	for i := range maxBlock {
		q := int(qs[i/128*32+i%32] >> (i % 128 / 32 * 2) & 3)
		if high[i%32]>>(i/32)&1 == 0 {
			q -= 4
		}
		y[i] = d * float32(q3scale(packed, i/16)) * float32(q)
	}
}

// q3scale returns one of the 16 scales: the lower four bits of each are in the
// first eight bytes, those of two scales in one; the upper two bits in the last
// four bytes, those of four scales in one.
func q3scale(packed []byte, k int) int {
	low := packed[k%8] >> (k / 8 * 4) & 15
	high := packed[8+k%4] >> (k / 4 * 2) & 3
	return int(low|high<<4) - 32
}

// q4scales returns the 8 scales and minima of 6 bits that Q4_K and Q5_K pack
// into 12 bytes: the first four of each take the lower six bits of a byte; the
// other four have four bits in the last bytes and two on top of the first ones.
func q4scales(p []byte, k int) (scale, minimum float32) {
	if k < 4 {
		return float32(p[k] & 63), float32(p[k+4] & 63)
	}
	return float32(p[k+4]&15 | p[k-4]>>6<<4), float32(p[k+4]>>4 | p[k]>>6<<4)
}

// Q4_K: scale of the scales, scale of the minima; 8 scales and minima; 256 × 4
// bits. Sub-blocks have 32 elements; a byte holds one of each of two.
func q4k(y *[maxBlock]float32, b []byte) {
	d, dmin := half(b), half(b[2:])
	scales, qs := b[4:16], b[16:144]
	for k := range 8 {
		scale, minimum := q4scales(scales, k)
		scale, minimum = d*scale, -float32(dmin*minimum)
		for i, q := range qs[k/2*32 : k/2*32+32] {
			y[k*32+i] = affine(scale, int(q>>(k%2*4)&15), minimum)
		}
	}
}

// Q5_K: as Q4_K, with the fifth bits of 256 elements before the others.
func q5k(y *[maxBlock]float32, b []byte) {
	d, dmin := half(b), half(b[2:])
	scales, high, qs := b[4:16], b[16:48], b[48:176]
	for k := range 8 {
		scale, minimum := q4scales(scales, k)
		scale, minimum = d*scale, -float32(dmin*minimum)
		for i, q := range qs[k/2*32 : k/2*32+32] {
			y[k*32+i] = affine(scale, int(q>>(k%2*4)&15|high[i]>>k&1<<4), minimum)
		}
	}
}

// Q6_K: the lower four bits of 256 elements; the upper two bits; 16 scales of 8
// bits; scale of the scales; offset by 32. Sub-blocks have 16 elements. In each
// half of the block a byte holds four bits of one element of each of two runs
// of 32 that are 64 apart, and two bits of each of four runs.
func q6k(y *[maxBlock]float32, b []byte) {
	low, high, scales, d := b[:128], b[128:192], b[192:208], half(b[208:])
	for i := range maxBlock {
		part, run, j := i/128, i%128/32, i%32
		q := low[part*64+run%2*32+j] >> (run / 2 * 4) & 15
		q |= high[part*32+j] >> (run * 2) & 3 << 4
		y[i] = d * float32(int8(scales[i/16])) * float32(int(q)-32)
	}
}
