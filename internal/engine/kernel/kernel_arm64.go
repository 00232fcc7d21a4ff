//go:build !noasm && !purego && gc

package kernel

// vectorKernels returns the kernels in assembly, best first. Every arm64 CPU that Go
// runs on has NEON.
func vectorKernels() []implementation {
	return []implementation{{
		name: "neon",
		f32: Kernel[float32]{
			Name: "neon", MR: 4, NR: 24, lanes: 4,
			strip: stripF32NEON, reflect: reflectF32NEON, peak: peakF32NEON,
			band: band32NEON, widen: widen32, wave: waveNEON,
		},
		f64: Kernel[float64]{
			Name: "neon", MR: 4, NR: 12, lanes: 2,
			strip: stripF64NEON, reflect: reflectF64NEON, peak: peakF64NEON,
			band: band64NEON, widen: widen64, wave: waveNEON,
		},
	}}
}

var (
	band32NEON = bandKernels[float32]{
		mul: mulF32NEON, mulT: mulTF32NEON, rank2: rank2F32NEON, symMul: symMulF32NEON, symRank2: symRank2F32NEON,
	}
	band64NEON = bandKernels[float64]{
		mul: mulF64NEON, mulT: mulTF64NEON, rank2: rank2F64NEON, symMul: symMulF64NEON, symRank2: symRank2F64NEON,
	}
)

var (
	widen32 = wideners[float32]{bf16: widenBF16F32NEON, f16: widenF16F32NEON, f32: widenF32F32NEON}
	widen64 = wideners[float64]{bf16: widenBF16F64NEON, f16: widenF16F64NEON, f32: widenF32F64NEON}
)
