package checkpoint

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/torchfile"
)

// keyMark stands between the name of a PyTorch file and the key of what to take
// of it.
const keyMark = "#"

// readTorch lists the tensors of a PyTorch file.
func (m *Model) readTorch(ctx context.Context, s *shard) error {
	var choice torchfile.Choice
	switch {
	case m.indexed && m.choice != nil:
		return fmt.Errorf("%w: a key, as the file is one of several", ErrUnsupported)
	case m.indexed:
		choice.All = true
	case m.choice != nil:
		choice = *m.choice
	}
	f, err := torchfile.Read(bound{ctx, s.file}, s.size, choice)
	if err != nil {
		return formatError(err)
	}
	m.keyed = true
	for _, t := range f.Tensors {
		s.stored = append(s.stored, fromTorch(t))
	}
	if left := f.LeftOut(); left != "" {
		m.notes.add("%s: the model is %q; %s", s.name, f.Model, left)
	}
	return nil
}

// refuseKey reports a key that no PyTorch file was opened with.
func (m *Model) refuseKey() error {
	if m.choice != nil && !m.keyed {
		return fmt.Errorf("%s: %w: only PyTorch files have keys to choose by", m.path, ErrUnsupported)
	}
	return nil
}

// partOf says what a file of a checkpoint of several processes is, and how they
// are put together; "" for others.
func partOf(name string) string { return torchfile.Part(path.Base(name)) }

// choosing returns the file that a name means, FILE of FILE#KEY, and o with the key.
// As both may have the mark in them, FILE is the longest name of a file that exists.
func (o Opener) choosing(name string, exists func(string) bool) (Opener, string) {
	if !strings.Contains(name, keyMark) || exists(name) {
		return o, name
	}
	for i := strings.LastIndex(name, keyMark); i > 0; i = strings.LastIndex(name[:i], keyMark) {
		if exists(name[:i]) {
			key := name[i+len(keyMark):]
			o.choice = &torchfile.Choice{Key: key, All: key == ""}
			return o, name[:i]
		}
	}
	return o, name
}

// onDisk reports whether there is something of this name.
func onDisk(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// inFS reports whether there is something of a name in a file system.
func inFS(files fs.FS) func(string) bool {
	return func(name string) bool {
		_, err := fs.Stat(files, name)
		return err == nil
	}
}
