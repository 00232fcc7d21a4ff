package selection

import "github.com/gospectrum/spectrum/internal/option"

// TrainingBytes returns the bytes of gradient, optimiser state and master weight
// that a trained parameter takes, as a Selector's BytesPerParam.
//
// Precision float32 has float32 weights, gradients and state, also where a
// trainer computes in bfloat16 by autocast; mixed has bfloat16 weights and
// gradients, and float32 state and master weights; bfloat16 has nothing else.
// Optimisers: adamw (two moments), adamw8bit (two of 8 bits, with a float32 scale
// for 256), lion, momentum and muon (one), sgd (none). The error wraps spectrum.ErrOption.
func TrainingBytes(optimiser, precision string) (float64, error) {
	type bytes struct{ gradient, master, moment float64 }
	i, err := option.Enum{What: "precision", Names: []string{"float32", "mixed", "bfloat16"}}.Index(precision)
	if err != nil {
		return 0, err
	}
	p := []bytes{{4, 0, 4}, {2, 4, 4}, {2, 0, 2}}[i]
	i, err = option.Enum{What: "optimiser", Names: []string{"adamw", "adamw8bit", "lion", "momentum", "muon", "sgd"}}.Index(optimiser)
	if err != nil {
		return 0, err
	}
	state := []float64{2 * p.moment, 2 * (1 + 4./256), p.moment, p.moment, p.moment, 0}[i]
	return p.gradient + p.master + state, nil
}
