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
	"github.com/gospectrum/spectrum/internal/hashed"
)

// index is the file that says which shard holds which tensor. There may be a million of
// them, so it is made of lists, and no map.
type index struct {
	tensors []string // in the order of the file
	table   hashed.Table
	of      []uint32 // which of the shards each tensor is in
	shards  []string // cleaned, with slashes
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
		x = new(index)
		known := make(map[string]uint32) // of the shards
		return s.Object(func(tensor string) error {
			file, err := s.String()
			if err == nil {
				file, err = localName(file)
			}
			if err != nil {
				return fmt.Errorf("tensor %q: %w", tensor, err)
			}
			i, seen := known[file]
			if !seen {
				i = uint32(len(x.shards))
				known[file] = i
				x.shards = append(x.shards, file)
			}
			x.table.Add(x.tensors, tensor) // the scanner refuses what is there twice
			x.tensors, x.of = append(x.tensors, tensor), append(x.of, i)
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
	names := slices.Clone(x.shards)
	slices.SortFunc(names, Compare)
	return names
}

// shard returns which file holds a tensor.
func (x *index) shard(tensor string) (file string, listed bool) {
	i := x.table.Find(x.tensors, tensor)
	if i < 0 {
		return "", false
	}
	return x.shards[x.of[i]], true
}

// skip says why the tensor in file is not part of the model, "" when it is.
func (x *index) skip(tensor, file string) string {
	if x == nil {
		return ""
	}
	switch want, ok := x.shard(tensor); {
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
	if i := x.missing(m.shards); i >= 0 {
		return fmt.Errorf("%s: %w: tensor %q is not in %s", dir.path(name), ErrFormat, x.tensors[i], x.shards[x.of[i]])
	}
	return m.list(x)
}

// missing returns the first tensor of the index that is not in its shard, or -1.
func (x *index) missing(shards []*shard) int {
	found := make([]bool, len(x.tensors))
	for _, s := range shards {
		for k := range s.stored {
			name := s.stored[k].name
			if i := x.table.Find(x.tensors, name); i >= 0 && x.shards[x.of[i]] == s.name {
				found[i] = true
				x.tensors[i] = name // the same text, of which one copy is enough
			}
		}
	}
	return slices.Index(found, false)
}

// first returns the first tensor that is in file.
func (x *index) first(file string) string {
	i := slices.IndexFunc(x.of, func(i uint32) bool { return x.shards[i] == file })
	return x.tensors[i]
}
