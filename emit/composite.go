package emit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
)

// composite is what LLaMA-Factory knows of a multimodal model
// (model/model_utils/visual.py, COMPOSITE_MODELS), as far as names show it.
type composite struct {
	projector string   // a part of the names of the projector
	encoders  []string // the same of the encoders
}

// compositeOf returns nil for a model of text alone.
func compositeOf(model []Param) *composite {
	has := func(part string) bool {
		return slices.ContainsFunc(model, func(p Param) bool { return strings.Contains(p.Name, part) })
	}
	var c composite
	for _, part := range []string{"multi_modal_projector", "visual.merger", "vision_tower.merger", "mm_projector", "resampler"} {
		if c.projector == "" && has(part) {
			c.projector = part
		}
	}
	for _, part := range []string{"vision_tower", "visual.patch_embed", "visual.blocks", "vision_model", "audio_tower", "vpm"} {
		if has(part) {
			c.encoders = append(c.encoders, part)
		}
	}
	if c.projector == "" && c.encoders == nil {
		return nil
	}
	return &c
}

// towers says which parts of a multimodal model LLaMA-Factory leaves frozen. Its
// defaults are true, true and false.
type towers struct{ vision, projector, language bool }

// freezeTowers are the lines that free the parts of which some modules are trained. A
// projector that is not frozen is trained whole, so it stays frozen unless it is chosen.
func freezeTowers(model []Param, modules []string) string {
	t := towers{vision: true, projector: true, language: true}
	for _, m := range modules {
		switch names.PartOf(m) {
		case names.Encoder:
			t.vision = false
		case names.Projector:
			t.projector = false
		default:
			t.language = false
		}
	}
	if compositeOf(model) == nil && t.vision && t.projector {
		return ""
	}
	return fmt.Sprintf("freeze_vision_tower: %v\nfreeze_multi_modal_projector: %v\nfreeze_language_model: %v\n", t.vision, t.projector, t.language)
}

// readTowers reads these lines.
func readTowers(values settings) (t towers, err error) {
	if t.vision, err = values.flag("freeze_vision_tower", true); err != nil {
		return t, err
	}
	if t.projector, err = values.flag("freeze_multi_modal_projector", true); err != nil {
		return t, err
	}
	t.language, err = values.flag("freeze_language_model", false)
	return t, err
}

// forbidden lists parts of names that are frozen whatever else says.
func (c *composite) forbidden(t towers) (list []string) {
	if c == nil {
		return nil
	}
	if t.vision {
		list = append(list, c.encoders...)
	}
	if t.projector && c.projector != "" {
		list = append(list, c.projector)
	}
	if t.language {
		list = append(list, "language_model", "lm_head")
	}
	return list
}

// free is an entry that matches names without the forbidden parts.
func free(e entry, forbidden []string) entry {
	match := e.match
	e.match = func(name string) bool {
		return match(name) && !slices.ContainsFunc(forbidden, func(part string) bool { return strings.Contains(name, part) })
	}
	return e
}
