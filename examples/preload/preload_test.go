package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

var limits = Limits{Time: time.Minute, Memory: 64 << 20, MinRank: 0.1}

// checkpointOf writes a model of experts of 32×32, the last of which is made by at.
func checkpointOf(t *testing.T, at func(i, j int) float64) string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var tensors []safetensors.Data
	for e := range 4 {
		var b []byte
		for k := range 32 * 32 {
			x := r.NormFloat64()
			if e == 3 && at != nil {
				x = at(k/32, k%32)
			}
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
		}
		tensors = append(tensors, safetensors.Data{
			Name: fmt.Sprintf("model.layers.0.mlp.experts.%d.up_proj.weight", e), DType: "F32", Shape: []int64{32, 32}, Bytes: b,
		})
	}
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, tensors, nil))
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	return path
}

func TestPreload(t *testing.T) {
	v, err := Preload(context.Background(), "../../testdata/tiny-llama", limits)
	require.NoError(t, err)
	assert.Equal(t, Verdict{Checked: 57}, v)
	for _, c := range []struct {
		at   func(i, j int) float64
		want string
	}{
		{func(i, j int) float64 {
			if i == 3 && j == 5 {
				return math.NaN()
			}
			return 1
		}, "row 3, column 5"},
		{func(i, j int) float64 { return 0 }, "is all zero"},
		{func(i, j int) float64 { return float64(1+i) * float64(1+j) }, "collapsed to effective rank 1"},
		{func(i, j int) float64 { return 1e-6 * math.Sin(float64(i*i+7*j*j+i*j)) }, "is dead"},
	} {
		v, err := Preload(context.Background(), checkpointOf(t, c.at), limits)
		assert.ErrorIs(t, err, ErrDamaged)
		assert.ErrorContains(t, err, "experts.3.up_proj")
		assert.ErrorContains(t, err, c.want)
		assert.Equal(t, strings.Contains(c.want, "row"), errors.Is(err, spectrum.ErrNotFinite), "the cause is wrapped")
		assert.Equal(t, 4, v.Checked)
	}
}

// Out of time or memory, the rest is left out, not refused.
func TestPreloadBudget(t *testing.T) {
	path := checkpointOf(t, nil)
	small := limits
	small.Memory = 1
	v, err := Preload(context.Background(), path, small)
	require.NoError(t, err)
	assert.Equal(t, Verdict{Left: 4}, v)
	assert.Equal(t, "0 matrices are sound, 4 were not checked", v.String())
	short := limits
	short.Time = -1
	v, err = Preload(context.Background(), path, short)
	require.NoError(t, err)
	assert.Equal(t, 4, v.Checked+v.Left)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Preload(ctx, path, limits)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = Preload(context.Background(), filepath.Join(t.TempDir(), "none"), limits)
	assert.ErrorIs(t, err, os.ErrNotExist)
}
