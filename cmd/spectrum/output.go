package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// Formats that several commands write.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatCSV   = "csv"
)

// output is where results go: standard output, or a file that appears under
// its name only when it is complete, so that a failed run leaves an older
// result alone. It is opened before anything is computed.
type output struct {
	name   string // as given, empty for standard output
	w      io.Writer
	file   *os.File // nil for standard output
	rename bool     // file still has its temporary name
}

// newOutput opens name, or stdout if name is empty or "-".
func newOutput(name string, stdout io.Writer) (*output, error) {
	if name == "" || name == "-" {
		return &output{w: stdout}, nil
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return nil, fmt.Errorf("output %s is a directory", name)
		}
		f, err := os.OpenFile(name, os.O_WRONLY, 0) // a pipe or device
		return &output{name: name, w: f, file: f}, err
	}
	// The new file follows a symbolic link instead of replacing it.
	if target, err := os.Readlink(name); err == nil {
		return nil, fmt.Errorf("output %s is a symbolic link to %s; name the file itself", name, target)
	}
	f, err := os.OpenFile(name+".partial", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	return &output{name: name, w: f, file: f, rename: true}, nil
}

// commit writes the results and puts the file in its place.
func (o *output) commit(write func(io.Writer) error) error {
	if err := write(o.w); err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	if o.file == nil {
		return nil
	}
	if err := o.file.Close(); err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	if o.rename {
		if err := os.Rename(o.file.Name(), o.name); err != nil {
			return fmt.Errorf("writing results: %w", err)
		}
		o.rename = false
	}
	return nil
}

// discard removes a file that was not committed.
func (o *output) discard() {
	if o.rename {
		o.file.Close()
		os.Remove(o.file.Name())
	}
}

// writeTo runs write on the file called name, or on standard output.
func writeTo(cmd *cobra.Command, name string, write func(io.Writer) error) error {
	out, err := newOutput(name, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer out.discard()
	return out.commit(write)
}

// writeJSON writes v indented, with names as they are.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
