// Command spectrum scans the weights of a checkpoint for signal and noise and
// selects the layers worth training.
package main

import (
	"context"
	"errors"
	"fmt"
	"github.com/gospectrum/spectrum/internal/escape"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes of the command.
const (
	exitOK      = 0
	exitFailed  = 1 // done, but layers failed, or a check found something
	exitUsage   = 2 // wrong usage, or input that cannot be read
	exitNothing = 3 // nothing was ranked
)

// Errors of commands that have done their work, and say so with exitFailed.
var (
	// errPartial reports results that were written but lack some layers.
	errPartial = errors.New("results are incomplete")
	// errMismatch reports a selection that does not train what it says.
	errMismatch = errors.New("the selection does not match the model")
	// errUnsound reports a result file that doctor finds fault with.
	errUnsound = errors.New("something is wrong with this result file")
)

// errNothing reports results without any score, for which there is exitNothing.
var errNothing = errors.New("nothing was ranked")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without its process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := newCommand()
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	escape.Fprintf(stderr, "spectrum: %v\n", err)
	return exitCode(err)
}

// exitCode says by which code a command ends with this error.
func exitCode(err error) int {
	if errors.Is(err, errNothing) {
		return exitNothing
	}
	for _, found := range []error{errPartial, errMismatch, errUnsound} {
		if errors.Is(err, found) {
			return exitFailed
		}
	}
	return exitUsage
}

func newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "spectrum",
		Short: "Signal and noise in neural-network weights",
		Long: `spectrum computes every singular value of every weight matrix of a checkpoint,
separates noise from signal with random-matrix theory, gives each layer a
signal-to-noise ratio and selects the layers worth training.

Results go to standard output or the file named by -o, everything else to
standard error. Exit code 0: done; 1: some tensors failed or the scan was
interrupted, and the rest was written; or verify or doctor found something wrong;
2: wrong usage or unreadable input; 3: nothing was ranked.`,
		Example: `  spectrum inspect ./Llama-3-8B
  spectrum scan ./Llama-3-8B --top 25
  spectrum scan ./Llama-3-8B -o llama.json
  spectrum select llama.json --top 25 -o unfrozen.yaml
  spectrum verify unfrozen.yaml ./Llama-3-8B --consumer axolotl
  spectrum doctor snr_results_llama.json -o clean.json
  spectrum compare llama.json llama-kn.json`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          known,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newInspect(), newScan(), newSelect(), newCompare(), newExport(), newVerify(), newDoctor(), newBackends(), newVersion())
	return cmd
}

// known says which command was meant where there is none of that name.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("there is no command %q", args[0])
	if cmd.SuggestionsMinimumDistance = 2; len(cmd.SuggestionsFor(args[0])) > 0 {
		return fmt.Errorf("%w; is %s meant?", err, list(cmd.SuggestionsFor(args[0]), "or"))
	}
	return err
}
