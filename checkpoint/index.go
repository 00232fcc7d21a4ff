package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// index is the file that says which shard holds which tensor.
type index struct {
	tensors []string          // in the order of the file
	shard   map[string]string // cleaned, with slashes
}

// parseIndex reads an index, before which there may be a byte order mark. Its
// metadata and fields that other tools add are checked for syntax only.
func parseIndex(text []byte) (*index, error) {
	s, err := strictjson.New(bytes.TrimPrefix(text, []byte("\ufeff")))
	if err != nil {
		return nil, err
	}
	var x *index
	err = s.Object(func(name string) error {
		if name != "weight_map" {
			return s.Skip()
		}
		x = &index{shard: make(map[string]string)}
		return s.Object(func(tensor string) error {
			file, err := s.String()
			if err == nil {
				file, err = localName(file)
			}
			if err != nil {
				return fmt.Errorf("tensor %q: %w", tensor, err)
			}
			x.tensors = append(x.tensors, tensor)
			x.shard[tensor] = file
			return nil
		})
	})
	if err == nil {
		err = s.End()
	}
	if err == nil && x == nil {
		err = errors.New("no weight_map")
	}
	return x, err
}

// localName returns a shard's name cleaned. Windows writes a backslash where others
// write a slash. A name that leads out of the directory is an error, and so is one
// with a colon, which may lead out of it on another system.
func localName(name string) (string, error) {
	clean := path.Clean(strings.ReplaceAll(name, `\`, "/"))
	_, err := filepath.Localize(clean)
	if err != nil || name == "" || clean == "." || strings.ContainsAny(name, ":\x00") {
		return "", fmt.Errorf("shard %q is not a name inside the directory", name)
	}
	return clean, nil
}

// files returns the names of the shards in the order of Compare.
func (x *index) files() []string {
	seen := make(map[string]bool)
	var names []string
	for _, tensor := range x.tensors {
		if name := x.shard[tensor]; !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	slices.SortFunc(names, Compare)
	return names
}

// skip says why the tensor in file is not part of the model, "" when it is.
func (x *index) skip(tensor, file string) string {
	if x == nil {
		return ""
	}
	switch want, ok := x.shard[tensor]; {
	case !ok:
		return "not listed in the index"
	case want != file:
		return "the index takes this tensor from " + want
	}
	return ""
}

// openShards opens the shards of the index that was read from the file name.
func (m *Model) openShards(ctx context.Context, dir directory, name string, text []byte) error {
	x, err := parseIndex(text)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", dir.path(name), ErrFormat, err)
	}
	m.indexed = true
	file, err := m.addShards(ctx, dir, x.files())
	if errors.Is(err, ErrFormat) {
		return err // it names the shard and the tensor
	}
	if err != nil {
		return fmt.Errorf("%s: tensor %q: %w", dir.path(name), x.first(file), err)
	}
	stored := make(map[key]bool)
	for _, s := range m.shards {
		for _, t := range s.stored {
			stored[key{s.name, t.name}] = true
		}
	}
	for _, tensor := range x.tensors {
		if !stored[key{x.shard[tensor], tensor}] {
			return fmt.Errorf("%s: %w: tensor %q is not in %s", dir.path(name), ErrFormat, tensor, x.shard[tensor])
		}
	}
	return m.list(x)
}

// first returns the first tensor that is in file.
func (x *index) first(file string) string {
	i := slices.IndexFunc(x.tensors, func(tensor string) bool { return x.shard[tensor] == file })
	return x.tensors[i]
}
