package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/internal/format/sniff"
)

// Formats that several commands write.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatCSV   = "csv"
)

// output is where results go: standard output, or a file that appears under
// its name only when it is complete, so that a failed run leaves an older
// result alone. It is chosen before anything is computed. No file that the command
// reads is ever written, nor one that holds weights.
type output struct {
	name string    // as given, empty for standard output
	w    io.Writer // nil for a file that is to be replaced
	pipe *os.File  // a file that is none to be replaced, such as a device
}

// newOutput chooses name, or stdout if name is empty or "-", for a command that reads
// the files of inputs.
func newOutput(name string, stdout io.Writer, inputs ...string) (*output, error) {
	if name == "" || name == "-" {
		return &output{w: stdout}, nil
	}
	if info, err := os.Stat(name); err == nil {
		switch {
		case info.IsDir():
			return nil, fmt.Errorf("output %s is a directory", name)
		case !info.Mode().IsRegular():
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			return &output{name: name, w: f, pipe: f}, err
		}
		if err := replaceable(name, info, inputs); err != nil {
			return nil, err
		}
	}
	// The new file follows a symbolic link instead of replacing it.
	if target, err := os.Readlink(name); err == nil {
		return nil, fmt.Errorf("output %s is a symbolic link to %s; name the file itself", name, target)
	}
	if _, err := os.Stat(filepath.Dir(name)); err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	return &output{name: name}, nil
}

// isFile reports whether the output is a file that is replaced as a whole.
func (o *output) isFile() bool { return o.w == nil }

// replaceable says why the existing file called name must stay as it is.
func replaceable(name string, info os.FileInfo, inputs []string) error {
	for _, in := range inputs {
		if other, err := os.Stat(in); err == nil && os.SameFile(info, other) {
			return fmt.Errorf("output %s is %s, which this command reads; name another file", name, in)
		}
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	defer f.Close()
	head := make([]byte, 4096)
	n, _ := io.ReadFull(f, head)
	if kind := sniff.Sniff(head[:n], info.Size()); kind.Readable() || kind == sniff.LFSPointer {
		return fmt.Errorf("output %s is %v, and weights are never overwritten; name another file", name, kind)
	}
	return nil
}

// temporary creates a file of its own beside name, which nobody has made before: a
// name that could be guessed might be a link to another file.
func temporary(name string) (*os.File, error) {
	for {
		f, err := os.OpenFile(fmt.Sprintf("%s.%08x.partial", name, rand.Uint32()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// commit writes the results and puts the file in its place.
func (o *output) commit(write func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w %s: %w", errWriting, cmp.Or(o.name, "the results"), err)
		}
	}()
	if !o.isFile() {
		err := write(o.w)
		if o.pipe != nil {
			err = errors.Join(err, o.pipe.Close())
		}
		return err
	}
	f, err := temporary(o.name)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync() // before the rename, or a crash could leave an empty file
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), o.name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// writeTo runs write on the file called name, or on standard output, for a command
// that reads the files of inputs.
func writeTo(cmd *cobra.Command, name string, inputs []string, write func(io.Writer) error) error {
	out, err := newOutput(name, cmd.OutOrStdout(), inputs...)
	if err != nil {
		return err
	}
	return out.commit(write)
}

// writeJSON writes v indented, with names as they are.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
