package checkpoint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/numfmt"
)

// scaleRef says where the scales of a tensor are and how they lie over it.
type scaleRef struct {
	stored
	gridRows, gridCols int
	height, width      int // of a block, in weights
}

// defaultBlock is the side of a block of DeepSeek-V3, in weights, for models that
// have scales in blocks and no weight_block_size.
const defaultBlock = 128

const scalesReason = "scales of other weights, which are decoded with them"

// The endings of MXFP4 as gpt-oss ships it.
const (
	blocksSuffix = "_blocks"
	scalesSuffix = "_scales"
)

// companions marks tensors that say how t is to be read, and t where it is
// packed in a way that is not read.
func (l *lister) companions(t *stored) {
	if t.skip != "" {
		return
	}
	reason := cmp.Or(l.packed(t), notWeights(t))
	if reason != "" {
		l.consumed[t.name] = reason
		return
	}
	if base, ok := strings.CutSuffix(t.name, blocksSuffix); ok && l.isMXFP4(t) {
		l.consumed[base+scalesSuffix] = scalesReason
	}
	if _, ok := numfmt.Lookup(t.dtype); ok {
		if s := l.scaleOf(t.name); s != nil {
			l.consumed[s.name] = scalesReason
		}
	}
}

// scaleOf finds the scales of 8-bit weights by the names in use: DeepSeek's
// weight_scale_inv, the weight_scale of compressed-tensors, ModelOpt and FBGEMM,
// and the scale of DeepSeek's own inference code.
func (l *lister) scaleOf(name string) *stored {
	candidates := []string{name + "_scale_inv", name + "_scale"}
	if module, ok := Module(name); ok {
		candidates = append(candidates, module+".scale")
	}
	for _, c := range candidates {
		if s := l.stored[c]; s != nil {
			return s
		}
	}
	return nil
}

func (l *lister) isMXFP4(t *stored) bool {
	return t.dtype == "U8" && len(t.shape) >= 3 && t.shape[len(t.shape)-1] == numfmt.BlockBytes &&
		l.stored[strings.TrimSuffix(t.name, blocksSuffix)+scalesSuffix] != nil
}

// scale completes an entry that needs another tensor to be decoded.
func (l *lister) scale(e *entry) {
	if base, ok := strings.CutSuffix(e.name, blocksSuffix); ok && l.isMXFP4(&e.stored) {
		e.asMXFP4(base, l.stored[base+scalesSuffix])
		return
	}
	if e.table == nil || e.Skip != "" {
		return
	}
	// Two factors for one weight: the values are not what the first says.
	if two := l.stored[e.name+"_scale_2"]; two != nil {
		e.Skip = "has a second scale, " + two.name + ", which is not read"
		return
	}
	if s := l.scaleOf(e.name); s != nil {
		e.scaled(s, &l.model.config)
	}
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

// scaled finds how the scales s lie over the weights of e: one for all, one for
// each row, or one for each block of the size that config.json says. For
// stacked weights each matrix has its own.
func (e *entry) scaled(s *stored, c *Config) {
	wrong := func() {
		e.Skip = fmt.Sprintf("its scales %s are %s of shape %d, which do not fit %d", s.name, s.dtype, s.shape, e.stored.shape)
	}
	_, eight := numfmt.Lookup(s.dtype)
	if s.skip != "" || s.stride != nil || e.stride != nil || !eight && spectrum.DType(s.dtype).Size() == 0 {
		wrong()
		return
	}
	weights, scales := e.stored.shape, s.shape
	stacked := len(weights) == 3
	if stacked { // compare one matrix with its scales
		switch {
		case len(scales) > 0 && scales[0] == weights[0]:
			scales = scales[1:]
		case s.elements() != 1:
			wrong()
			return
		}
		weights = weights[1:]
	}
	rows, cols := int64(1), int64(1)
	switch len(weights) {
	case 1:
		cols = weights[0]
	case 2:
		rows, cols = weights[0], weights[1]
	default:
		wrong()
		return
	}
	r := &scaleRef{stored: *s}
	block := c.blockSize
	for i, d := range []int64{rows, cols} { // a block is no larger than the matrix
		block[i] = max(1, min(cmp.Or(block[i], defaultBlock), d))
	}
	product := int64(1)
	for _, d := range scales {
		product *= d
	}
	switch {
	case product == 1:
		r.gridRows, r.gridCols, r.height, r.width = 1, 1, int(max(1, rows)), int(max(1, cols))
	case product == rows && (len(scales) == 1 || len(scales) == 2 && scales[1] == 1):
		r.gridRows, r.gridCols, r.height, r.width = int(rows), 1, 1, int(max(1, cols))
	case len(scales) == 2 && c.noBlocks != "":
		e.Skip = fmt.Sprintf("the size of the blocks of its scales %s is not known: %s", s.name, c.noBlocks)
		return
	case len(scales) == 2 && scales[0] == ceilDiv(rows, block[0]) && scales[1] == ceilDiv(cols, block[1]):
		r.gridRows, r.gridCols, r.height, r.width = int(scales[0]), int(scales[1]), int(block[0]), int(block[1])
	default:
		wrong()
		return
	}
	e.scales, e.out = r, spectrum.F32
}

func ceilDiv(a, b int64) int64 { return a/b + min(1, a%b) }

// packed says why t, or the tensor that t belongs to, is not read: its weights
// are integers that only its quantiser's code unpacks. The method is the one of
// quantization_config, or told by the names it uses.
func (l *lister) packed(t *stored) string {
	i := strings.LastIndexByte(t.name, '.') + 1
	module, last := t.name[:i], t.name[i:]
	method := l.model.config.Quantization
	has := func(name string) bool { return l.stored[module+name] != nil }
	switch {
	case has("qweight") && slices.Contains([]string{"qweight", "qzeros", "scales", "g_idx"}, last):
		return packedBy(method, "gptq or awq")
	case has("weight_packed") && strings.HasPrefix(last, "weight_"):
		return packedBy(method, "compressed-tensors")
	case has("weight.absmax") && last == "weight", l.inBitsAndBytes(t.name):
		return packedBy(method, "bitsandbytes")
	case has("SCB") && (last == "weight" || last == "SCB" || last == "weight_format"):
		return packedBy(method, "bitsandbytes")
	case has("weight_scale_2") && (last == "weight" || strings.HasSuffix(last, "_scale") || last == "weight_scale_2"):
		return packedBy(method, "modelopt")
	case has("weight_scale") && integer(l.stored[module+"weight"]) && (last == "weight" || strings.HasPrefix(last, "weight_")):
		return packedBy(method, "compressed-tensors")
	case integer(t) && last == "weight" && method != "":
		return packedBy(method, "")
	}
	return ""
}

// notWeights says why t, though it has the type and shape of one, is no weight.
func notWeights(t *stored) string {
	last := t.name[strings.LastIndexByte(t.name, '.')+1:]
	switch {
	case strings.HasSuffix(last, "bias") && len(t.shape) > 2:
		return "a mask that was saved with the weights" // GPT-2 and GPT-NeoX: attn.bias, 1×1×n×n
	case slices.Contains([]string{"input_scale", "output_scale", "q_scale", "k_scale", "v_scale"}, last):
		return "scales of activations"
	}
	return ""
}

// inBitsAndBytes reports whether a name is that of what bitsandbytes keeps
// beside a weight: weight.absmax, weight.quant_map, weight.quant_state.….
func (l *lister) inBitsAndBytes(name string) bool {
	module, _, ok := strings.Cut(name, ".weight.")
	return ok && l.stored[module+".weight.absmax"] != nil
}

func integer(t *stored) bool {
	return t != nil && (strings.HasPrefix(t.dtype, "I") || strings.HasPrefix(t.dtype, "U")) && !strings.HasPrefix(t.dtype, "IQ")
}

func packedBy(method, known string) string {
	if method == "" {
		method = known
	}
	return "packed by " + method + ", which is not read"
}
