package names

import "strings"

// Role is what a tensor of a LoRA adapter is.
type Role uint8

// The roles.
const (
	NoRole    Role = iota // not a part of an adapter
	FactorA               // the factor that the input meets first: rank × inputs
	FactorB               // the other: outputs × rank
	Alpha                 // the scalar that the kohya scripts store beside their factors
	OtherPart             // any other part, without which what is added is not known
)

// adapterWrapper is what PEFT puts before the names of the model that it wraps.
const adapterWrapper = "base_model.model."

// factors are the components that name the factors: of PEFT, and of the kohya scripts.
var factors = map[string]Role{
	"lora_A": FactorA, "lora_embedding_A": FactorA, "lora_down": FactorA,
	"lora_B": FactorB, "lora_embedding_B": FactorB, "lora_up": FactorB,
}

// AdapterPart takes the name of a part of an adapter apart: the module of the base model that it
// changes, the name of the adapter where a file has several, and what it is.
func AdapterPart(name string) (module, adapter string, role Role) {
	parts := strings.Split(name, ".")
	if last := len(parts) - 1; last > 0 && parts[last] == "alpha" {
		return strings.TrimPrefix(strings.Join(parts[:last], "."), adapterWrapper), "", Alpha
	}
	if !IsAdapterPart(name) {
		return "", "", NoRole
	}
	for i, p := range parts {
		if !IsAdapterPart(p) {
			continue
		}
		module = strings.TrimPrefix(strings.Join(parts[:i], "."), adapterWrapper)
		role = factors[p]
		rest := parts[i+1:]
		if role == NoRole || len(rest) > 0 && rest[len(rest)-1] == "bias" {
			return module, "", OtherPart
		}
		if n := len(rest); n > 0 && rest[n-1] == weight[1:] {
			rest = rest[:n-1]
		}
		return module, strings.Join(rest, "."), role
	}
	return strings.TrimPrefix(name, adapterWrapper), "", OtherPart
}

// IsTransposedFactor reports whether a factor is that of an embedding, which is looked up by rows:
// what it adds is the transpose of the product.
func IsTransposedFactor(name string) bool { return strings.Contains(name, "lora_embedding_") }

// KohyaModule returns what the kohya scripts call a module of a model, without the part of the
// model in front: dots are underscores.
func KohyaModule(name string) string {
	module, _ := Module(name)
	return strings.ReplaceAll(module, ".", "_")
}

// FromKohya returns a name of the kohya scripts without their word for the part of the model, and
// whether it had one.
func FromKohya(module string) (rest string, ok bool) {
	for _, prefix := range [...]string{"lora_unet_", "lora_te_", "lora_te1_", "lora_te2_", "lora_te3_", "lora_transformer_"} {
		if rest, ok = strings.CutPrefix(module, prefix); ok {
			return rest, true
		}
	}
	return module, false
}

// IsDoRA reports whether a part of an adapter is the magnitude of DoRA.
func IsDoRA(name string) bool {
	return strings.Contains(name, "lora_magnitude_vector") || strings.Contains(name, "dora_scale")
}
