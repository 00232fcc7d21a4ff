package hub

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// raw answers with these bytes.
func raw(t *testing.T, w http.ResponseWriter, text string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	require.NoError(t, err)
	_, _ = conn.Write([]byte(text))
	_ = conn.Close()
}

// echoes are ways in which a server may send the token back.
var echoes = map[string]func(t *testing.T, w http.ResponseWriter){
	"status": func(t *testing.T, w http.ResponseWriter) {
		raw(t, w, "HTTP/1.1 418 "+token+"\r\nContent-Length: 0\r\n\r\n")
	},
	"status that is none": func(t *testing.T, w http.ResponseWriter) { raw(t, w, "HTTP/1.1 "+token+"\r\n\r\n") },
	"protocol":            func(t *testing.T, w http.ResponseWriter) { raw(t, w, token+" 200 OK\r\n\r\n") },
	"header":              func(t *testing.T, w http.ResponseWriter) { raw(t, w, "HTTP/1.1 200 OK\r\n"+token+"\r\n\r\n") },
	"length": func(t *testing.T, w http.ResponseWriter) {
		raw(t, w, "HTTP/1.1 200 OK\r\nContent-Length: "+token+"\r\n\r\n")
	},
	"coding": func(_ *testing.T, w http.ResponseWriter) { w.Header().Set("Content-Encoding", "gzip, "+token) },
	"range that is long": func(_ *testing.T, w http.ResponseWriter) {
		w.Header().Set("Content-Range", strings.Repeat("x", 50)+token+strings.Repeat("x", 500))
		w.WriteHeader(http.StatusPartialContent)
	},
	"tag": func(_ *testing.T, w http.ResponseWriter) {
		w.Header().Set("ETag", token)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", headSize+5, headSize+14, 2*headSize))
		w.WriteHeader(http.StatusPartialContent)
	},
	"range": func(_ *testing.T, w http.ResponseWriter) {
		w.Header().Set("Content-Range", token)
		w.WriteHeader(http.StatusPartialContent)
	},
	"location":               locate("https://%zz/" + token),
	"location's query":       locate("https://nowhere.invalid/w?token=" + token),
	"location's path":        locate("https://nowhere.invalid/" + token),
	"location's path, coded": locate("https://nowhere.invalid/%68" + token[1:]),
	"location's host":        locate("https://" + token + ".invalid/"),
	"location's user":        locate("https://" + token + ":" + token + "@nowhere.invalid/"),
	"location's scheme":      locate("x-" + strings.ReplaceAll(token, "_", "-") + "://" + token),
	"location's own answer":  locate("/" + token),
}

func locate(to string) func(*testing.T, http.ResponseWriter) {
	return func(_ *testing.T, w http.ResponseWriter) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	}
}

// hidesToken asserts that neither an error nor what it hands out shows the token.
func hidesToken(t *testing.T, err error, name string) {
	t.Helper()
	require.Error(t, err, name)
	assert.NotContains(t, err.Error(), token[:20], name)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		assert.NotContains(t, fmt.Sprintf(verb, err), token, name)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		assert.NotContains(t, e.Error(), token, name)
	}
	var u *url.Error
	assert.False(t, errors.As(err, &u), "%s: it would have the address in it", name)
}

func TestTokenIsInNoError(t *testing.T) {
	for name, echo := range echoes {
		h := newHostileHub(t, map[string][]byte{"w": content(2 * headSize)})
		resolve(h.client, map[string]*httptest.Server{h.Listener.Addr().String(): h.Server})
		l := h.list(t)
		f, err := l.open(t.Context(), "w")
		require.NoError(t, err)
		h.setFault(func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			assert.Equal(t, "Bearer "+token, r.Header.Get("Authorization"))
			echo(t, w)
			return true
		})
		_, err = f.ReadAtContext(t.Context(), make([]byte, 10), headSize+5)
		hidesToken(t, err, name)
		_, err = l.open(t.Context(), "w")
		hidesToken(t, err, name)
		_, err = l.Open("w")
		hidesToken(t, err, name)

		s := h.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/api/") {
				echo(t, w)
				return
			}
			http.NotFound(w, r)
		}))
		c := h.newClient(t, s.URL)
		resolve(c, map[string]*httptest.Server{s.Listener.Addr().String(): s})
		_, err = c.List(t.Context(), Repo{Name: "org/name"})
		hidesToken(t, err, name)
		_, _, _, err = c.Find(t.Context(), "hf://org/name")
		hidesToken(t, err, name)
	}
}

// TestTokenInTheAnswer would get into paths, results and messages of other packages.
func TestTokenInTheAnswer(t *testing.T) {
	escaped := strings.Replace(token, "h", `\u0068`, 1)
	for _, text := range []string{
		token, `{"sha":"` + token + ` "}`, `{"sha":"../` + token + `"}`, `{"sha":"` + token + `"}`, `{"sha":"` + escaped + `"}`,
		`{"sha":"a","siblings":[{"rfilename":"` + token + `"}]}`, `{"sha":"a","siblings":[{"rfilename":"x/` + escaped + `.json"}]}`,
		`{"` + token + `":`,
	} {
		h := newHostileHub(t, nil)
		s := h.serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }))
		_, err := h.newClient(t, s.URL).List(t.Context(), Repo{Name: "org/name"})
		hidesToken(t, err, text)
		assert.ErrorIs(t, err, ErrServer, text)
	}
	h := newHostileHub(t, map[string][]byte{"config.json": []byte(`{"model_type":"` + token + `"}`), "absent": nil})
	l := h.list(t)
	_, err := l.open(t.Context(), "config.json")
	hidesToken(t, err, "a document")
	assert.ErrorIs(t, err, ErrServer)
	delete(h.files, "absent")
	_, err = l.open(t.Context(), "absent")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// TestTokenIsInNoLog has a server that sends it behind its answer, which net/http logs.
func TestTokenIsInNoLog(t *testing.T) {
	var text lockedBuffer
	log.SetOutput(&text)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	h := newHostileHub(t, nil)
	body := `{"sha":"a"}`
	answer := func(w http.ResponseWriter, r *http.Request) {
		sent, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		raw(t, w, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s%s", len(body), body, sent))
	}
	s := httptest.NewServer(http.HandlerFunc(answer))
	t.Cleanup(s.Close)
	for _, endpoint := range []string{h.serve(t, http.HandlerFunc(answer)).URL, s.URL} {
		c := h.newClient(t, endpoint)
		_, err := c.List(t.Context(), Repo{Name: "org/name"})
		require.NoError(t, err)
		_, err = c.List(t.Context(), Repo{Name: "org/name"})
		require.NoError(t, err)
		time.Sleep(50 * time.Millisecond)
	}
	assert.NotContains(t, text.String(), token[:20])
}

// lockedBuffer is a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestConnectionsAreKept with HTTP/2, the token notwithstanding.
func TestConnectionsAreKept(t *testing.T) {
	h := newHostileHub(t, map[string][]byte{"w": content(3 * headSize)})
	var connections atomic.Int64
	s := httptest.NewUnstartedServer(h.server)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{h.leaf}}
	s.EnableHTTP2 = true
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	c := h.newClient(t, s.URL)
	c.own.TLSClientConfig.NextProtos = []string{"h2", "http/1.1"}
	l, err := c.List(t.Context(), Repo{Name: "org/name"})
	require.NoError(t, err)
	f, err := l.open(t.Context(), "w")
	require.NoError(t, err)
	for range 3 {
		_, err = f.ReadAtContext(t.Context(), make([]byte, 10), headSize+5)
		require.NoError(t, err)
	}
	assert.EqualValues(t, 1, connections.Load())
}

// TestAddressesAreShownWithoutSecrets has a signature in a query, and a password in the
// endpoint.
func TestAddressesAreShownWithoutSecrets(t *testing.T) {
	h := newHostileHub(t, map[string][]byte{"w": nil})
	l := h.list(t)
	h.setFault(func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.URL.RawQuery == "" {
			http.Redirect(w, r, r.URL.Path+"?Signature=s3cr3t", http.StatusFound)
			return true
		}
		w.WriteHeader(http.StatusGone)
		return true
	})
	_, err := l.open(t.Context(), "w")
	assert.ErrorContains(t, err, "/org/name/resolve/")
	assert.ErrorContains(t, err, "410 Gone")
	assert.NotContains(t, err.Error(), "s3cr3t")

	for _, endpoint := range []string{"https://me:s3cr3t@127.0.0.1:1", "https://me:s3cr3t@%zz", "https://me:s3cr3t@host:port", "https://127.0.0.1:1/?x=s3cr3t"} {
		c := &Client{Endpoint: endpoint, patience: patience{stall: time.Second, tries: 1, least: 1, most: 1}}
		_, err = c.List(t.Context(), Repo{Name: "org/name"})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "s3cr3t")
	}
}

// TestAnyToken makes no client panic.
func TestAnyToken(t *testing.T) {
	h := newHostileHub(t, map[string][]byte{"w": nil})
	for _, bad := range []string{"\xff\xfe", "a\nb", "(", `\`, "é"} {
		c := &Client{Endpoint: h.URL, Token: bad, patience: h.client.patience}
		_, err := c.List(t.Context(), Repo{Name: "org/name"})
		require.Error(t, err) // the certificate, at the latest
	}
	c := new(Client)
	assert.NoError(t, c.hide(nil))
}
