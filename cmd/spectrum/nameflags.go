package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

// nameFlags say what the parameters of the loaded model are called.
type nameFlags struct {
	transformers string
	file         string // a dump of the names, which overrides the version
}

const transformersHelp = "use the parameter names of `VERSION` of transformers, such as 4.51 (default: the newest)"

// add adds the flags to a command.
func (f *nameFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.transformers, "transformers", "", transformersHelp)
	cmd.Flags().StringVar(&f.file, "names", "", "take the parameters from `FILE`, a dump of the loaded model's (see docs/names.md)")
}

// apply gives the rows of a result the names that the flags ask for, and says on
// stderr what has none. It returns what --names holds, nil without it.
func (f *nameFlags) apply(stderr io.Writer, res *results.Scores) (*results.Parameters, error) {
	if f.file != "" {
		if f.transformers != "" {
			return nil, errors.New("--names and --transformers exclude each other")
		}
		p, err := results.ReadParameters(f.file)
		if err != nil {
			return nil, err
		}
		left, err := res.Resolve(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.file, err)
		}
		if n := len(left); n > 0 {
			escape.Fprintf(stderr, "left out, in no module of the loaded model: %s: %s\n", plural(n, "layer"), firstFew(left))
		}
		return p, nil
	}
	if f.transformers != "" || res.Result != nil && res.Result.Provenance.Transformers == "" {
		if err := res.Rename(f.transformers); err != nil {
			return nil, fmt.Errorf("--transformers: %w", err)
		}
	}
	warnUnknown(stderr, res)
	return nil, nil
}

// warnUnknown says that the names are those of the file, because nothing is known
// of this type of model.
func warnUnknown(stderr io.Writer, res *results.Scores) {
	if res.Known() {
		return
	}
	model := "a model without model_type"
	if c := res.Result.Provenance.Config; c != nil && c.ModelType != "" {
		model = fmt.Sprintf("model_type %q", c.ModelType)
	}
	escape.Fprintf(stderr, "spectrum: warning: nothing is known of %s: names are those of the file; --names takes the loaded model's\n", model)
}

// firstFew lists three of many names.
func firstFew(list []string) string {
	if len(list) <= 3 {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), len(list)-3)
}
