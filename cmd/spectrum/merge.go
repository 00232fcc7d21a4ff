package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/results"
)

func newMerge() *cobra.Command {
	var name string
	var mixed bool
	cmd := &cobra.Command{
		Use:   "merge RESULTS… -o FILE",
		Short: "Join the shards of a scan",
		Long: `merge joins RESULTS, each of a part of one scan (spectrum scan --shard I/N), into
the result of a scan of the whole model. They must be of one model, one version of
this program and the same settings. Exit code 4 says that shards, or matrices of
one, are missing.`,
		Example: `  spectrum scan ./Llama-3-70B --shard 1/2 -o part1.json
  spectrum scan ./Llama-3-70B --shard 2/2 -o part2.json
  spectrum merge part1.json part2.json -o llama.json`,
		Args: arguments(1, "RESULTS…"),
		RunE: func(cmd *cobra.Command, files []string) error {
			return merge(cmd, files, name, mixed)
		},
	}
	cmd.Flags().StringVarP(&name, "output", "o", "", "write to `FILE` instead of standard output")
	cmd.Flags().BoolVar(&mixed, "mixed-kernels", false, "join shards that were computed by different kernels, which differ in the last digits")
	return cmd
}

func merge(cmd *cobra.Command, files []string, name string, mixed bool) error {
	if name != "" {
		if format, err := chooseScanFormat("", name); err != nil {
			return err
		} else if format.name != formatJSON {
			return errors.New("merge writes JSON: name a file that ends in .json")
		}
	}
	out, err := newOutput(name, cmd.OutOrStdout(), files...)
	if err != nil {
		return err
	}
	shards := make([]*results.Result, len(files))
	for i, file := range files {
		scores, err := readResults(cmd, file, true)
		if err != nil {
			return err
		}
		if shards[i] = scores.Result; shards[i] == nil || shards[i].Provenance.Shard == "" {
			return fmt.Errorf("%s is no shard of a scan", file)
		}
	}
	res, err := results.Merge(shards, mixed)
	if err != nil {
		return err
	}
	if err := out.commit(func(w io.Writer) error { return res.WriteJSON(w) }); err != nil {
		return err
	}
	return report(cmd.ErrOrStderr(), res, out, nil)
}
