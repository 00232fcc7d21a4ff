package names

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestRecurrentLayersGroupByRole has the parameters of torch.nn.GRU and torch.nn.LSTM.
func TestRecurrentLayersGroupByRole(t *testing.T) {
	types := make(map[string]int)
	for i := range 8 {
		for _, suffix := range []string{"", "_reverse"} {
			types[Type(fmt.Sprintf("encoder.rnn.weight_ih_l%d%s", i, suffix))]++
			types[Type(fmt.Sprintf("encoder.rnn.weight_hh_l%d%s", i, suffix))]++
		}
	}
	assert.Equal(t, map[string]int{
		"encoder.rnn.weight_ih_l*": 8, "encoder.rnn.weight_hh_l*": 8,
		"encoder.rnn.weight_ih_l*_reverse": 8, "encoder.rnn.weight_hh_l*_reverse": 8,
	}, types)
	for name, want := range map[string]string{
		"weight_ih_l0":                    "weight_ih_l*",
		"lstm.weight_hr_l12":              "lstm.weight_hr_l*",
		"lstm.bias_hh_l1_reverse":         "lstm.bias_hh_l*_reverse",
		"rnns.3.weight_ih_l0":             "weight_ih_l*",
		"rnns.3.module.weight_hh_l0_raw":  "module.weight_hh_l*_raw",
		"cell.weight_ih":                  "cell.weight_ih",
		"x.weight_ih_lab":                 "x.weight_ih_lab",
		"x.weight_ih_l":                   "x.weight_ih_l",
		"model.layers.0.mlp.fc_l0.weight": "mlp.fc_l0",
	} {
		assert.Equal(t, want, Type(name), name)
	}
	assert.Equal(t, "rnn.weight_ih_l3", ReferenceType("rnn.weight_ih_l3"), "the reference's rule is its own")
}
