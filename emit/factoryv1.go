package emit

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/selection"
)

func llamaFactoryV1() trainer {
	return trainer{
		format:   LLaMAFactoryV1,
		about:    "YAML with peft_config of name freeze for its v1, which can say the same",
		matching: "any part of a name, made of a block's number and a module",
		write:    writeFreezeV1,
		read:     readFreezeV1,
	}
}

// quantised are parts of names that v1 never trains (v1/plugins/model_plugins/peft.py,
// get_freeze_model).
func quantised() []string {
	return []string{"quant_state", "quantization_weight", "qweight", "qzeros", "scales"}
}

// writeFreezeV1 writes lists, which v1 takes beside texts with commas. It knows no parts
// of multimodal models.
func writeFreezeV1(sel *selection.Selection, how Training) (string, error) {
	a, total, err := newFreeze(sel, how)
	if err != nil {
		return "", err
	}
	text := header(sel) + notes + "peft_config:\n  name: freeze\n" +
		fmt.Sprintf("  freeze_trainable_layers: %d\n  freeze_trainable_modules: %s\n", a.layers, escape.FlowYAML(a.modules))
	if len(a.extra) > 0 {
		text += "  freeze_extra_modules: " + escape.FlowYAML(a.extra) + "\n"
	}
	return text + ofBlocks(total), nil
}

func readFreezeV1(r *Rules, text string) error {
	values, err := yamlOf(text, freezeV1Key)
	if err != nil {
		return err
	}
	if values, err = mapping(resolve(values[freezeV1Key])); err != nil {
		return err
	}
	if values.text("name") != "freeze" {
		return errors.New("no peft_config of name freeze")
	}
	a, err := values.freeze()
	if err != nil {
		return err
	}
	a.v1 = true
	r.resolve = func(model []Param) ([]entry, error) {
		for key := range values { // which v1 takes as arguments
			if !slices.Contains(freezeV1Params(), key) {
				return nil, fmt.Errorf("peft_config of name freeze has no %q", key)
			}
		}
		return a.resolve(model)
	}
	return nil
}

// freezeV1Params are all members that such a peft_config may have.
func freezeV1Params() []string {
	return []string{"name", "freeze_trainable_layers", "freeze_trainable_modules", "freeze_extra_modules", "cast_trainable_params_to_fp32"}
}

// freezeV1Key is the key of what v1 trains.
const freezeV1Key = "peft_config"
