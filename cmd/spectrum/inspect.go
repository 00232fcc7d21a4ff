package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/delta"
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
others. It reads only the headers, and measures two small matrices of noise to
estimate how long a scan computes on this machine.

` + modelHelp,
		Args: arguments(1, "MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			usual := debug.SetGCPercent(thrift)
			defer debug.SetGCPercent(usual)
			m, err := opener.Open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer m.Close()
			note(cmd.ErrOrStderr(), m)
			if err := inspect(cmd.OutOrStdout(), m); err != nil {
				return err
			}
			debug.SetGCPercent(usual)
			if err := inspectAdapter(cmd.OutOrStdout(), m); err != nil {
				return err
			}
			return estimate(cmd.Context(), cmd.OutOrStdout(), m)
		},
	}
	openFlags(cmd, &opener)
	return cmd
}

// thrift is how much garbage there may be beside what is in use, in percent, where a
// model is listed: what is in use may be much, and little is made anew. A scan that goes on
// with it takes a third longer where matrices are small (57 of 96×96, 64 of 512×512).
const thrift = 25

// manyTensors is how many there are at least in a model beside whose list a scan stays
// thrifty, because all that is kept of each of them counts.
const manyTensors = 100_000

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

// inspectAdapter says what a scan makes of an adapter, of whose tensors it analyses none by
// itself.
func inspectAdapter(w io.Writer, m *checkpoint.Model) error {
	adapter, err := delta.NewAdapter(m, nil)
	if err != nil || adapter == nil {
		return err
	}
	n, err := scan.MatricesOf(adapter, scan.Options{})
	if err != nil {
		return err
	}
	escape.Fprintf(w, "this is an adapter: a scan analyses what it adds to %s\n", plural(n, "weight"))
	return nil
}

// estimate says how long a scan computes.
func estimate(ctx context.Context, w io.Writer, m *checkpoint.Model) error {
	opt, err := scan.Options{}.Resolve()
	if err != nil {
		return err
	}
	d, err := scan.Estimate(ctx, m, opt)
	switch {
	case err != nil || d == 0: // without matrices there is nothing to say
		return err
	case d < time.Second:
		escape.Fprintf(w, "computing that takes less than a second here, without reading it\n")
	default:
		escape.Fprintf(w, "computing that takes about %v here, without reading it (%s)\n", rough(d), plural(opt.Jobs, "worker"))
	}
	return nil
}

// rough rounds a time of which no more is known than its first two digits.
func rough(d time.Duration) time.Duration {
	unit := time.Second
	for d >= 100*unit {
		unit *= 10
	}
	return d.Round(unit)
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
