package hub

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestList(t *testing.T) {
	s := newServer(t, map[string][]byte{"a.bin": nil, "sub/b.json": nil})
	l := s.list(t)
	assert.Equal(t, commit, l.Repo.Revision)
	assert.ElementsMatch(t, []string{"a.bin", "sub/b.json"}, l.Files)
	assert.Equal(t, "hf://org/name@"+commit, l.Repo.String())
	_, err := l.open(t.Context(), "absent")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = s.client(t).List(t.Context(), Repo{Name: "org/name", Revision: "refs/pr/1"})
	assert.NoError(t, err)
	_, err = s.client(t).List(t.Context(), Repo{Name: "org/name", Revision: "absent"})
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestReadAt(t *testing.T) {
	data := content(headSize + 3*chunkSize + 77)
	s := newServer(t, map[string][]byte{"w": data, "empty": {}, "small.json": []byte("{}")})
	l := s.list(t)
	f, err := l.open(t.Context(), "w")
	require.NoError(t, err)
	size := f.size
	assert.EqualValues(t, len(data), size)

	before := s.requests.Load()
	b := make([]byte, 100)
	n, err := f.ReadAtContext(t.Context(), b, 5)
	assert.Equal(t, 100, n)
	require.NoError(t, err)
	assert.Equal(t, data[5:105], b)
	assert.Equal(t, before, s.requests.Load(), "the head is not asked for twice")

	b = make([]byte, len(data))
	n, err = f.ReadAtContext(t.Context(), b, 0)
	require.NoError(t, err)
	assert.Equal(t, len(data), n)
	assert.True(t, bytes.Equal(data, b))
	assert.LessOrEqual(t, s.most.Load(), int64(3))

	n, err = f.ReadAtContext(t.Context(), make([]byte, 50), size-10)
	assert.Equal(t, 10, n)
	assert.Equal(t, io.EOF, err)
	_, err = f.ReadAtContext(t.Context(), b, size+1)
	assert.Error(t, err)

	empty, err := l.open(t.Context(), "empty")
	require.NoError(t, err)
	n, err = empty.ReadAtContext(t.Context(), b, 0)
	assert.Zero(t, n)
	assert.Equal(t, io.EOF, err)
}

// faults are what a server may do to any request and be forgiven.
var faults = map[string]func(w http.ResponseWriter, r *http.Request, content []byte){
	"drops the connection": func(http.ResponseWriter, *http.Request, []byte) { panic(http.ErrAbortHandler) },
	"drops inside the body": func(w http.ResponseWriter, r *http.Request, content []byte) {
		serve(half{w}, r, content)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	},
	"429": func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(429) },
	"429 with a wait": func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(429)
	},
	"500":    func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(500) },
	"503":    func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(503) },
	"stalls": func(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() },
	"stalls inside": func(w http.ResponseWriter, r *http.Request, content []byte) {
		serve(half{w}, r, content)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	},
	"answers with less": func(w http.ResponseWriter, r *http.Request, content []byte) { serveLess(w, r, content) },
}

// TestFaultsAreForgiven makes every second request fail in one of the ways.
func TestFaultsAreForgiven(t *testing.T) {
	data := content(headSize + chunkSize + 12345)
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, map[string][]byte{"w": data})
			s.setFault(func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
				if n%2 == 1 {
					fault(w, r, content)
				}
				return n%2 == 1
			})
			l := s.list(t)
			l.c.patience.stall = 200 * time.Millisecond
			f, err := l.open(t.Context(), "w")
			require.NoError(t, err)
			b := make([]byte, len(data))
			_, err = f.ReadAtContext(t.Context(), b, 0)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(data, b))
		})
	}
}

// TestFaultsThatLast gives up, and says why.
func TestFaultsThatLast(t *testing.T) {
	data := content(headSize + 100)
	for name, want := range map[string]string{
		"drops the connection": "EOF", "429": "429", "500": "500", "503": "503", "stalls": errStalled.Error(), "drops inside the body": "cut short",
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, map[string][]byte{"w": data})
			l := s.list(t)
			l.c.patience.stall, l.c.patience.tries = 100*time.Millisecond, 3
			f, err := l.open(t.Context(), "w")
			require.NoError(t, err)
			s.setFault(func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
				faults[name](w, r, content)
				return true
			})
			_, err = f.ReadAtContext(t.Context(), make([]byte, 100), headSize)
			require.ErrorContains(t, err, want)
			assert.ErrorContains(t, err, "w: ")
			assert.Less(t, s.requests.Load(), int64(25))
		})
	}
}

func TestStatuses(t *testing.T) {
	for status, want := range map[int]error{401: ErrAccess, 403: ErrAccess, 404: fs.ErrNotExist, 416: ErrChanged, 410: ErrServer, 200: ErrServer} {
		s := newServer(t, map[string][]byte{"w": content(2 * headSize)})
		l := s.list(t)
		f, err := l.open(t.Context(), "w")
		require.NoError(t, err)
		s.setFault(func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			assert.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
			if status == 200 { // ignores ranges
				r.Header.Del("Range")
				return false
			}
			w.WriteHeader(status)
			return true
		})
		_, err = f.ReadAtContext(t.Context(), make([]byte, 10), headSize+5)
		assert.ErrorIs(t, err, want, status)
		assert.ErrorContains(t, err, "w: ")
		assert.NotContains(t, err.Error(), "secret")
		if status == 416 { // before anything is known
			continue
		}
		_, err = l.open(t.Context(), "w")
		assert.ErrorIs(t, err, want, status)
	}
}

func TestServerIgnoresRanges(t *testing.T) {
	s := newServer(t, map[string][]byte{"small": content(1000), "index.json": content(2 * headSize)})
	s.setFault(func(_ int, _ http.ResponseWriter, r *http.Request, _ []byte) bool {
		r.Header.Del("Range")
		return false
	})
	l := s.list(t)
	for name, data := range s.files {
		f, err := l.open(t.Context(), name)
		require.NoError(t, err, "documents may come whole")
		b := make([]byte, len(data))
		_, err = f.ReadAtContext(t.Context(), b, 0)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(data, b))
	}
}

func TestChangesUnderWay(t *testing.T) {
	for name, change := range map[string]func(w http.ResponseWriter, r *http.Request, content []byte){
		"tag": func(w http.ResponseWriter, r *http.Request, content []byte) {
			w.Header().Set("ETag", `"other"`)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		},
		"size": func(w http.ResponseWriter, r *http.Request, content []byte) { serve(w, r, content[:len(content)-1]) },
	} {
		s := newServer(t, map[string][]byte{"w": content(2 * headSize)})
		f, err := s.list(t).open(t.Context(), "w")
		require.NoError(t, err)
		s.setFault(func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			change(w, r, content)
			return true
		})
		_, err = f.ReadAtContext(t.Context(), make([]byte, 10), headSize+5)
		assert.ErrorIs(t, err, ErrChanged, name)
	}
}

func TestWrongRange(t *testing.T) {
	for _, header := range []string{"", "bytes 5-6/7", "bytes x-y/z", "bytes 0-1/*", "bytes 0-1/-5"} {
		s := newServer(t, map[string][]byte{"w": content(100)})
		s.setFault(func(_ int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			w.Header().Set("Content-Range", header)
			w.WriteHeader(206)
			return true
		})
		_, err := s.list(t).open(t.Context(), "w")
		assert.ErrorIs(t, err, ErrServer, header)
	}
}

func TestCancelled(t *testing.T) {
	s := newServer(t, map[string][]byte{"w": content(2 * headSize)})
	f, err := s.list(t).open(t.Context(), "w")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	s.setFault(func(_ int, _ http.ResponseWriter, r *http.Request, _ []byte) bool {
		cancel()
		<-r.Context().Done()
		return true
	})
	_, err = f.ReadAtContext(ctx, make([]byte, 10), headSize+5)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestBadListing(t *testing.T) {
	for _, text := range []string{"", "[]", `{}`, `{"sha":7}`, `{"sha":"../x"}`, `{"sha":"a","siblings":[7]}`, `{"sha":"a","siblings":[{"rfilename":7}]}`} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }))
		_, err := (&Client{Endpoint: s.URL}).List(t.Context(), Repo{Name: "org/name"})
		assert.ErrorIs(t, err, ErrServer, text)
		s.Close()
	}
}

func TestParse(t *testing.T) {
	for address, want := range map[string]Repo{
		"org/name":                    {Name: "org/name"},
		"hf://org/name@v1.0":          {Name: "org/name", Revision: "v1.0"},
		"hf://org/na-me_2@main/a/b.x": {Name: "org/na-me_2", Revision: "main", File: "a/b.x"},
		"org/name/file.gguf":          {Name: "org/name", File: "file.gguf"},
	} {
		got, ok := Parse(address)
		assert.True(t, ok, address)
		assert.Equal(t, want, got, address)
	}
	for _, address := range []string{"", "name", "hf://", "/org/name", "./name", "../name", "org/..", "org/name/", "org/name@", "org/name@..", "org/name@a?b",
		"org/name/../x", "org/a b", "org//name", "C:\\models", "hf://org/name@x/../../y", "org/na..me",
		"org/name/a/../b", "org/name/a//b", "org/name/."} {
		_, ok := Parse(address)
		assert.False(t, ok, address)
	}
}

func TestSnapshot(t *testing.T) {
	cache := t.TempDir()
	dir := filepath.Join(cache, "models--org--name")
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	_, err := Snapshot(cache, Repo{Name: "org/name"})
	assert.ErrorIs(t, err, fs.ErrNotExist)
	write("snapshots/"+commit+"/config.json", "{}")
	write("refs/main", commit+"\n")
	write("refs/refs/pr/1", commit)
	write("refs/evil", "../../..")
	write("refs/gone", "abcdef")
	for _, revision := range []string{"", "main", commit, "refs/pr/1"} {
		got, err := Snapshot(cache, Repo{Name: "org/name", Revision: revision})
		require.NoError(t, err, revision)
		assert.Equal(t, filepath.Join(dir, "snapshots", commit), got)
	}
	for _, revision := range []string{"v2", "gone"} {
		_, err = Snapshot(cache, Repo{Name: "org/name", Revision: revision})
		assert.ErrorIs(t, err, fs.ErrNotExist)
		assert.ErrorContains(t, err, commit)
	}
	for _, revision := range []string{"evil", "../main"} {
		_, err = Snapshot(cache, Repo{Name: "org/name", Revision: revision})
		assert.Error(t, err)
		assert.NotErrorIs(t, err, fs.ErrNotExist)
	}
}

func TestCacheDir(t *testing.T) {
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"} {
		t.Setenv(name, "")
	}
	assert.True(t, strings.HasSuffix(CacheDir(), filepath.Join(".cache", "huggingface", "hub")))
	t.Setenv("XDG_CACHE_HOME", "x")
	assert.Equal(t, filepath.Join("x", "huggingface", "hub"), CacheDir())
	t.Setenv("HF_HOME", "h")
	assert.Equal(t, filepath.Join("h", "hub"), CacheDir())
	t.Setenv("HF_HUB_CACHE", "c")
	assert.Equal(t, "c", CacheDir())
}

func FuzzListing(f *testing.F) {
	for _, text := range []string{
		`{"sha":"0123","siblings":[{"rfilename":"a/b"},{"rfilename":"../c","size":1e9}],"config":{"x":[NaN]}}`,
		`{"sha":"..","siblings":[]}`, `{"sha":"a/../../b"}`, `{"sha":null,"siblings":null}`, `{"sha":"a","sha":"b"}`, `[[[[`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l := &Listing{Repo: Repo{Name: "org/name"}, c: &Client{Endpoint: "http://hub"}}
		if l.parse(text) != nil {
			return
		}
		prefix := "http://hub/org/name/resolve/" + l.Repo.Revision + "/"
		require.True(t, filepath.IsLocal(l.Repo.Revision))
		for _, name := range l.Files {
			require.True(t, filepath.IsLocal(name), name)
			require.True(t, strings.HasPrefix(l.address(name), prefix))
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, address := range []string{"org/name@v1/a/b", "hf://org/name", "org/name@../x", "org/name/../../x"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		r, ok := Parse(address)
		if !ok {
			return
		}
		_, err := r.revision()
		require.NoError(t, err)
		require.True(t, r.File == "" || filepath.IsLocal(r.File), r.File)
		require.Equal(t, 1, strings.Count(r.Name, "/"))
	})
}
