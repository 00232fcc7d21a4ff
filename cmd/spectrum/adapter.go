package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/delta"
)

// scanModel scans a model, or what an adapter adds to one.
func (f *scanFlags) scanModel(cmd *cobra.Command, m *checkpoint.Model, format scanFormat) error {
	var base *checkpoint.Model
	if f.baseName != "" {
		var err error
		if base, err = f.open.Open(cmd.Context(), f.baseName); err != nil {
			return fmt.Errorf("--base: %w", err)
		}
		defer base.Close()
		note(cmd.ErrOrStderr(), base)
	}
	adapter, err := delta.NewAdapter(m, base)
	switch {
	case err != nil:
		return err
	case adapter == nil && base != nil:
		return errors.New("--base is of an adapter, and this is none: spectrum delta compares two models")
	case adapter == nil:
		return f.scan(cmd, m, nil, format)
	case cmd.Flags().Changed("top"):
		return errors.New("--top selects layers of a model, and this is an adapter: spectrum ranks reads its result")
	}
	return f.scan(cmd, m, adapter, format)
}
