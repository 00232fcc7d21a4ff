package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/numfmt"
)

// factor is what a weight's values must be multiplied by.
type factor struct {
	scale    *stored   // nil where there is none
	problem  string    // why the weight is not read
	suspects []*stored // what may be a scale and cannot be told
}

// none reports whether nothing is known of a factor.
func (f *factor) none() bool { return f.scale == nil && f.problem == "" }

// findFactor finds the scale of the weight t.
//
// The scale is known by the words of its name. Where it is not, any tensor beside 8-bit
// floats that could be one is reason not to read them: without their factor they would
// give a score that looks like any other. Floats of 16 bits and more, and the blocks of
// GGUF, stand for themselves.
func (l *lister) findFactor(t *stored) (f factor) {
	eight := isEight(t)
	for rest, other := range l.beside(t.name) {
		w := words(rest)
		_, last := cutLast(other.name)
		activation := isActivation(words(last))
		switch {
		case l.consumed[other.name] != "" && !activation, slices.Contains(w, "bias"), isActivation(w):
		case isFactor(w) && activation: // q_scale beside q.weight
			f.suspects = append(f.suspects, other)
		case isFactor(w) && f.scale != nil:
			f.problem = fmt.Sprintf("has two scales, %s and %s", f.scale.name, other.name)
			f.suspects = append(f.suspects, other)
		case isFactor(w) && (eight || t.gguf || anyOf(w, []string{"weight", "weights"})):
			f.scale = other
		case anyOf(w, scaleWords) && (eight || t.gguf), eight && !anyOf(w, otherWords) && couldScale(other, t):
			f.suspects = append(f.suspects, other)
		}
	}
	switch {
	case f.problem != "":
	case f.scale != nil && !eight && !t.gguf:
		f.problem = fmt.Sprintf("has a scale, %s, though it is %s; which of the two its values are is not known", f.scale.name, t.dtype)
	case len(f.suspects) == 0:
	case f.scale != nil:
		f.problem = "has a second scale or offset, " + f.suspects[0].name + ", which is not read"
	default:
		f.problem = f.suspects[0].name + " beside it may be its scale, and is not read"
	}
	return f
}

// refuseUnscaled refuses 8-bit floats without a scale in a model where they have one:
// others do, or its config.json or its names say that they were quantised. Models that
// were cast to 8 bits have none and are read as they are.
func (l *lister) refuseUnscaled() {
	scaled := l.model.config.quantized
	for name, f := range l.factors {
		scaled = scaled || f.scale != nil && !l.get(name).gguf
	}
	for name, f := range l.factors {
		t := l.get(name)
		if !isEight(t) || !f.none() || len(t.shape) < 2 || l.consumed[name] != "" {
			continue
		}
		if scaled || parameter(name) != name {
			l.factors[name] = factor{problem: "its scale is missing"}
		}
	}
}

// couldScale reports whether other may hold scales of t: numbers, not more than one for
// four weights.
func couldScale(other, t *stored) bool {
	switch other.dtype {
	case "BOOL", "I64", "U64", "C64":
		return false
	}
	return other.elements() <= max(1, t.elements()/4)
}

// scale completes an entry that needs another tensor to be decoded.
func (l *lister) scale(e *entry) {
	if base, ok := strings.CutSuffix(e.name, blocksSuffix); ok && l.isMXFP4(&e.stored) {
		e.asMXFP4(base, l.get(base+scalesSuffix))
		return
	}
	f, ok := l.factors[e.name]
	if !ok || e.Skip != "" {
		return
	}
	if name := parameter(e.name); name != e.name && l.get(name) == nil {
		e.Name, e.Stored = name, e.name
	}
	if f.problem != "" {
		e.Skip = f.problem
		return
	}
	if f.scale != nil {
		e.scaled(f.scale, &l.model.config)
	}
}

// scaled finds how the scales s lie over the weights of e; see [fit]. For stacked
// weights each matrix has its own.
func (e *entry) scaled(s *stored, c *Config) {
	exponents := s.dtype == "U8" && e.eight // MXFP8 stores E8M0 as bytes
	deepSeek := strings.HasSuffix(s.name, "scale_inv") || s.dtype == "F8_E8M0"
	var lay tiling
	g, problem := fit(e.stored.shape, s.shape)
	if problem == "" {
		lay, problem = g.layOut(c.blocks, deepSeek)
	}
	count := product([]int64{g.down, g.over, stackSize(e.stored.shape, s.shape)})
	switch {
	case s.skip != "" || !isEight(s) && !exponents && spectrum.DType(s.dtype).Size() == 0,
		problem == "" && count != s.elements(),
		e.gguf && (g.down != 1 || g.over != 1): // llama.cpp knows one for all, or one for each expert
		problem = wrongShape
	case problem == "" && exponents && (lay.height != 1 || lay.width != numfmt.Block):
		problem = wrongShape
	}
	switch {
	case problem != wrongShape && g.needsBlocks() && c.noBlocks != "":
		e.Skip = fmt.Sprintf("the size of the blocks of its scales %s is not known: %s", s.name, c.noBlocks)
	case problem == wrongShape:
		e.Skip = fmt.Sprintf("its scales %s are %s of shape %d, which do not fit %d", s.name, s.dtype, s.shape, e.stored.shape)
	case problem != "":
		e.Skip = fmt.Sprintf("its scales %s of shape %d fit %d in blocks of %s; config.json does not say which", s.name, s.shape, e.stored.shape, problem)
	default:
		e.scales, e.out = &scaleRef{stored: *s, tiling: lay}, spectrum.F32
	}
}

// notWeights says why t, though it has the type and shape of one, is no weight.
func notWeights(t *stored) string {
	_, last := cutLast(t.name)
	switch {
	case strings.HasSuffix(last, "bias") && len(t.shape) > 2:
		return "a mask that was saved with the weights" // GPT-2 and GPT-NeoX: attn.bias, 1×1×n×n
	case mayScale(last) && isActivation(words(last)):
		return "scales of activations"
	}
	return ""
}
