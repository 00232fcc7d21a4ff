package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// pairOfDocs writes the models that docs/delta.md compares: bfloat16 matrices of which block 0
// has noise, block 1 nothing and block 2 three directions.
func pairOfDocs(t *testing.T) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(19, 3))
	normal := func(n int, sd float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = sd * rnd.NormFloat64()
		}
		return v
	}
	const rows, cols = 96, 64
	write := map[string][]safetensors.Data{}
	add := func(model, name string, values []float64) {
		d := safetensors.Data{Name: name, DType: "BF16", Shape: []int64{rows, cols}}
		for _, v := range values {
			d.Bytes = binary.LittleEndian.AppendUint16(d.Bytes, uint16(spectrum.ToBFloat16(float32(v))))
		}
		write[model] = append(write[model], d)
	}
	for i := range 3 {
		for _, role := range []string{"self_attn.o_proj", "mlp.up_proj"} {
			name := fmt.Sprintf("model.layers.%d.%s.weight", i, role)
			base := normal(rows*cols, 0.05)
			tuned := make([]float64, len(base))
			left, right, noise := normal(rows*3, 0.1), normal(3*cols, 0.1), normal(rows*cols, 0.002)
			for j, v := range base {
				tuned[j] = v
				switch i {
				case 0:
					tuned[j] += noise[j]
				case 2:
					for k := range 3 {
						tuned[j] += left[j/cols*3+k] * right[k*cols+j%cols]
					}
				}
			}
			add("base", name, base)
			add("tuned", name, tuned)
		}
	}
	for model, tensors := range write {
		require.NoError(t, os.Mkdir(model, 0o755))
		var b bytes.Buffer
		require.NoError(t, safetensors.Write(&b, tensors, nil))
		require.NoError(t, os.WriteFile(filepath.Join(model, "model.safetensors"), b.Bytes(), 0o644))
	}
}

// What docs/delta.md shows is what its commands print, numbers to four digits.
func TestDeltaDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/delta.md")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	pairOfDocs(t)
	shown := regexp.MustCompile("(?s)\n    \\$ spectrum ([^\n]+)\n\n```\n(.*?)```\n").FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, shown)
	for _, m := range shown {
		out, errs := ok(t, strings.Fields(m[1])...)
		printed := strings.Split(strings.TrimSpace(out+errs), "\n")
		var lines []string
		for _, line := range printed {
			if !strings.HasPrefix(line, "spectrum: note: ") {
				lines = append(lines, line)
			}
		}
		want := strings.Split(strings.TrimSpace(m[2]), "\n")
		if !assert.Len(t, lines, len(want), "spectrum %s prints\n%s", m[1], strings.Join(lines, "\n")) {
			continue
		}
		for i := range want {
			assert.True(t, sameLine(want[i], lines[i]), "spectrum %s prints %q", m[1], lines[i])
		}
	}
}
