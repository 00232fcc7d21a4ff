package main

import (
	"bufio"
	"fmt"
	"io"
	"runtime/debug"

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
			defer debug.SetGCPercent(debug.SetGCPercent(thrift))
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

// thrift is how much garbage there may be beside what is in use, in percent, where a
// model is listed: what is in use may be much, and little is made anew.
const thrift = 25

func inspect(w io.Writer, m *checkpoint.Model) error {
	outcomes, err := scan.List(m, scan.Options{})
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	var tensors int
	var bytes, scanned, scannedParams int64
	writeAligned(b, false, func(yield func(cells ...string) bool) {
		tensors, bytes, scanned, scannedParams = 0, 0, 0, 0 // the rows are walked through twice
		ok := yield("TENSOR", "TYPE", "SHAPE", "DTYPE", "PARAMETERS", "SCAN")
		for o := range outcomes {
			ok = ok && yield(o.Name, o.Type, formatShape(o.Shape), o.DType, formatCount(o.Params()), verdict(&o))
			if !ok {
				return
			}
			tensors++
			bytes += o.Size
			if o.Reason == "" {
				scanned++
				scannedParams += o.Params()
			}
		}
	})
	escape.Fprintf(b, "\n%s, %s parameters, %s in %s; a scan analyses %d with %s parameters\n",
		plural(tensors, "tensor"), formatCount(m.Params()), formatBytes(bytes), plural(len(m.Files()), "file"), scanned, formatCount(scannedParams))
	if head, embedding := m.TiedHead(); head != "" {
		escape.Fprintf(b, "%s is tied to %s (config.json)\n", head, embedding)
	}
	return b.Flush()
}

// verdict says whether a scan analyses a tensor.
func verdict(o *scan.Outcome) string {
	if o.Reason != "" {
		return "no: " + o.Reason
	}
	if r, c, _ := o.Dims(); len(o.Shape) > 2 {
		return fmt.Sprintf("yes, as %d×%d", r, c)
	}
	return "yes"
}
