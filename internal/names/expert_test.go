package names

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestExpert(t *testing.T) {
	const list = "model.layers.3.mlp.experts"
	for name, want := range map[string]struct {
		list, rest   string // of what belongs to experts
		number, role string // of what belongs to one
	}{
		list + ".7.up_proj.weight":             {list, "7.up_proj.weight", "7", "up_proj.weight"},
		list + ".12.up_proj":                   {list, "12.up_proj", "12", "up_proj"},
		list + ".gate_up_proj":                 {list: list, rest: "gate_up_proj"},
		list + ".expert_0.wi.weight":           {list: list, rest: "expert_0.wi.weight"},
		list + ".7":                            {list: list, rest: "7"},
		list + ".7.":                           {list: list, rest: "7."},
		"experts.0.w1.weight":                  {"experts", "0.w1.weight", "0", "w1.weight"},
		"a.experts.0.experts.1.w":              {"a.experts.0.experts", "1.w", "1", "w"},
		"a.experts.experts.1.w":                {"a.experts.experts", "1.w", "1", "w"},
		"model.layers.3.mlp.shared_experts.up": {},
		"model.layers.3.mlp.experts":           {},
		"model.layers.3.mlp.gate.weight":       {},
		"":                                     {},
	} {
		list, rest, ok := Experts(name)
		assert.Equal(t, []any{want.list, want.rest, want.list != ""}, []any{list, rest, ok}, name)
		assert.Equal(t, want.list != "", IsExpert(name), name)
		one := want
		if want.number == "" {
			one.list = ""
		}
		list, number, role, ok := Expert(name)
		assert.Equal(t, []any{one.list, one.number, one.role, one.number != ""}, []any{list, number, role, ok}, name)
	}
}
