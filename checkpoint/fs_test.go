package checkpoint

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
)

// TestOpenFS compares models of several formats in a file system with the same on
// disk, at its root and below.
func TestOpenFS(t *testing.T) {
	formats := filepath.Join("..", "testdata", "formats")
	for _, model := range []string{"sharded", "torch-sharded", "fp8-blocks", "gguf-split", "gguf-Q4_K.gguf"} {
		local := open(t, filepath.Join(formats, model))
		below := openFS(t, os.DirFS(formats), model)
		same(t, local, below, model)
		assert.Equal(t, model, below.Path())
		if strings.HasSuffix(model, ".gguf") {
			continue
		}
		for _, name := range []string{"", "."} {
			root := openFS(t, os.DirFS(filepath.Join(formats, model)), name)
			same(t, local, root, model)
			assert.Equal(t, ".", root.Path())
		}
	}
}

func openFS(t *testing.T, files fs.FS, name string) *Model {
	t.Helper()
	m, err := Opener{}.OpenFS(t.Context(), files, name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func same(t *testing.T, want, got *Model, name string) {
	t.Helper()
	assert.Equal(t, want.Tensors(), got.Tensors(), name)
	assert.Equal(t, want.Files(), got.Files(), name)
	assert.Equal(t, want.Config(), got.Config(), name)
	assert.Equal(t, matrices(t, want), matrices(t, got), name)
}

func TestOpenReaderAt(t *testing.T) {
	formats := filepath.Join("..", "testdata", "formats")
	for _, file := range []string{"gguf-Q4_K.gguf", "fp8-blocks/model.safetensors", "torch/pytorch_model.bin"} {
		b, err := os.ReadFile(filepath.Join(formats, filepath.FromSlash(file)))
		require.NoError(t, err)
		for _, name := range []string{"", filepath.Base(file), "blob"} { // without an ending the first bytes tell
			m, err := Opener{}.OpenReaderAt(t.Context(), bytes.NewReader(b), int64(len(b)), name)
			require.NoError(t, err, file)
			require.NotEmpty(t, m.Tensors())
			for _, x := range m.Tensors() {
				assert.Equal(t, m.Files()[0].Name, x.File)
				if x.Skip == "" {
					_, err := m.Load(t.Context(), x, nil)
					assert.NoError(t, err, x.Name)
				}
			}
			assert.Equal(t, int64(len(b)), m.Files()[0].Size)
			require.NoError(t, m.Close())
		}
	}
	_, err := Opener{}.OpenReaderAt(t.Context(), strings.NewReader("{}"), 2, "x.index.json")
	assert.ErrorIs(t, err, ErrFormat)
	_, err = Opener{}.OpenReaderAt(t.Context(), strings.NewReader(`{"weight_map":{"a":"b"}}`), 24, "x.index.json")
	assert.ErrorIs(t, err, fs.ErrNotExist, "one reader holds no shards")
	_, err = Opener{}.OpenReaderAt(t.Context(), strings.NewReader(""), 1<<40, "x.gguf")
	assert.Error(t, err, "a size that is not that of the reader")
}

// seekOnly and unseekable hide what a file can do besides.
type seekOnly struct {
	fs.File
	io.Seeker
}

type unseekable struct{ fs.File }

// hiding is a file system whose files are wrapped.
type hiding struct {
	fs.FS
	wrap func(fs.File) fs.File
}

func (h hiding) Open(name string) (fs.File, error) {
	f, err := h.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return f, nil
	}
	return h.wrap(f), nil
}

func TestFilesThatAreNoReaderAt(t *testing.T) {
	dir := filepath.Join("..", "testdata", "formats", "sharded")
	local := open(t, dir)
	seeking := openFS(t, hiding{os.DirFS(dir), func(f fs.File) fs.File { return seekOnly{f, f.(io.Seeker)} }}, ".")
	same(t, local, seeking, "only io.Seeker")

	_, err := Opener{}.OpenFS(t.Context(), hiding{os.DirFS(dir), func(f fs.File) fs.File { return unseekable{f} }}, ".")
	assert.ErrorIs(t, err, ErrUnsupported)
	assert.ErrorContains(t, err, "neither an io.ReaderAt nor an io.Seeker")

	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	require.NoError(t, w.AddFS(os.DirFS(dir)))
	require.NoError(t, w.Close())
	r, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	require.NoError(t, err)
	_, err = Opener{}.OpenFS(t.Context(), r, ".")
	assert.ErrorIs(t, err, ErrUnsupported, "the files of an archive")
}

// TestFileSystemsThatBreakTheRules gives an error for each, and no panic.
func TestFileSystemsThatBreakTheRules(t *testing.T) {
	dir := os.DirFS(filepath.Join("..", "testdata", "formats", "sharded"))
	for name, wrap := range map[string]func(fs.File) fs.File{
		"no file":      func(fs.File) fs.File { return nil },
		"no info":      func(f fs.File) fs.File { return odd{File: f} },
		"a long read":  func(f fs.File) fs.File { return odd{f, stat(f), 1} },
		"a short read": func(f fs.File) fs.File { return odd{f, stat(f), math.MinInt32} },
		"a size of −1": func(f fs.File) fs.File { return odd{f, negative{stat(f)}, 0} },
	} {
		_, err := Opener{}.OpenFS(t.Context(), hiding{dir, wrap}, ".")
		assert.Error(t, err, name)
	}
	_, err := Opener{}.OpenFS(t.Context(), fstest.MapFS{"model.safetensors": {Mode: fs.ModeNamedPipe}}, ".")
	assert.ErrorIs(t, err, ErrUnsupported)
	assert.ErrorContains(t, err, "model.safetensors: not supported: not a regular file")
	_, err = Opener{}.OpenFS(t.Context(), dir, "a/../b")
	assert.ErrorIs(t, err, fs.ErrInvalid)
	_, err = Opener{}.OpenFS(t.Context(), dir, "absent/model.safetensors")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.EqualError(t, err, "absent/model.safetensors: no such file or directory")
}

// odd is a file that lies about its reads.
type odd struct {
	fs.File
	info  fs.FileInfo
	extra int
}

func (o odd) Stat() (fs.FileInfo, error) { return o.info, nil }
func (o odd) ReadAt(p []byte, offset int64) (int, error) {
	n, err := o.File.(io.ReaderAt).ReadAt(p, offset)
	return n + o.extra, err
}

func stat(f fs.File) fs.FileInfo {
	info, err := f.Stat()
	if err != nil {
		panic(err)
	}
	return info
}

type negative struct{ fs.FileInfo }

func (negative) Size() int64 { return -1 }

// TestContextsReachTheFiles has files that wait for their context to end.
func TestContextsReachTheFiles(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	files := waiting{os.DirFS(filepath.Join("..", "testdata", "formats", "fp8-blocks")), cancel}
	_, err := Opener{}.OpenFS(ctx, files, ".")
	assert.ErrorIs(t, err, context.Canceled)
}

type waiting struct {
	fs.FS
	cancel func()
}

func (w waiting) OpenContext(_ context.Context, name string) (fs.File, error) {
	f, err := w.Open(name)
	return waitingFile{f, w.cancel}, err
}

type waitingFile struct {
	fs.File
	cancel func()
}

func (f waitingFile) ReadAtContext(ctx context.Context, _ []byte, _ int64) (int, error) {
	f.cancel()
	<-ctx.Done()
	return 0, ctx.Err()
}

// TestHubIsClosedWithTheModel counts the calls of a hub of the caller's own.
func TestHubIsClosedWithTheModel(t *testing.T) {
	h := &counting{FS: os.DirFS(filepath.Join("..", "testdata", "formats"))}
	m, err := Opener{Hub: h}.Open(t.Context(), "store://fp8-blocks")
	require.NoError(t, err)
	assert.Equal(t, "store:fp8/fp8-blocks", m.Path())
	require.NoError(t, m.Close())
	assert.Equal(t, 1, h.closed)
	_, err = Opener{Hub: h}.Open(t.Context(), "store://absent")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "store:fp8/absent: ")
	assert.Equal(t, 2, h.closed)
}

type counting struct {
	fs.FS
	closed int
}

func (c *counting) Close() error { c.closed++; return nil }

func (c *counting) Find(_ context.Context, address string) (fs.FS, string, string, error) {
	return c, strings.TrimPrefix(address, "store://"), "store:fp8", nil
}

func TestNilArguments(t *testing.T) {
	var noContext context.Context
	for _, err := range []error{
		second(Open(noContext, "x")),
		second(Opener{}.OpenFS(noContext, os.DirFS("."), ".")),
		second(Opener{}.OpenFS(t.Context(), nil, ".")),
		second(Opener{}.OpenReaderAt(noContext, strings.NewReader(""), 0, "")),
		second(Opener{}.OpenReaderAt(t.Context(), nil, 0, "")),
		second(Opener{}.OpenReaderAt(t.Context(), strings.NewReader(""), -1, "")),
		second(Opener{Hub: nothing{}}.Open(t.Context(), "x://y")),
		second((*Model)(nil).Load(noContext, Tensor{}, nil)),
	} {
		assert.ErrorIs(t, err, spectrum.ErrOption)
	}
}

func second[T any](_ T, err error) error { return err }

// nothing finds nothing, and says nothing.
type nothing struct{}

func (nothing) Find(context.Context, string) (fs.FS, string, string, error) {
	return nil, "", "", nil
}

// TestNoNetworkIsLinked holds that programs pay for HTTP only when they import hub.
func TestNoNetworkIsLinked(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command here: ", err)
	}
	out, err := exec.CommandContext(t.Context(), goTool, "list", "-deps", ".", "../scan", "../results", "../emit").Output()
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	assert.Contains(t, deps, "github.com/gospectrum/spectrum/checkpoint")
	for _, banned := range []string{"net/http", "net", "crypto/tls", "github.com/gospectrum/spectrum/hub"} {
		assert.NotContains(t, deps, banned)
	}
}
