package checkpoint

import (
	"slices"
	"strings"
)

// words splits the last part of a tensor's name into what its quantiser called it:
// "weight_scale_inv" has the words weight, scale and inv.
func words(rest string) []string {
	return strings.FieldsFunc(strings.ToLower(rest), func(r rune) bool { return r == '.' || r == '_' })
}

// Words that tell what a tensor beside a weight is for. They are pieces of names, so
// that a spelling nobody has listed is still understood or at least suspected.
var (
	scaleWords = []string{"scale", "scales", "qscale", "wscale", "wscales", "scaling"}
	// weightWords may stand beside those where the scale is that of the weight.
	weightWords = []string{"weight", "weights", "w", "factor", "factors", "quantizer"}
	// activationWords stand beside those where the scale is that of what goes in or out.
	activationWords = []string{"input", "output", "in", "out", "act", "acts", "activation", "activations",
		"q", "k", "v", "kv", "cache", "prob", "softmax", "x"}
	// activationFillers say no more of such a scale.
	activationFillers = []string{"factor", "factors", "quantizer", "amax", "global", "inv"}
	// partWords are in names of what a packed weight is unpacked with.
	partWords = []string{"zero", "zeros", "zp", "qzeros", "absmax", "amax", "min", "max", "scb", "lut", "codebook", "codebooks",
		"centroids", "offset", "offsets", "biases", "idx", "perm", "invperm", "groups", "meta", "bits", "quant", "global"}
	// otherWords are in names of what has nothing to do with the values of a weight.
	otherWords = []string{"bias", "norm", "lora", "adapter", "shape", "format", "comfy"}
	// integerWords are in names of integers that are no weights.
	integerWords = []string{"ids", "id", "eid", "index", "position", "num", "batches", "tracked", "step", "steps", "mask", "masked",
		"count", "counts", "version", "state", "spiece", "tokenizer", "metadata", "signature", "relative", "map", "shape", "bias", "comfy"}
)

func anyOf(words, list []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(list, w) })
}

// mayScale reports whether a name may have a word of scaleWords or amax in it, without
// which it is neither a factor nor an activation's: a quick look, for those that are not.
func mayScale(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "scal") || strings.Contains(name, "amax")
}

// isFactor reports whether words name the factor of a weight: weight_scale,
// scale_weight, qscale_weight, weights_scaling_factor, scale_inv. An inverse is the
// factor when it is called scale_inv, that of the number the weights were multiplied
// by; inv_scale is anybody's guess.
func isFactor(words []string) bool {
	for i, w := range words {
		scale := slices.Contains(scaleWords, w)
		inverse := w == "inv" && i > 0 && slices.Contains(scaleWords, words[i-1])
		if !scale && !inverse && !slices.Contains(weightWords, w) {
			return false
		}
	}
	return anyOf(words, scaleWords)
}

// isActivation reports whether words name nothing but the scale of an activation, which
// does not change a weight.
func isActivation(words []string) bool {
	for _, w := range words {
		if !slices.Contains(activationWords, w) && !slices.Contains(scaleWords, w) && !slices.Contains(activationFillers, w) {
			return false
		}
	}
	return anyOf(words, activationWords) && (anyOf(words, scaleWords) || slices.Contains(words, "amax"))
}

// isPartName reports whether words are those of a part of a packed weight.
func isPartName(words []string) bool { return anyOf(words, scaleWords) || anyOf(words, partWords) }
