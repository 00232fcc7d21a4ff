package scan_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/scan"
)

func TestDeadExperts(t *testing.T) {
	scaled := func(s float32) func(int) float32 {
		return func(i int) float32 { return s * hash(i) }
	}
	var tensors []safetensors.Data
	for block := range 2 {
		for expert := range 5 {
			name := func(role string) string {
				return fmt.Sprintf("model.layers.%d.mlp.experts.%d.%s.weight", block, expert, role)
			}
			up, down := float32(1), float32(1e-4)
			switch {
			case block == 1 && expert == 2:
				up = 0.9e-3
			case block == 0 && expert == 4:
				up, down = 1.1e-3, 0
			}
			tensors = append(tensors, f32(name("up_proj"), []int64{6, 8}, scaled(up)), f32(name("down_proj"), []int64{8, 6}, scaled(down)))
		}
	}
	tensors = append(tensors, f32("model.layers.0.mlp.gate.weight", []int64{5, 6}, scaled(1e-9)))
	file, err := scan.Run(context.Background(), open(t, write(t, "", tensors...)), scan.Options{})
	require.NoError(t, err)
	dead := scan.DeadExperts(file.Layers)
	require.Len(t, dead, 2)
	assert.Equal(t, "model.layers.0.mlp.experts.4.down_proj.weight", dead[0].Name)
	assert.Zero(t, dead[0].Norm)
	assert.Equal(t, "model.layers.1.mlp.experts.2.up_proj.weight", dead[1].Name)
	assert.Equal(t, "mlp.experts.*.up_proj", dead[1].Type)
	assert.InEpsilon(t, 0.9e-3, dead[1].Norm/dead[1].Median, 1e-5)
	assert.Empty(t, scan.DeadExperts(nil))
}
