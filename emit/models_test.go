package emit_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/emit"
)

// model builds the parameters of a model in its families' names.
type model struct{ params []emit.Param }

func (m *model) add(n int64, format string, args ...any) {
	m.params = append(m.params, emit.Param{Name: fmt.Sprintf(format, args...), Params: n, Bytes: 2 * n})
}

func (m *model) llama(prefix string, blocks int, mlp func(i int)) {
	m.add(5000, "%smodel.embed_tokens.weight", prefix)
	for i := range blocks {
		for _, p := range []string{"q", "k", "v", "o"} {
			m.add(100, "%smodel.layers.%d.self_attn.%s_proj.weight", prefix, i, p)
		}
		m.add(10, "%smodel.layers.%d.self_attn.q_proj.bias", prefix, i)
		mlp(i)
		m.add(10, "%smodel.layers.%d.input_layernorm.weight", prefix, i)
		m.add(10, "%smodel.layers.%d.post_attention_layernorm.weight", prefix, i)
	}
	m.add(10, "%smodel.norm.weight", prefix)
	m.add(5000, "%slm_head.weight", prefix)
}

func models() map[string][]emit.Param {
	all := make(map[string][]emit.Param)
	var llama, mixtral, deepseek, multimodal model
	llama.llama("", 12, func(i int) {
		for _, p := range []string{"gate", "up", "down"} {
			llama.add(200, "model.layers.%d.mlp.%s_proj.weight", i, p)
		}
	})
	mixtral.llama("", 11, func(i int) {
		mixtral.add(8, "model.layers.%d.block_sparse_moe.gate.weight", i)
		for e := range 12 {
			for w := range 3 {
				mixtral.add(200, "model.layers.%d.block_sparse_moe.experts.%d.w%d.weight", i, e, w+1)
			}
		}
	})
	deepseek.llama("", 12, func(i int) {
		deepseek.add(50, "model.layers.%d.self_attn.kv_a_proj_with_mqa.weight", i)
		deepseek.add(5, "model.layers.%d.self_attn.kv_a_layernorm.weight", i)
		deepseek.add(50, "model.layers.%d.self_attn.kv_b_proj.weight", i)
		if i == 0 {
			for _, p := range []string{"gate", "up", "down"} {
				deepseek.add(400, "model.layers.%d.mlp.%s_proj.weight", i, p)
			}
			return
		}
		// The names that prefix rules take for one another.
		deepseek.add(8, "model.layers.%d.mlp.gate.weight", i)
		deepseek.add(8, "model.layers.%d.mlp.gate.e_score_correction_bias", i)
		for _, p := range []string{"gate", "up", "down"} {
			deepseek.add(300, "model.layers.%d.mlp.shared_experts.%s_proj.weight", i, p)
			for e := range 11 {
				deepseek.add(200, "model.layers.%d.mlp.experts.%d.%s_proj.weight", i, e, p)
			}
		}
	})
	// A vision tower whose names end like those of the language model.
	for i := range 6 {
		for _, p := range []string{"q", "k", "v", "out"} {
			multimodal.add(60, "vision_tower.vision_model.encoder.layers.%d.self_attn.%s_proj.weight", i, p)
		}
		multimodal.add(60, "vision_tower.model.layers.%d.self_attn.q_proj.weight", i)
	}
	multimodal.add(60, "model.layers.0.self_attn.q_proj.weight") // also the end of a longer name
	multimodal.add(70, "multi_modal_projector.linear_1.weight")
	multimodal.llama("language_model.", 11, func(i int) {
		multimodal.add(200, "language_model.model.layers.%d.mlp.up_proj.weight", i)
	})
	all["llama"], all["mixtral"], all["deepseek"], all["multimodal"] = llama.params, mixtral.params, deepseek.params, multimodal.params
	return all
}

// candidates are the matrices of a model with random scores.
func candidates(params []emit.Param) []spectrum.Layer {
	r := rand.New(rand.NewPCG(7, 8))
	var layers []spectrum.Layer
	for _, p := range params {
		if strings.HasSuffix(p.Name, ".weight") && p.Params > 10 {
			layers = append(layers, spectrum.Layer{Name: p.Name, Type: checkpoint.Type(p.Name), SNR: r.ExpFloat64(), Params: p.Params})
		}
	}
	return layers
}
