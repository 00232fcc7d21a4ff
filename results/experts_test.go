package results

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDeadExperts(t *testing.T) {
	var rows []Row
	for block := range 2 {
		for expert := range 5 {
			up, down := Number(1), Number(1e-4)
			switch {
			case block == 1 && expert == 2:
				up = 0.9e-3
			case block == 0 && expert == 4:
				up, down = 1.1e-3, 0
			}
			name := func(role string) string {
				return fmt.Sprintf("model.layers.%d.mlp.experts.%d.%s.weight", block, expert, role)
			}
			rows = append(rows, Row{Name: name("up_proj"), Frobenius: up}, Row{Name: name("down_proj"), Frobenius: down})
		}
	}
	rows = append(rows, Row{Name: "model.layers.0.mlp.gate.weight", Frobenius: 1e-9},
		Row{Name: "model.layers.0.mlp.experts.7.up_proj.weight", Error: "bad"},
		Row{Name: "model.layers.0.mlp.experts.8.up_proj.weight", TiedTo: "another"})
	for i := range rows {
		rows[i].Type = "given by another rule"
	}
	assert.Equal(t, []DeadExpert{
		{"model.layers.0.mlp.experts.4.down_proj.weight", "mlp.experts.*.down_proj", 0, 1e-4},
		{"model.layers.1.mlp.experts.2.up_proj.weight", "mlp.experts.*.up_proj", 0.9e-3, 1},
	}, DeadExperts(rows))
	assert.Empty(t, DeadExperts(nil))
	require.Empty(t, DeadExperts(rows[:2]), "alone of its type")
}
