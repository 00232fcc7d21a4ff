package emit_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"os"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/selection"
)

func ExampleWrite() {
	sel, err := spectrum.SelectTopK([]spectrum.Layer{
		{Name: "model.layers.0.self_attn.q_proj.weight", Type: "self_attn.q_proj", SNR: 1},
		{Name: "model.layers.1.self_attn.q_proj.weight", Type: "self_attn.q_proj", SNR: 2},
	}, 100)
	if err != nil {
		log.Fatal(err)
	}
	if err := emit.Write(os.Stdout, emit.LLaMAFactoryLoRA, sel, emit.Training{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// # spectrum: top 100 % of each type: 2 layers
	// finetuning_type: lora
	// lora_target: model.layers.1.self_attn.q_proj,model.layers.0.self_attn.q_proj
}

// selected is the better half of a model's layers.
func selected() *selection.Selection {
	sel, err := spectrum.SelectTopK([]spectrum.Layer{
		{Name: "model.layers.0.mlp.up_proj.weight", Type: "mlp.up_proj", SNR: 0.5, Params: 24},
		{Name: "model.layers.0.self_attn.q_proj.weight", Type: "self_attn.q_proj", SNR: math.Inf(1), Params: 16},
		{Name: "model.layers.1.mlp.up_proj.weight", Type: "mlp.up_proj", SNR: 0.75, Params: 24},
		{Name: "model.layers.1.self_attn.q_proj.weight", Type: "self_attn.q_proj", SNR: 0.25, Params: 16},
	}, 50)
	if err != nil {
		log.Fatal(err)
	}
	return sel
}

func ExampleWrite_reference() {
	if err := emit.Write(os.Stdout, emit.SpectrumYAML, selected(), emit.Training{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// unfrozen_parameters:
	// - ^lm_head.weight$
	// - ^model.embed_tokens.weight$
	// # mlp.up_proj layers
	// - model.layers.1.mlp.up_proj
	// # self_attn.q_proj layers
	// - model.layers.0.self_attn.q_proj
}

func ExampleWrite_names() {
	if err := emit.Write(os.Stdout, emit.Names, selected(), emit.Training{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// model.layers.1.mlp.up_proj.weight
	// model.layers.0.self_attn.q_proj.weight
}

func ExampleWrite_json() {
	if err := emit.Write(os.Stdout, emit.JSON, selected(), emit.Training{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// {
	//   "top_percent": 50,
	//   "rule": "top 50 % of each type",
	//   "params": 40,
	//   "layers": [
	//     "model.layers.1.mlp.up_proj.weight",
	//     "model.layers.0.self_attn.q_proj.weight"
	//   ],
	//   "types": [
	//     {
	//       "type": "mlp.up_proj",
	//       "of": 2,
	//       "chosen": [
	//         {
	//           "name": "model.layers.1.mlp.up_proj.weight",
	//           "snr": 0.75,
	//           "params": 24
	//         }
	//       ]
	//     },
	//     {
	//       "type": "self_attn.q_proj",
	//       "of": 2,
	//       "chosen": [
	//         {
	//           "name": "model.layers.0.self_attn.q_proj.weight",
	//           "snr": "Infinity",
	//           "params": 16
	//         }
	//       ]
	//     }
	//   ]
	// }
}

func ExampleFormats() {
	for _, f := range emit.Formats()[:4] {
		fmt.Printf("%s: %s\n", f, f.About())
	}
	// Output:
	// axolotl: YAML with unfrozen_parameters
	// axolotl-lr: YAML with unfrozen_parameters and lr_groups, learning rates in proportion to the SNR
	// axolotl-lora: YAML with adapter: lora, the modules and parameters, and ranks in proportion to the SNR
	// trl: a Python module whose freeze(model) sets requires_grad, before an SFTTrainer
}

func ExampleParams() {
	m, err := checkpoint.Open(context.Background(), "../testdata/tiny-llama")
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	sel, err := selection.Selector{Include: []string{"model.layers.7.*"}}.Select([]spectrum.Layer{
		{Name: "model.layers.6.mlp.up_proj.weight"}, {Name: "model.layers.7.mlp.up_proj.weight"},
	})
	if err != nil {
		log.Fatal(err)
	}
	params := emit.Params(m, nil)
	fmt.Println(len(params), "parameters, first", params[0].Name)
	if err := emit.Write(os.Stdout, emit.Names, sel, emit.Training{Model: params}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 74 parameters, first model.embed_tokens.weight
	// model.layers.7.mlp.up_proj.weight
}

func ExampleRules_Verify() {
	rules, err := emit.Parse(emit.Axolotl, []byte("unfrozen_parameters:\n- model.layers.1.mlp.gate\n"))
	if err != nil {
		log.Fatal(err)
	}
	rep, err := rules.Verify([]emit.Param{{Name: "model.layers.1.mlp.gate.weight"}, {Name: "model.layers.1.mlp.gate_proj.weight"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rep.First())
	// Output: model.layers.1.mlp.gate matches model.layers.1.mlp.gate_proj.weight by accident
}
