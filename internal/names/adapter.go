package names

import "strings"

// adapterComponents are what PEFT, LyCORIS, the kohya scripts and diffusers call the
// parts of low-rank and related adapters.
var adapterComponents = map[string]bool{
	"lora_A": true, "lora_B": true, "lora_embedding_A": true, "lora_embedding_B": true, "lora_magnitude_vector": true,
	"lora_down": true, "lora_up": true, "lora_mid": true, "dora_scale": true,
	"vera_A": true, "vera_B": true, "vera_lambda_b": true, "vera_lambda_d": true,
	"ia3_l": true, "oft_r": true, "oft_R": true, "oft_blocks": true, "oft_diag": true, "boft_R": true, "boft_s": true,
	"fourierft_spectrum": true, "hra_u": true, "prompt_embeddings": true,
	"adaption_prompt": true, "adaption_gate": true,
}

// adapterPrefixes begin components that number their parts: hada_w1_a, lokr_w2.
var adapterPrefixes = [...]string{"hada_w", "hada_t", "lokr_w", "lokr_t", "randlora_"}

// IsAdapterPart reports whether a parameter is part of an adapter, such as one of the
// two factors of LoRA: what it adds to a weight is made of several such parts, none
// of which is a weight.
func IsAdapterPart(name string) bool {
	for rest, more := name, true; more; {
		var p string
		p, rest, more = strings.Cut(rest, ".")
		if adapterComponents[p] {
			return true
		}
		for _, prefix := range adapterPrefixes {
			if strings.HasPrefix(p, prefix) {
				return true
			}
		}
		// diffusers: to_q_lora.down.weight, proj_lora1.down.weight, lora_linear_layer.up.weight
		if !strings.Contains(p, "lora") {
			continue
		}
		of := strings.TrimRight(p, "0123456789")
		if strings.HasSuffix(of, "_lora") || of == "lora" || of == "lora_linear_layer" {
			if next, _, _ := strings.Cut(rest, "."); next == "down" || next == "up" {
				return true
			}
		}
	}
	return false
}
