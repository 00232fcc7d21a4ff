package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

func newVerify() *cobra.Command {
	f := &verifyFlags{}
	cmd := &cobra.Command{
		Use:   "verify SELECTION [MODEL]",
		Short: "Say what a trainer will make of a selection",
		Long: `verify applies the matching rule of a trainer to the parameters of MODEL and
reports what SELECTION trains, which entries match nothing, and what is matched
twice or by accident. SELECTION is a file of "spectrum select", one that was
written by hand, or the reference's YAML for axolotl, trl and substring. Names are
those of the loaded model: of MODEL, by its type, of which only headers are read,
or of --names. The exit code is 1 on any mismatch.

Consumers, and how each holds an entry against the names of the model:

` + formatList(emit.Consumers(), emit.Format.Matching) + `
` + modelHelp,
		Example: `  spectrum verify unfrozen.yaml ./Llama-3-8B --consumer axolotl
  spectrum verify freeze.yaml ./Llama-3-8B --consumer llama-factory --expect names.txt
  spectrum verify adapter_config.json ./Llama-3-8B --format json
  spectrum verify unfrozen.yaml --names names.json`,
		Args: arguments(1, "SELECTION", "MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.names.add(cmd)
	cmd.Flags().StringVar(&f.consumer, "consumer", "", "`NAME` of the trainer that reads SELECTION (default: whose it shows itself to be)")
	cmd.Flags().StringVar(&f.expect, "expect", "", "also compare with `FILE`, the names of the parameters that should be trained, one a line")
	cmd.Flags().StringVar(&f.format, "format", formatTable, "`FORMAT` of the report: table or json")
	complete(cmd, "consumer", formatNames(emit.Consumers()))
	return cmd
}

// verifyFlags are the settings of the verify command.
type verifyFlags struct {
	consumer, expect, format string
	names                    nameFlags
}

// rules reads what a file says.
func (f *verifyFlags) rules(cmd *cobra.Command, file string) (*emit.Rules, error) {
	text, err := readInput(cmd, file)
	if err != nil {
		return nil, err
	}
	consumer := emit.Format(f.consumer)
	if consumer == "" {
		if consumer, err = emit.Infer(text); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	rules, err := emit.Parse(consumer, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if f.expect != "" {
		names, err := os.ReadFile(f.expect)
		if err != nil {
			return nil, err
		}
		rules = rules.Expect(strings.Fields(string(names)))
	}
	return rules, nil
}

// params lists the parameters of the loaded model.
func (f *verifyFlags) params(cmd *cobra.Command, args []string) ([]emit.Param, error) {
	switch {
	case f.names.file != "" && (f.names.transformers != "" || len(args) > 1):
		return nil, errors.New("--names takes the place of MODEL and --transformers")
	case f.names.file != "":
		p, err := results.ReadParameters(f.names.file)
		if err != nil {
			return nil, err
		}
		return paramsIn(p), nil
	case len(args) < 2:
		return nil, errors.New("MODEL or --names has to say which parameters there are")
	}
	return parameters(cmd, args[1], f.names.transformers)
}

func (f *verifyFlags) run(cmd *cobra.Command, args []string) error {
	if err := oneOf("format", f.format, formatTable, formatJSON); err != nil {
		return err
	}
	rules, err := f.rules(cmd, args[0])
	if err != nil {
		return err
	}
	params, err := f.params(cmd, args)
	if err != nil {
		return err
	}
	rep, err := rules.Verify(params)
	if err != nil { // with which the trainer stops
		return fmt.Errorf("%w: %w", errMismatch, err)
	}
	if f.format == formatJSON {
		err = writeJSON(cmd.OutOrStdout(), rep)
	} else {
		err = writeReport(cmd.OutOrStdout(), rep)
	}
	if err == nil && rep.Mismatches() > 0 {
		err = fmt.Errorf("%w: %d mismatches", errMismatch, rep.Mismatches())
	}
	return err
}

func writeReport(w io.Writer, rep *emit.Report) error {
	b := &strings.Builder{}
	share := 0.
	if rep.Total > 0 {
		share = 100 * float64(rep.Params) / float64(rep.Total)
	}
	escape.Fprintf(b, "%s trains %s with %s of %s parameters (%.1f %%), %s as stored\n", rep.Consumer,
		plural(len(rep.Names), "tensor"), formatCount(rep.Params), formatCount(rep.Total), share, formatBytes(rep.Bytes))
	section := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		escape.Fprintf(b, "\n%s: %d\n", title, len(lines))
		for _, l := range lines {
			escape.Fprintf(b, "  %s\n", l)
		}
	}
	matches := func(list []emit.Match) (lines []string) {
		for _, m := range list {
			lines = append(lines, m.Name+" by "+strings.Join(m.Entries, ", "))
		}
		return lines
	}
	section("match nothing", rep.Unmatched)
	section("matched by accident", matches(rep.Accidental))
	section("matched twice", matches(rep.Twice))
	section("expected, but not trained", rep.Missing)
	section("trained, but not expected", rep.Extra)
	var trained []string
	for _, p := range rep.Trained {
		line := p.Name
		if p.Stored != "" {
			line = p.Stored + " → " + p.Name
		}
		trained = append(trained, line)
	}
	section("trained", trained)
	_, err := io.WriteString(w, b.String())
	return err
}
