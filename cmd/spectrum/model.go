package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/hub"
	"github.com/gospectrum/spectrum/internal/escape"
)

// modelHelp says what MODEL may be.
const modelHelp = `MODEL is a model directory or a safetensors, GGUF, PyTorch or NumPy file; FILE#KEY,
what a PyTorch file with more than one model has under a key; the name
org/name[@revision] of a model in the local Hugging Face cache; or
hf://org/name[@revision], which is streamed and not stored. HF_TOKEN,
HF_ENDPOINT, HF_HOME and HF_HUB_CACHE mean what they mean to the Hugging Face
tools.`

// openFlags adds the flags that say how a model is opened.
func openFlags(cmd *cobra.Command, o *checkpoint.Opener) {
	o.Hub = hub.New()
	cmd.Flags().BoolVar(&o.Split, "split", false, "take fused projections (qkv_proj, gate_up_proj, c_attn, …) apart where config.json has their sizes")
}

// note says on stderr how a model was read, where its user should know.
func note(stderr io.Writer, m *checkpoint.Model) {
	for _, line := range m.Notes() {
		escape.Fprintf(stderr, "spectrum: note: %s\n", line)
	}
}

// parameters lists the parameters that a model has when it is loaded by a version of
// transformers; only its headers are read.
func parameters(cmd *cobra.Command, path, transformers string) ([]emit.Param, error) {
	m, err := checkpoint.Opener{Hub: hub.New()}.Open(cmd.Context(), path)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	names, err := m.Loaded(transformers)
	if err != nil {
		return nil, fmt.Errorf("--transformers: %w", err)
	}
	return emit.Params(m, names), nil
}

// inputsOf lists the files that are read of m.
func inputsOf(m *checkpoint.Model) []string {
	dir := m.Path()
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	inputs := []string{m.Path(), filepath.Join(dir, "config.json"), filepath.Join(dir, "adapter_config.json")}
	for _, f := range m.Files() {
		inputs = append(inputs, filepath.Join(dir, filepath.FromSlash(f.Name)))
	}
	indices, _ := filepath.Glob(filepath.Join(dir, "*.index.json"))
	return append(inputs, indices...)
}
