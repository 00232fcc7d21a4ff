package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/engine/measure"
)

func TestBackends(t *testing.T) {
	var stdout, stderr bytes.Buffer
	assert.Zero(t, run(context.Background(), []string{"backends", "--no-measure"}, &stdout, &stderr), stderr.String())
	for _, k := range measure.Kernels(0) {
		assert.Contains(t, stdout.String(), k.Name)
		for _, m := range k.Missing {
			assert.Contains(t, stdout.String(), m)
		}
	}
	for _, b := range spectrum.Backends() {
		assert.Contains(t, stdout.String(), "\n"+b.Name()+" ")
	}
	assert.Contains(t, stdout.String(), "\nnetlib ")
}

// A choice that cannot be had fails, after the list of what can.
func TestBackendsUnavailable(t *testing.T) {
	t.Setenv("SPECTRUM_KERNEL", "mmx")
	var stdout, stderr bytes.Buffer
	assert.Equal(t, exitUsage, run(context.Background(), []string{"backends", "--no-measure"}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "SPECTRUM_KERNEL")
	assert.Contains(t, stdout.String(), "\ngonum ")
}
