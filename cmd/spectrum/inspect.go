package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/scan"
)

func newInspect() *cobra.Command {
	var opener checkpoint.Opener
	cmd := &cobra.Command{
		Use:   "inspect MODEL",
		Short: "List the tensors of a checkpoint and what a scan would do with each",
		Long: `inspect lists every tensor of MODEL with its type, shape, storage type and
number of parameters, and says which ones scan would analyse and why not the
others. It reads only the headers and computes nothing.

` + modelHelp,
		Args: arguments(1, "MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := opener.Open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer m.Close()
			note(cmd.ErrOrStderr(), m)
			return inspect(cmd.OutOrStdout(), m)
		},
	}
	openFlags(cmd, &opener)
	return cmd
}

func inspect(w io.Writer, m *checkpoint.Model) error {
	outcomes, err := scan.List(m, scan.Options{})
	if err != nil {
		return err
	}
	b := &strings.Builder{}
	var bytes, scanned, scannedParams int64
	tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	escape.Fprintf(tw, "TENSOR\tTYPE\tSHAPE\tDTYPE\tPARAMETERS\tSCAN\n")
	for _, o := range outcomes {
		bytes += o.Size
		verdict := "no: " + o.Reason
		if o.Reason == "" {
			scanned++
			scannedParams += o.Params()
			verdict = "yes"
			if r, c, _ := o.Dims(); len(o.Shape) > 2 {
				verdict = fmt.Sprintf("yes, as %d×%d", r, c)
			}
		}
		escape.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", o.Name, o.Type, formatShape(o.Shape), o.DType, formatCount(o.Params()), verdict)
	}
	tw.Flush()
	escape.Fprintf(b, "\n%s, %s parameters, %s in %s; a scan analyses %d with %s parameters\n",
		plural(len(outcomes), "tensor"), formatCount(m.Params()), formatBytes(bytes), plural(len(m.Files()), "file"), scanned, formatCount(scannedParams))
	if head, embedding := m.TiedHead(); head != "" {
		escape.Fprintf(b, "%s is tied to %s (config.json)\n", head, embedding)
	}
	_, err = io.WriteString(w, b.String())
	return err
}
