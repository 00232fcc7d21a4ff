//go:build !noasm && !purego && gc

package kernel

import "github.com/klauspost/cpuid/v2"

// Each set is the full conjunction of what its kernels use: turning off one
// feature, in the CPU or in a test, must turn off the kernels.
var (
	featuresAVX2   = []cpuid.FeatureID{cpuid.AVX, cpuid.AVX2, cpuid.FMA3, cpuid.F16C}
	featuresAVX512 = []cpuid.FeatureID{cpuid.AVX, cpuid.AVX2, cpuid.FMA3, cpuid.F16C, cpuid.AVX512F, cpuid.AVX512VL, cpuid.AVX512DQ, cpuid.AVX512BW}
	featuresBF16   = append(featuresAVX512[:len(featuresAVX512):len(featuresAVX512)], cpuid.AVX512BF16)
)

// pairsPay reports whether products of bfloat16 pairs are faster than those of
// float32 numbers, which make half the flops an instruction. Zen 4 starts two
// VDPBF16PS a cycle, as many as multiply-adds; Sapphire Rapids starts one in two
// cycles, so that pairs take twice as long there.
func pairsPay() bool { return cpuid.CPU.IsVendor(cpuid.AMD) }

// vectorKernels returns the kernels in assembly, best first.
func vectorKernels() []implementation {
	avx512 := implementation{
		name: "avx512", missing: lacking(featuresAVX512),
		f32: Kernel[float32]{
			Name: "avx512", MR: 8, NR: 48, lanes: 16,
			strip: stripF32AVX512, reflect: reflectF32AVX512, peak: peakF32AVX512,
			band: band32AVX2, widen: widen32, wave: waveAVX512,
		},
		f64: Kernel[float64]{
			Name: "avx512", MR: 8, NR: 24, lanes: 8, OneStage: 128,
			strip: stripF64AVX512, reflect: reflectF64AVX512, peak: peakF64AVX512,
			band: band64AVX2, widen: widen64, wave: waveAVX512,
		},
	}
	withPairs := avx512
	withPairs.name, withPairs.missing = "avx512bf16", lacking(featuresBF16)
	withPairs.f32.Name = withPairs.name
	withPairs.f32.pairs, withPairs.f32.peakPairs = stripBF16AVX512, peakBF16AVX512
	avx2 := implementation{
		name: "avx2", missing: lacking(featuresAVX2),
		f32: Kernel[float32]{
			Name: "avx2", MR: 4, NR: 24, lanes: 8,
			strip: stripF32AVX2, reflect: reflectF32AVX2, peak: peakF32AVX2,
			band: band32AVX2, widen: widen32, wave: waveAVX2,
		},
		f64: Kernel[float64]{
			Name: "avx2", MR: 4, NR: 12, lanes: 4, OneStage: 128,
			strip: stripF64AVX2, reflect: reflectF64AVX2, peak: peakF64AVX2,
			band: band64AVX2, widen: widen64, wave: waveAVX2,
		},
	}
	if pairsPay() {
		return []implementation{withPairs, avx512, avx2}
	}
	return []implementation{avx512, withPairs, avx2}
}

// lacking returns those of the features that this CPU does not have.
func lacking(features []cpuid.FeatureID) (missing []string) {
	for _, f := range features {
		if !cpuid.CPU.Supports(f) {
			missing = append(missing, f.String())
		}
	}
	return missing
}

// The windows of a band are too small for wider registers to pay: on Zen 4 the
// 256-bit kernels are the faster ones.
var (
	band32AVX2 = bandKernels[float32]{
		mul: mulF32AVX2, mulT: mulTF32AVX2, rank2: rank2F32AVX2, symMul: symMulF32AVX2, symRank2: symRank2F32AVX2,
	}
	band64AVX2 = bandKernels[float64]{
		mul: mulF64AVX2, mulT: mulTF64AVX2, rank2: rank2F64AVX2, symMul: symMulF64AVX2, symRank2: symRank2F64AVX2,
	}
)

var (
	widen32 = wideners[float32]{bf16: widenBF16F32AVX2, f16: widenF16F32AVX2, f32: widenF32F32AVX2}
	widen64 = wideners[float64]{bf16: widenBF16F64AVX2, f16: widenF16F64AVX2, f32: widenF32F64AVX2}
)
