//go:build !noasm && !purego && gc

package kernel

import (
	"slices"

	"github.com/klauspost/cpuid/v2"
)

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

// kernels32 returns the float32 kernels this CPU can run, best first.
func kernels32() []Kernel[float32] {
	var all []Kernel[float32]
	if cpuid.CPU.Supports(featuresAVX512...) {
		all = append(all, Kernel[float32]{Name: "avx512", MR: 8, NR: 48, lanes: 16, strip: stripF32AVX512, reflect: reflectF32AVX512, peak: peakF32AVX512, band: band32AVX2, widen: widen32, wave: waveAVX512})
		if cpuid.CPU.Supports(featuresBF16...) {
			k := all[0]
			k.Name, k.pairs, k.peakPairs = k.Name+bf16, stripBF16AVX512, peakBF16AVX512
			all = append(all, k)
			if pairsPay() {
				slices.Reverse(all)
			}
		}
	}
	if cpuid.CPU.Supports(featuresAVX2...) {
		all = append(all, Kernel[float32]{Name: "avx2", MR: 4, NR: 24, lanes: 8, strip: stripF32AVX2, reflect: reflectF32AVX2, peak: peakF32AVX2, band: band32AVX2, widen: widen32, wave: waveAVX2})
	}
	return append(all, generic[float32]())
}

// kernels64 returns the float64 kernels this CPU can run, best first.
func kernels64() []Kernel[float64] {
	var all []Kernel[float64]
	if cpuid.CPU.Supports(featuresAVX512...) {
		all = append(all, Kernel[float64]{Name: "avx512", MR: 8, NR: 24, lanes: 8, OneStage: 128, strip: stripF64AVX512, reflect: reflectF64AVX512, peak: peakF64AVX512, band: band64AVX2, widen: widen64, wave: waveAVX512})
	}
	if cpuid.CPU.Supports(featuresAVX2...) {
		all = append(all, Kernel[float64]{Name: "avx2", MR: 4, NR: 12, lanes: 4, OneStage: 128, strip: stripF64AVX2, reflect: reflectF64AVX2, peak: peakF64AVX2, band: band64AVX2, widen: widen64, wave: waveAVX2})
	}
	return append(all, generic[float64]())
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

// vectorKernels returns the kernels in assembly with what they lack on this CPU,
// best first.
func vectorKernels() []Known {
	kernels := []struct {
		name     string
		features []cpuid.FeatureID
	}{{"avx512", featuresAVX512}, {"avx512" + bf16, featuresBF16}, {"avx2", featuresAVX2}}
	if pairsPay() {
		slices.Reverse(kernels[:2])
	}
	var all []Known
	for _, k := range kernels {
		known := Known{Name: k.name}
		for _, f := range k.features {
			if !cpuid.CPU.Supports(f) {
				known.Missing = append(known.Missing, f.String())
			}
		}
		all = append(all, known)
	}
	return all
}
