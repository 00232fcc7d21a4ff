package hub

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// server is a hub with one model, and with faults.
type server struct {
	*httptest.Server
	files    map[string][]byte
	requests atomic.Int64
	running  atomic.Int64
	most     atomic.Int64 // requests at a time

	mu sync.Mutex
	// fault sees each request for a file, counted from 1, and reports whether it answered.
	fault func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool
	count int
}

func newServer(t *testing.T, files map[string][]byte) *server {
	s := &server{files: files}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) setFault(f func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	for now := s.running.Add(1); ; {
		old := s.most.Load()
		if now <= old || s.most.CompareAndSwap(old, now) {
			break
		}
	}
	defer s.running.Add(-1)
	if r.URL.EscapedPath() == "/api/models/org/name/revision/main" || r.URL.EscapedPath() == "/api/models/org/name/revision/refs%2Fpr%2F1" {
		siblings := ""
		for name := range s.files {
			siblings += fmt.Sprintf(`{"rfilename":%q,"size":null},`, name)
		}
		fmt.Fprintf(w, `{"id":"org/name","sha":%q,"config":{"x":[1,{}]},"siblings":[%s{"rfilename":"../../etc/passwd"}]}`, commit, siblings)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/org/name/resolve/"+commit+"/")
	content, exists := s.files[name]
	if !ok || !exists {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	s.count++
	n, fault := s.count, s.fault
	s.mu.Unlock()
	if fault != nil && fault(n, w, r, content) {
		return
	}
	w.Header().Set("ETag", `"tag"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func (s *server) client(t *testing.T) *Client {
	t.Setenv("HF_ENDPOINT", s.URL+"/")
	t.Setenv("HF_TOKEN", " secret\n")
	c := New()
	c.Parallel = 3
	c.patience = patience{stall: 5 * time.Second, tries: 6, least: time.Millisecond, most: 5 * time.Millisecond}
	t.Cleanup(c.release)
	return c
}

func (s *server) list(t *testing.T) *Listing {
	l, err := s.client(t).List(t.Context(), Repo{Name: "org/name"})
	require.NoError(t, err)
	return l
}

// content is n bytes, no two megabytes of which are the same.
func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 ^ i>>8*13 ^ i>>16*29)
	}
	return b
}

func serve(w http.ResponseWriter, r *http.Request, content []byte) {
	w.Header().Set("ETag", `"tag"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// half keeps the second half of each write to itself.
type half struct{ http.ResponseWriter }

func (h half) Write(p []byte) (int, error) {
	_, _ = h.ResponseWriter.Write(p[:len(p)/2])
	return 0, io.ErrShortWrite
}

// serveLess answers with the first tenth of the range, and says so.
func serveLess(w http.ResponseWriter, r *http.Request, content []byte) {
	var first, last int
	_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last)
	last = min(first+(last-first)/10+1, len(content)-1)
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", first, last))
	serve(w, r, content)
}
