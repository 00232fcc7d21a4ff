package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/hub"
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
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := opener.Open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer m.Close()
			return inspect(cmd.OutOrStdout(), m)
		},
	}
	openFlags(cmd, &opener)
	return cmd
}

// modelHelp says what MODEL may be.
const modelHelp = `MODEL is a model directory or a safetensors, GGUF or PyTorch file; the name
org/name[@revision] of a model in the local Hugging Face cache; or
hf://org/name[@revision], which is streamed and not stored. HF_TOKEN,
HF_ENDPOINT, HF_HOME and HF_HUB_CACHE mean what they mean to the Hugging Face
tools.`

// openFlags adds the flags that say how a model is opened.
func openFlags(cmd *cobra.Command, o *checkpoint.Opener) {
	o.Hub = hub.New()
	cmd.Flags().BoolVar(&o.Split, "split", false, "take fused projections (qkv_proj, gate_up_proj, c_attn, …) apart where config.json has their sizes")
}

func inspect(w io.Writer, m *checkpoint.Model) error {
	scanned, skipped, err := scan.List(m, scan.Options{})
	if err != nil {
		return err
	}
	// A name may be in two files; only one of the two is scanned.
	reason, yes := make(map[string]string), make(map[[2]string]bool)
	for _, s := range skipped {
		reason[s.Name] = s.Reason
	}
	for _, t := range scanned {
		yes[[2]string{t.File, t.Name}] = true
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
		if !yes[[2]string{t.File, t.Name}] {
			verdict = "no: " + reason[t.Name]
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
