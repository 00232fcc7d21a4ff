package emit

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/selection"
)

// notes are comments for files that train parameters: how a model that is frozen
// in part fails to train without saying so, and the setting that prevents it.
const notes = `# FSDP1: use_orig_params: true, or a unit of frozen and trained parameters fails; FSDP2
# needs nothing. DeepSpeed: freeze before deepspeed.initialize. Gradient checkpointing
# with frozen embeddings: use_reentrant: false, the default of transformers 5 and TRL,
# or model.enable_input_require_grads(); else nothing gets a gradient.
`

// header says in comments how a selection was made.
func header(sel *selection.Selection) string {
	rule := cmp.Or(sel.Rule, fmt.Sprintf("top %v %%", sel.Percent))
	h := HeaderPieces()
	text := h.BeforeRule + escape.Line(rule) + h.BeforeCount + strconv.Itoa(len(sel.Layers())) + h.BeforeTies
	for _, g := range sel.Groups {
		if g.DecidedByTie {
			text += h.Tie(g.Type)
		}
	}
	return text
}

// layerNames lists the names of layers.
func layerNames(layers []spectrum.Layer) []string {
	list := make([]string, len(layers))
	for i, l := range layers {
		list[i] = l.Name
	}
	return list
}
