package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/hub"
)

const commit = "0123456789abcdef"

// hubOf serves the files of a directory as the model org/name. The count of
// the requests for them decides, through fault, which fail.
func hubOf(t *testing.T, dir string, fault func(n int64) bool) {
	t.Helper()
	siblings := ""
	files := os.DirFS(dir)
	require.NoError(t, fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			siblings += fmt.Sprintf(`,{"rfilename":%q}`, path)
		}
		return err
	}))
	var count atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/api/models/org/name/revision/main", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"sha":%q,"siblings":[%s]}`, commit, siblings[1:])
	})
	prefix := "/org/name/resolve/" + commit + "/"
	mux.Handle(prefix, http.StripPrefix(prefix, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault != nil && fault(count.Add(1)) {
			panic(http.ErrAbortHandler)
		}
		http.ServeFileFS(w, r, files, r.URL.Path)
	})))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	t.Setenv("HF_ENDPOINT", s.URL)
	t.Setenv("HF_TOKEN", "")
}

// TestStream reads models of several formats from a hub whose every third
// answer breaks, and compares them with the same on disk.
func TestStream(t *testing.T) {
	formats := filepath.Join("..", "testdata", "formats")
	for _, model := range []string{"sharded", "torch-sharded", "fp8-blocks", "gguf-split"} {
		hubOf(t, filepath.Join(formats, model), func(n int64) bool { return n%3 == 2 })
		remote := openHub(t, "hf://org/name")
		local := open(t, filepath.Join(formats, model))
		assert.Equal(t, "hf://org/name@"+commit, remote.Path())
		assert.Equal(t, local.Tensors(), remote.Tensors(), model)
		assert.Equal(t, local.Files(), remote.Files(), model)
		assert.Equal(t, local.Config(), remote.Config(), model)
		assert.Equal(t, matrices(t, local), matrices(t, remote), model)
	}
}

// TestOneRequestOpensAShard counts what opening a model of 163 shards, the number of
// DeepSeek-V3's, asks the hub for. The headers are long, as of many experts, and the
// files are where the hub sends those who ask, as at Hugging Face.
func TestOneRequestOpensAShard(t *testing.T) {
	const shards = 163
	padding := strings.Repeat("x", 300_000)
	names, weights := []string{"config.json", "model.safetensors.index.json"}, map[string]string{}
	for i := range shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, shards)
		names, weights[fmt.Sprintf("t%03d", i)] = append(names, name), name
	}
	index, err := json.Marshal(map[string]any{"weight_map": weights})
	require.NoError(t, err)
	file := func(name string) []byte {
		var i int
		switch _, err := fmt.Sscanf(name, "model-%d-of-", &i); {
		case name == names[0]:
			return []byte(`{"model_type":"llama"}`)
		case err != nil:
			return index
		}
		header := fmt.Sprintf(`{"__metadata__":{"x":"%s"},"t%03d":{"dtype":"F32","shape":[256,512],"data_offsets":[0,524288]}}`, padding, i-1)
		text := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		return append(append(text, header...), make([]byte, 524288)...)
	}
	var asked, stored sync.Map // requests by file
	count := func(of *sync.Map, name string) {
		n, _ := of.LoadOrStore(name, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/models/org/name/revision/main", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"sha":%q,"siblings":[{"rfilename":"%s"}]}`, commit, strings.Join(names, `"},{"rfilename":"`))
	})
	mux.HandleFunc("/org/name/resolve/"+commit+"/{name}", func(w http.ResponseWriter, r *http.Request) {
		count(&asked, r.PathValue("name"))
		http.Redirect(w, r, "/store/"+r.PathValue("name"), http.StatusFound)
	})
	mux.HandleFunc("/store/{name}", func(w http.ResponseWriter, r *http.Request) {
		count(&stored, r.PathValue("name"))
		w.Header().Set("ETag", `"tag"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file(r.PathValue("name"))))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	t.Setenv("HF_ENDPOINT", s.URL)
	t.Setenv("HF_TOKEN", "")
	m := openHub(t, "hf://org/name")
	assert.Len(t, m.Tensors(), shards)
	for _, of := range []*sync.Map{&asked, &stored} {
		for _, name := range names {
			n, found := of.Load(name)
			require.True(t, found, name)
			assert.EqualValues(t, 1, n.(*atomic.Int64).Load(), name)
		}
	}
}

func TestStreamFile(t *testing.T) {
	hubOf(t, filepath.Join("..", "testdata", "formats"), nil)
	m := openHub(t, "hf://org/name@main/gguf-Q4_K.gguf")
	assert.Equal(t, "llama", m.Config().ModelType)
	for address, want := range map[string]error{
		"hf://org/name/absent.gguf": fs.ErrNotExist, "hf://org/other": fs.ErrNotExist, "hf://org/name@v2": fs.ErrNotExist,
		"hf://name": ErrUnsupported, "hf://org/name@../x": ErrUnsupported,
		"hf://org/name": ErrNoWeights, // 14 GGUF files at the top
	} {
		_, err := Opener{Hub: hub.New()}.Open(t.Context(), address)
		assert.ErrorIs(t, err, want, address)
	}
}

func TestCachedByName(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("HF_HUB_CACHE", cache)
	_, err := Opener{Hub: hub.New()}.Open(t.Context(), "org/name")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "hf://org/name streams it")

	dir := filepath.Join(cache, "models--org--name")
	snapshot := filepath.Join(dir, "snapshots", commit)
	writeShard(t, snapshot, "model.safetensors", f32("a", 1, 1))
	writeFile(t, dir, "refs/main", commit)
	m := openHub(t, "org/name")
	assert.Equal(t, []string{"a"}, tensorNames(m))
	assert.Equal(t, snapshot, m.Path())
	assert.Equal(t, []string{"a"}, tensorNames(openHub(t, "org/name@"+commit+"/model.safetensors")))
	_, err = Opener{Hub: hub.New()}.Open(t.Context(), "org/name@v2")
	assert.ErrorContains(t, err, "it has "+commit)

	// A path that exists is a path.
	t.Chdir(t.TempDir())
	writeShard(t, filepath.Join("org", "name"), "model.safetensors", f32("local", 1, 1))
	assert.Equal(t, []string{"local"}, tensorNames(openHub(t, "org/name")))
}

func openHub(t *testing.T, address string) *Model {
	t.Helper()
	m, err := Opener{Hub: hub.New()}.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// TestNoHubNoNetwork opens names that a hub would know, without one.
func TestNoHubNoNetwork(t *testing.T) {
	hubOf(t, filepath.Join("..", "testdata", "formats", "sharded"), func(int64) bool {
		t.Error("the network was used")
		return false
	})
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	_, err := Open(t.Context(), "hf://org/name")
	assert.ErrorIs(t, err, ErrUnsupported)
	assert.ErrorContains(t, err, "no hub to ask")
	_, err = Open(t.Context(), "org/name")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Opener{Hub: hub.New()}.Open(t.Context(), "no-such.safetensors")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.NotErrorIs(t, err, hub.ErrAddress, "it can only have been meant as a path")
}
