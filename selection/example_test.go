package selection_test

import (
	"fmt"
	"log"

	"github.com/gospectrum/spectrum/selection"
)

func ExampleSelector() {
	layers := []selection.Layer{
		{Name: "layers.0.q_proj", Type: "q_proj", SNR: 0.3, Params: 100},
		{Name: "layers.1.q_proj", Type: "q_proj", SNR: 0.9, Params: 100},
		{Name: "layers.0.up_proj", Type: "up_proj", SNR: 0.5, Params: 400},
		{Name: "layers.1.up_proj", Type: "up_proj", SNR: 0.5, Params: 400},
	}
	bytes, err := selection.TrainingBytes("adamw", "mixed")
	if err != nil {
		log.Fatal(err)
	}
	sel, err := selection.Selector{Budget: 8000, BytesPerParam: bytes}.Select(layers)
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range sel.Groups {
		fmt.Println(g.Type, g.Chosen, g.DecidedByTie)
	}
	// Output:
	// q_proj [{layers.1.q_proj q_proj 0.9 100}] false
	// up_proj [{layers.0.up_proj up_proj 0.5 400}] true
}
