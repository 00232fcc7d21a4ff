package emit

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Infer tells from a file whose it is: by the keys of its YAML or JSON, the lists of
// its Python, or the arguments of its command. The error wraps [ErrFormat] where the
// file does not say it, as a list of names does not.
func Infer(text []byte) (Format, error) {
	s := strings.TrimPrefix(string(text), "\ufeff")
	for _, sign := range []struct {
		format Format
		shows  func(string) bool
	}{
		{PEFT, hasMember("peft_type", "target_modules", "target_parameters")},
		{JSON, hasMember("layers")},
		{Python, hasLine(trainable)},
		{TRL, hasLine(unfrozen)},
		{Unsloth, hasLine(targets)},
		{MSSwiftArgs, func(s string) bool { return strings.Contains(s, "--trainable_parameters_regex") }},
		{MSSwift, hasKey("trainable_parameters_regex")},
		{LLaMAFactoryLoRA, hasKey("lora_target")},
		{LLaMAFactory, hasKey("freeze_trainable_layers", "freeze_trainable_modules")},
		{LLaMAFactoryV1, hasKey(freezeV1Key)},
		{TRLLoRA, hasKey("use_peft")},
		{AxolotlLoRA, hasKey("lora_target_modules", "lora_target_parameters")},
		{AxolotlRates, hasKey("lr_groups")},
		{Axolotl, hasKey(unfrozenKey)},
	} {
		if sign.shows(s) {
			return sign.format, nil
		}
	}
	return "", fmt.Errorf("%w: it does not say whose it is; one of %s", ErrFormat, joined(Consumers()))
}

// hasMember reports whether a text is a JSON object with one of these members.
func hasMember(keys ...string) func(string) bool {
	return func(s string) bool {
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(s), &object) != nil {
			return false
		}
		for _, k := range keys {
			if object[k] != nil {
				return true
			}
		}
		return false
	}
}

// hasKey reports whether a text is a YAML mapping with one of these keys.
func hasKey(keys ...string) func(string) bool {
	return func(s string) bool {
		values, err := yamlOf(s, keys...)
		if err != nil {
			return false
		}
		for _, k := range keys {
			if values[k] != nil {
				return true
			}
		}
		return false
	}
}

// hasLine reports whether a line of a text begins so.
func hasLine(begins string) func(string) bool {
	return func(s string) bool { return strings.Contains("\n"+s, "\n"+begins) }
}
