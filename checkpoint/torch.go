package checkpoint

import (
	"context"
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
	choice := m.choice
	if m.indexed {
		choice.All = true
	}
	tensors, err := torchfile.Read(bound{ctx, s.file}, s.size, choice)
	for _, t := range tensors {
		s.stored = append(s.stored, fromTorch(t))
	}
	return formatError(err)
}

// partOf says what a file of a checkpoint of several processes is, and how they
// are put together; "" for others.
func partOf(name string) string { return torchfile.Part(path.Base(name)) }

// cutKey takes FILE#KEY apart, where there is no file of the whole name. As both
// may have the mark in them, FILE is the longest name of a file that exists.
func cutKey(name string, exists func(string) bool) (file, key string, ok bool) {
	for i := strings.LastIndex(name, keyMark); i > 0; i = strings.LastIndex(name[:i], keyMark) {
		if exists(name[:i]) {
			return name[:i], name[i+len(keyMark):], true
		}
	}
	return "", "", false
}

// withKey returns o with a choice: without a key, everything that a file has.
func (o Opener) withKey(key string) Opener {
	o.choice = torchfile.Choice{Key: key, All: key == ""}
	return o
}

// choosing returns the file that name means, and o with the key behind it.
func (o Opener) choosing(name string, exists func(string) bool) (Opener, string) {
	if strings.Contains(name, keyMark) && !exists(name) {
		if file, key, ok := cutKey(name, exists); ok {
			return o.withKey(key), file
		}
	}
	return o, name
}

// onDisk reports whether there is something of this name.
func onDisk(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
