package checkpoint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/numfmt"
)

const scalesReason = "scales of other weights, which are decoded with them"

// The endings of MXFP4 as gpt-oss ships it.
const (
	blocksSuffix = "_blocks"
	scalesSuffix = "_scales"
)

// companions marks tensors that are no weights of their own: those that say how others
// are to be read, and all of a weight that is packed in a way that is not read.
func (l *lister) companions() {
	for i, name := range l.names {
		t := l.tensors[i]
		if t.skip != "" {
			continue
		}
		if reason := cmp.Or(notWeights(t), l.parametrized(t)); reason != "" {
			l.consumed[name] = reason
		}
		if base, ok := strings.CutSuffix(name, blocksSuffix); ok && l.isMXFP4(t) {
			l.consumed[base+scalesSuffix] = scalesReason
		}
	}
	l.markPacked()
	for i, name := range l.names {
		if l.consumed[name] == "" && l.tensors[i].skip == "" && l.model.adapter.part(name) {
			l.consumed[name] = adapterReason
		}
	}
	l.markScales()
}

// markScales finds the factors of weights, and marks the tensors that hold them.
func (l *lister) markScales() {
	for i, name := range l.names {
		t := l.tensors[i]
		if l.consumed[name] != "" || t.skip != "" || unreadable(t) || len(t.shape) == 0 {
			continue
		}
		if !isEight(t) && l.solitary(i) {
			continue
		}
		f := l.findFactor(t)
		if f.none() && !isEight(t) {
			continue
		}
		l.factors[name] = f
		for _, s := range f.suspects {
			if l.consumed[s.name] == "" {
				l.consumed[s.name] = "may be the scale of " + name
			}
		}
		if f.scale != nil {
			l.consumed[f.scale.name] = scalesReason
		}
	}
	l.refuseUnscaled()
	for _, name := range l.names { // of weights that need none, or are not there
		_, last := cutLast(name)
		if !mayScale(last) {
			continue
		}
		if w := words(last); l.consumed[name] == "" && isFactor(w) && slices.Contains(w, ownWeight) {
			l.consumed[name] = "a scale, and no weight"
		}
	}
}

// isEight reports whether t is of 8-bit floats.
func isEight(t *stored) bool {
	_, ok := numfmt.Lookup(t.dtype)
	return ok
}

func (l *lister) isMXFP4(t *stored) bool {
	return t.dtype == "U8" && len(t.shape) >= 3 && t.shape[len(t.shape)-1] == numfmt.BlockBytes &&
		l.get(strings.TrimSuffix(t.name, blocksSuffix)+scalesSuffix) != nil
}

// asMXFP4 turns the entry of blocks (…×r×g×16 bytes) into that of the weights
// (…×r×32g), of which the scales (…×r×g bytes) belong to a block each.
func (e *entry) asMXFP4(base string, scales *stored) {
	shape := e.shape[:len(e.shape)-1]
	if (scales.dtype != "U8" && scales.dtype != "F8_E8M0") || !slices.Equal(scales.shape, shape) ||
		e.stride != nil || scales.stride != nil || scales.skip != "" {
		e.Skip = fmt.Sprintf("its scales %s are %s of shape %d, want bytes of shape %d", scales.name, scales.dtype, scales.shape, shape)
		return
	}
	if e.elements() == 0 {
		e.Skip = empty
		return
	}
	e.Name, e.Stored, e.DType = base, e.name, "MXFP4"
	e.mxfp4, e.out = true, spectrum.BF16
	e.scales = &scaleRef{stored: *scales}
	e.Skip = ""
	e.Shape = e.Shape[:len(e.Shape)-1]
	e.Shape[len(e.Shape)-1] *= numfmt.Block // the memory of the file holds 16 bytes for each 32
}

// quantiser is what has packed a weight, and what to do about it.
type quantiser struct {
	name string
	hint string
}

func (q quantiser) refusal() string {
	return "packed by " + q.name + ", which is not read; " + cmp.Or(q.hint, "the model that it was made from is")
}

// hints say how to make something that is read.
var hints = map[string]string{
	"mlx":          "what mlx_lm.convert --dequantize writes is",
	"bitsandbytes": "what its dequantize() and save_pretrained() write is",
}

// quantiser names what has packed t: what config.json says, else what uses such names.
// What it says of 8-bit floats is not true of other types beside them.
func (l *lister) quantiser(t *stored) quantiser {
	method := l.model.config.Quantization
	if t.gguf {
		method = t.dtype
	}
	if method == "" || method == "fp8" {
		method = cmp.Or(l.quantiserByNames(t), method, "a quantiser")
	}
	return quantiser{method, hints[method]}
}

// quantiserByNames returns who calls the parts of a weight what they are called in the
// module of t.
func (l *lister) quantiserByNames(t *stored) string {
	module, last := cutLast(t.name)
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool {
			return l.get(strings.TrimPrefix(module+"."+n, ".")) == nil
		})
	}
	switch {
	case has("qweight", "wscales"):
		return "nunchaku (SVDQuant)"
	case has("qweight", "lookup_table"):
		return "squeezellm"
	case has("qweight"):
		return "gptq or awq"
	case has("q_weight"):
		return "exllamav2"
	case has("trellis", "suh"):
		return "exllamav3"
	case has("trellis"):
		return "qtip"
	case has("Qidxs"):
		return "quip#"
	case has("W_q"):
		return "hqq"
	case has("codes", "codebooks"):
		return "aqlm"
	case has("indices", "centroids.weight"):
		return "vptq"
	case has("weight", "comfy_quant"):
		return "comfy"
	case has("weight_packed"):
		return "compressed-tensors"
	case l.inBitsAndBytes(t.name), has("SCB"):
		return "bitsandbytes"
	case has("weight_scale_2"), l.get(t.name+"_weight_scale_2") != nil:
		return "modelopt"
	case strings.HasSuffix(t.name, quantoEnding):
		return "quanto"
	case strings.HasSuffix(t.name, torchaoEnding):
		return "torchao"
	case has("weight", "scales") && t.dtype == "U32":
		return "mlx"
	case has("weight", "scale") && l.get(strings.TrimPrefix(module+".scale", ".")).dtype == "F8_E8M0":
		return "deepseek (4-bit floats)"
	case has("weight", "weight_scales"):
		return "eetq"
	case has("weight", "weight_scale") && last == "weight":
		return "compressed-tensors"
	}
	return ""
}
