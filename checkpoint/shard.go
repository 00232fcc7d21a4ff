package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gospectrum/spectrum/internal/format/gguf"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/internal/format/torchfile"
)

// parallelOpens is how many files are opened at a time.
const parallelOpens = 8

// shard is an open file of weights.
type shard struct {
	name   string // as File.Name
	file   source
	size   int64
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
	if err := m.readHeader(ctx, s); err != nil {
		return fmt.Errorf("%s: %w", dir.path(s.name), err)
	}
	for i := range s.stored {
		s.stored[i].shard = s
	}
	forgetHeader(s.file)
	return nil
}

func (m *Model) readHeader(ctx context.Context, s *shard) error {
	kind, err := detect(ctx, s)
	if err != nil {
		return err
	}
	switch kind {
	case formatGGUF:
		return m.readGGUF(ctx, s)
	case formatTorch:
		tensors, err := torchfile.Read(bound{ctx, s.file}, s.size)
		for _, t := range tensors {
			s.stored = append(s.stored, fromTorch(t))
		}
		return formatError(err)
	}
	h, err := safetensors.ReadHeader(sequential(ctx, s.file, s.size), s.size)
	if err != nil {
		return err
	}
	for _, t := range h.Tensors {
		s.stored = append(s.stored, fromSafetensors(t))
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
	case errors.Is(err, gguf.ErrFormat), errors.Is(err, torchfile.ErrFormat):
		return fmt.Errorf("%w: %w", ErrFormat, err)
	case errors.Is(err, gguf.ErrVersion), errors.Is(err, torchfile.ErrLegacy), errors.Is(err, torchfile.ErrRefused):
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return err
}

type format int

const (
	formatSafetensors format = iota
	formatGGUF
	formatTorch
)

// detect tells the format of a file by its name, or, where that says nothing
// (a blob of the Hugging Face cache), by its first bytes.
func detect(ctx context.Context, s *shard) (format, error) {
	switch {
	case strings.HasSuffix(s.name, suffix):
		return formatSafetensors, nil
	case strings.EqualFold(filepath.Ext(s.name), ggufSuffix):
		return formatGGUF, nil
	case isTorch(s.name):
		return formatTorch, nil
	}
	var magic [4]byte
	_, err := s.file.ReadAtContext(ctx, magic[:], 0)
	switch {
	case err != nil && err != io.EOF:
		return 0, err
	case string(magic[:]) == gguf.Magic:
		return formatGGUF, nil
	case string(magic[:]) == "PK\x03\x04":
		return formatTorch, nil
	}
	return formatSafetensors, nil
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
