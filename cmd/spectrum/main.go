// Command spectrum scans the weights of a checkpoint for signal and noise and
// selects the layers worth training.
package main

import (
	"context"
	"errors"
	"fmt"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes of the command. One that a signal ended has 128 and the signal's number.
const (
	exitOK         = 0
	exitFailed     = 1 // done, but layers failed, or a check found something
	exitUsage      = 2 // wrong usage, or input that cannot be read: a retry cannot help
	exitNothing    = 3 // nothing was ranked
	exitIncomplete = 4 // something is missing, or could not be stored: a retry may help
	exitSignal     = 128
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

// Errors for which there is exitIncomplete.
var (
	// errUnfinished reports a result that is not that of a whole model.
	errUnfinished = errors.New("unfinished")
	// errWriting reports a result that is there, but not in its file.
	errWriting = errors.New("writing")
)

// signalled is why a context ended: the process was told to.
type signalled struct{ syscall.Signal }

// Error implements error.
func (s signalled) Error() string { return "ended by the signal " + s.Signal.String() }

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as nohup does
			signal.Notify(signals, s)
		}
	}
	go func() {
		s := <-signals
		signal.Stop(signals) // the second one kills
		if n, ok := s.(syscall.Signal); ok {
			cancel(signalled{n})
		}
		cancel(context.Canceled)
	}()
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
	var s signalled
	if errors.As(context.Cause(ctx), &s) {
		return exitSignal + int(s.Signal)
	}
	return exitCode(err)
}

// exitCode says by which code a command ends with this error.
func exitCode(err error) int {
	for _, c := range []struct {
		code int
		of   []error
	}{
		{exitNothing, []error{errNothing}},
		{exitIncomplete, []error{errUnfinished, errWriting, results.ErrStored, results.ErrLocked, results.ErrMissing, context.Canceled, context.DeadlineExceeded}},
		{exitFailed, []error{errPartial, errMismatch, errUnsound}},
	} {
		for _, found := range c.of {
			if errors.Is(err, found) {
				return c.code
			}
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
standard error. Exit code 0: done; 1: done, but some tensors failed, or verify or
doctor found something wrong; 2: wrong usage or unreadable input; 3: nothing was
ranked; 4: something is missing or could not be written, and a retry may help;
128+n: ended by signal n.`,
		Example: `  spectrum inspect ./Llama-3-8B
  spectrum scan ./Llama-3-8B --top 25
  spectrum report llama.json -o report.html
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
	cmd.SetFlagErrorFunc(flagError)
	cmd.AddCommand(newInspect(), newScan(), newDelta(), newRanks(), newMerge(), newRescore(), newSelect(), newReport(), newCompare(), newExport(), newVerify(), newDoctor(), newBackends(), newVersion())
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
