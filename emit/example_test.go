package emit_test

import (
	"fmt"
	"log"
	"os"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/emit"
)

func ExampleWrite() {
	sel, err := spectrum.SelectTopK([]spectrum.Layer{
		{Name: "model.layers.0.mlp.gate.weight", Type: "mlp.gate", SNR: 1},
		{Name: "model.layers.1.mlp.gate.weight", Type: "mlp.gate", SNR: 2},
	}, 100)
	if err != nil {
		log.Fatal(err)
	}
	if err := emit.Write(os.Stdout, emit.LLaMAFactoryLoRA, sel, emit.Options{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// # spectrum: top 100 % of each type: 2 layers
	// finetuning_type: lora
	// lora_target: model.layers.1.mlp.gate,model.layers.0.mlp.gate
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
