package checkpoint

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/gospectrum/spectrum/internal/format/gguf"
	"github.com/gospectrum/spectrum/internal/format/npy"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/internal/format/sniff"
	"github.com/gospectrum/spectrum/internal/format/torchfile"
)

// parallelOpens is how many files are opened at a time.
const parallelOpens = 8

// shard is an open file of weights.
type shard struct {
	name   string // as File.Name
	file   source
	size   int64
	header string   // as File.Header
	stored []stored // until the model's list is made
}

// addShards opens files, which are named relative to dir with slashes. The
// answers of a slow file system are waited for side by side. The error comes with the name of
// the first file at fault.
func (m *Model) addShards(ctx context.Context, dir directory, names []string) (failed string, err error) {
	first := len(m.shards)
	errs := make([]error, len(names))
	slots := make(chan struct{}, parallelOpens)
	var wg sync.WaitGroup
	for i, name := range names {
		s := &shard{name: name}
		m.shards = append(m.shards, s)
		slots <- struct{}{}
		wg.Go(func() {
			s.file, s.size, errs[i] = dir.open(ctx, name)
			<-slots
		})
	}
	wg.Wait()
	for i, s := range m.shards[first:] {
		if errs[i] == nil {
			errs[i] = m.readShard(ctx, dir, s)
		}
		if errs[i] != nil {
			return s.name, errs[i]
		}
	}
	return "", nil
}

// readShard lists the tensors of a file.
func (m *Model) readShard(ctx context.Context, dir directory, s *shard) error {
	digest := &digest{source: s.file, hash: sha256.New()}
	s.file = digest
	err := m.readHeader(ctx, s)
	s.file, s.header = digest.source, digest.sum()
	if err != nil {
		return fmt.Errorf("%s: %w", dir.path(s.name), err)
	}
	for i := range s.stored {
		s.stored[i].shard = s
	}
	forgetHeader(s.file)
	return nil
}

func (m *Model) readHeader(ctx context.Context, s *shard) error {
	if part := partOf(s.name); part != "" {
		return fmt.Errorf("%w: %s", ErrUnsupported, part)
	}
	kind, note, err := detect(ctx, s)
	if err != nil {
		return err
	}
	if note != "" {
		m.notes.add("%s", note)
	}
	switch kind {
	case sniff.GGUF:
		return m.readGGUF(ctx, s)
	case sniff.TorchZip:
		return m.readTorch(ctx, s)
	case sniff.NPY, sniff.NPZ:
		return s.readNumPy(ctx, kind)
	}
	return s.readSafetensors(ctx)
}

func (s *shard) readSafetensors(ctx context.Context) error {
	h, err := safetensors.ReadHeader(sequential(ctx, s.file, s.size), s.size)
	if err != nil {
		return err
	}
	s.stored = fromSafetensors(h)
	return nil
}

// readNumPy reads a file of one array, which is called like the file, or an archive
// of arrays, which are called by their keys.
func (s *shard) readNumPy(ctx context.Context, kind sniff.Kind) error {
	r := bound{ctx, s.file}
	arrays, err := []npy.Array(nil), error(nil)
	if kind == sniff.NPZ {
		arrays, err = npy.ReadArchive(r, s.size)
	} else {
		arrays = make([]npy.Array, 1)
		arrays[0], err = npy.Read(r, s.size)
		arrays[0].Name = strings.TrimSuffix(path.Base(s.name), path.Ext(s.name))
	}
	if err != nil {
		return formatError(err)
	}
	for _, a := range arrays {
		s.stored = append(s.stored, fromNumPy(a))
	}
	return nil
}

func (m *Model) readGGUF(ctx context.Context, s *shard) error {
	f, err := gguf.Read(sequential(ctx, s.file, s.size), s.size)
	if err != nil {
		return formatError(err)
	}
	m.gguf.add(f)
	for _, t := range f.Tensors {
		s.stored = append(s.stored, fromGGUF(t, m.gguf.architecture))
	}
	return nil
}

// formatError lets the errors of the readers wrap those of this package.
func formatError(err error) error {
	switch {
	case errors.Is(err, gguf.ErrFormat), errors.Is(err, torchfile.ErrFormat), errors.Is(err, npy.ErrFormat):
		return fmt.Errorf("%w: %w", ErrFormat, err)
	case errors.Is(err, gguf.ErrVersion), errors.Is(err, npy.ErrVersion),
		errors.Is(err, torchfile.ErrForeign), errors.Is(err, torchfile.ErrRefused):
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	case errors.Is(err, torchfile.ErrChoice):
		return fmt.Errorf("%w: %w", ErrNoWeights, err)
	}
	return err
}

// ggufInfo is what the metadata of a GGUF file say of the model.
type ggufInfo struct {
	architecture string
	tensors      map[string]bool // by llama.cpp's names
}

func (g *ggufInfo) add(f *gguf.File) {
	if g.architecture == "" {
		g.architecture = f.Architecture
	}
	if g.tensors == nil {
		g.tensors = make(map[string]bool)
	}
	for _, t := range f.Tensors {
		g.tensors[t.Name] = true
	}
}

// amend completes a config that no file has set: llama.cpp leaves out an output
// head that is tied.
func (g *ggufInfo) amend(c *Config) {
	if g.tensors == nil || c.SHA256 != "" && !c.unread {
		return
	}
	c.ModelType = g.architecture
	encoder := strings.Contains(g.architecture, "bert") || g.architecture == "t5encoder" || g.architecture == "clip"
	c.TieWordEmbeddings = g.tensors["token_embd.weight"] && !g.tensors["output.weight"] && !encoder
}
