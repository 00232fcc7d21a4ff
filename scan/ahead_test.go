package scan_test

import (
	"context"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/scan"
)

// counted is a folder that counts the reads of values.
type counted struct {
	fs.FS
	from  int64 // where the values begin
	reads atomic.Int64
}

func (c *counted) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if file, ok := f.(*os.File); ok && err == nil {
		return &countedFile{file, c}, nil
	}
	return f, err
}

type countedFile struct {
	*os.File
	c *counted
}

func (f *countedFile) ReadAt(p []byte, offset int64) (int, error) {
	if offset >= f.c.from {
		f.c.reads.Add(1)
	}
	return f.File.ReadAt(p, offset)
}

// waiting is a back-end that goes on only when the weights of the next matrix are read
// too.
type waiting struct {
	spectrum.Backend
	reads *atomic.Int64
	total int64
	begun atomic.Int64
	late  atomic.Bool
}

func (b *waiting) Spectra(ctx context.Context, p spectrum.Problem) iter.Seq2[*spectrum.Spectrum, error] {
	return func(yield func(*spectrum.Spectrum, error) bool) {
		want := min(b.total, b.begun.Add(1)+1)
		for began := time.Now(); b.reads.Load() < want; time.Sleep(time.Millisecond) {
			if time.Since(began) > 10*time.Second {
				b.late.Store(true)
				break
			}
		}
		b.Backend.Spectra(ctx, p)(yield)
	}
}

// While one matrix is computed the next are read, as far as the memory cap allows.
func TestReadAhead(t *testing.T) {
	var tensors []safetensors.Data
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		tensors = append(tensors, f32(name+".weight", []int64{20, 30}, hash))
	}
	dir := write(t, "", tensors...)
	info, err := os.Stat(filepath.Join(dir, "model.safetensors"))
	require.NoError(t, err)
	files := &counted{FS: os.DirFS(dir), from: info.Size() - 6*2400}
	m, err := checkpoint.Opener{}.OpenFS(t.Context(), files, "")
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	files.reads.Store(0) // what a header's reader took with it
	b := &waiting{Backend: defaultBackend(t), reads: &files.reads, total: 6}
	all, err := scan.Collect(t.Context(), m, scan.Options{Analyzer: spectrum.Analyzer{Backend: b}, Jobs: 1})
	require.NoError(t, err)
	assert.Len(t, all, 6)
	assert.False(t, b.late.Load(), "the next matrix was not read")
	assert.EqualValues(t, 6, files.reads.Load(), "each is read once")
}
