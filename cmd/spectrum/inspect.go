package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/scan"
)

func newInspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect MODEL",
		Short: "List the tensors of a checkpoint and what a scan would do with each",
		Long: `inspect lists every tensor of MODEL, a Hugging Face model directory or one
.safetensors file, with its type, shape, storage type and number of parameters,
and says which ones scan would analyse and why not the others. It reads only
the headers and computes nothing.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := checkpoint.Open(args[0])
			if err != nil {
				return err
			}
			defer m.Close()
			return inspect(cmd.OutOrStdout(), m)
		},
	}
}

func inspect(w io.Writer, m *checkpoint.Model) error {
	scanned, skipped, err := scan.List(m, scan.Options{})
	if err != nil {
		return err
	}
	reason := make(map[string]string)
	for _, s := range skipped {
		reason[s.Name] = s.Reason
	}
	b := &strings.Builder{}
	var params, bytes, scannedParams int64
	tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "TENSOR\tTYPE\tSHAPE\tDTYPE\tPARAMETERS\tSCAN")
	for _, t := range m.Tensors() {
		params += t.Params()
		bytes += t.Size
		verdict := "yes"
		if r, c, _ := t.Dims(); len(t.Shape) > 2 {
			verdict = fmt.Sprintf("yes, as %d×%d", r, c)
		}
		if r, no := reason[t.Name]; no {
			verdict = "no: " + r
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", t.Name, checkpoint.Type(t.Name), formatShape(t.Shape), t.DType, formatCount(t.Params()), verdict)
	}
	tw.Flush()
	for _, t := range scanned {
		scannedParams += t.Params()
	}
	fmt.Fprintf(b, "\n%s, %s parameters, %s in %s; a scan analyses %d with %s parameters\n",
		plural(len(m.Tensors()), "tensor"), formatCount(params), formatBytes(bytes), plural(len(m.Files()), "file"), len(scanned), formatCount(scannedParams))
	if head, embedding := scan.TiedHead(m); head != "" {
		fmt.Fprintf(b, "%s is tied to %s (config.json)\n", head, embedding)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func formatShape(shape []int) string {
	if len(shape) == 0 {
		return "scalar"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", "×"), "[]")
}
