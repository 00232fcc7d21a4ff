package checkpoint

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gospectrum/spectrum/internal/safetensors"
)

// shard is an open file of weights.
type shard struct {
	name   string // as File.Name
	file   *os.File
	size   int64
	header *safetensors.Header
}

// addShard opens the file name, which is relative to dir and has slashes.
func (m *Model) addShard(dir, name string) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	f, size, err := openRegular(path)
	if err != nil {
		return err
	}
	m.shards = append(m.shards, &shard{name: name, file: f, size: size})
	h, err := safetensors.ReadHeader(f, size)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	m.shards[len(m.shards)-1].header = h
	return nil
}

// list makes the list of tensors from the headers. The index x, nil when there
// is none, says which file each tensor belongs to.
func (m *Model) list(x *index) {
	for _, s := range m.shards {
		for _, h := range s.header.Tensors {
			e := newEntry(s, h)
			if reason := x.skip(h.Name, s.name); reason != "" {
				e.Skip = reason
			}
			m.tensors = append(m.tensors, e)
		}
		s.header = nil
	}
	slices.SortFunc(m.tensors, func(a, b entry) int {
		return cmp.Or(Compare(a.Name, b.Name), Compare(a.File, b.File))
	})
	m.byKey = make(map[key]int, len(m.tensors))
	for i, e := range m.tensors {
		m.byKey[key{e.File, e.Name}] = i
	}
}
