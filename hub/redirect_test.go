package hub

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTokenIsForTheOrigin has the token go to the scheme, host and port of the
// endpoint and nowhere else, whatever the names have in common.
func TestTokenIsForTheOrigin(t *testing.T) {
	h := newHostileHub(t, map[string][]byte{"w": []byte("weights")})
	type seen struct{ token, referer string }
	var last atomic.Pointer[seen]
	note := func(w http.ResponseWriter, r *http.Request) {
		last.Store(&seen{r.Header.Get("Authorization"), r.Header.Get("Referer")})
		serve(w, r, []byte("weights"))
	}
	other := h.serve(t, http.HandlerFunc(note))
	home := h.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			note(w, r)
			return
		}
		h.ServeHTTP(w, r)
	}))
	plain := httptest.NewServer(http.HandlerFunc(note))
	t.Cleanup(plain.Close)
	for to, want := range map[string]string{
		"/moved":                            "Bearer " + token,
		"https://hub.test/moved":            "Bearer " + token,
		"https://hub.test:443/moved":        "Bearer " + token,
		"HTTPS://HUB.TEST/moved":            "Bearer " + token,
		"https://hub.test:8443/moved":       "",
		"https://cdn.hub.test/moved":        "",
		"https://other.test/moved?sig=x":    "",
		"https://a:b@other.test/moved":      "",
		"https://hub.test:80443/moved":      "error",
		"http://hub.test/moved":             "error",
		"http://hub.test:443/moved":         "error",
		"//cdn.hub.test/moved":              "",
		"https://hub.test.:8444/moved":      "",
		"https://other.test/?u=https://hub": "",
	} {
		last.Store(nil)
		c := h.newClient(t, "https://hub.test")
		servers := map[string]*httptest.Server{
			"hub.test:443": home, "hub.test:8443": other, "cdn.hub.test:443": other, "other.test:443": other, "hub.test:80": plain, "hub.test.:8444": other,
		}
		resolve(c, servers)
		l, err := c.List(t.Context(), Repo{Name: "org/name"})
		require.NoError(t, err)
		h.setFault(func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			assert.Equal(t, "Bearer "+token, r.Header.Get("Authorization"), to)
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		})
		_, err = l.open(t.Context(), "w")
		if want == "error" {
			assert.Error(t, err, to)
			assert.Nil(t, last.Load(), to)
			continue
		}
		require.NoError(t, err, to)
		require.NotNil(t, last.Load(), to)
		assert.Equal(t, seen{want, ""}, *last.Load(), to)
	}
}

// TestRedirectsStayOutside refuses them before a connection is made, and names the
// host.
func TestRedirectsStayOutside(t *testing.T) {
	h := newHostileHub(t, map[string][]byte{"w": []byte("weights")})
	var reached atomic.Int64
	inner := h.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		serve(w, r, []byte("secrets"))
	}))
	u, err := url.Parse(inner.URL)
	require.NoError(t, err)
	port := u.Port()
	for to, host := range map[string]string{
		"https://localhost:" + port + "/":          "localhost:" + port, // it is resolved
		"https://x.localhost/":                     "x.localhost",
		"https://127.0.0.1:" + port + "/":          "127.0.0.1:" + port,
		"https://127.0.0.1./":                      "127.0.0.1.",
		"https://[::1]/":                           "[::1]",
		"https://[::ffff:127.0.0.1]:" + port + "/": "[::ffff:127.0.0.1]",
		"https://[64:ff9b::7f00:1]/":               "[64:ff9b::7f00:1]",
		"https://0.0.0.0:" + port + "/":            "0.0.0.0",
		"https://2130706433:" + port + "/":         "2130706433",
		"https://0x7f.1/":                          "0x7f.1",
		"https://10.1.2.3/":                        "10.1.2.3",
		"https://192.168.0.1/":                     "192.168.0.1",
		"https://100.64.0.1/":                      "100.64.0.1",
		"https://169.254.169.254/latest/meta-data": "169.254.169.254",
		"https://metadata.google.internal/":        "metadata.google.internal",
		"https://[fd00::1]/":                       "[fd00::1]",
		"https://[fe80::1%25lo]/":                  "fe80::1",
		"http://localhost:" + port + "/":           "localhost",
		"http://example.com/":                      "example.com",
		"file:///etc/passwd":                       "127.0.0.1", // who said so
		"file://server/share":                      "server",
		"ftp://example.com/w":                      "example.com",
		"https:///w":                               "127.0.0.1",
		"gopher:x":                                 "127.0.0.1",
	} {
		l := h.list(t)
		before := h.requests.Load()
		h.redirecting(func(*http.Request) string { return to })
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, err := l.open(ctx, "w")
		cancel()
		h.setFault(nil)
		assert.ErrorIs(t, err, ErrServer, to)
		assert.ErrorContains(t, err, "redirect refused", to)
		assert.ErrorContains(t, err, host, to)
		assert.Equal(t, before+1, h.requests.Load(), "%s: another try leads nowhere else", to)
	}
	assert.Zero(t, reached.Load())
}

// TestNamesAreResolvedBeforeTheyAreTrusted has a name of which only its address shows
// where it leads.
func TestNamesAreResolvedBeforeTheyAreTrusted(t *testing.T) {
	h := newHostileHub(t, nil)
	c := h.client
	ctx := context.WithValue(t.Context(), hopKey{}, hop{host: "innocent.example", redirected: true})
	inner := h.serve(t, http.NotFoundHandler())
	_, err := c.guard.dialer().DialContext(ctx, "tcp", inner.Listener.Addr().String())
	assert.ErrorIs(t, err, errRefused)
	assert.ErrorContains(t, err, "innocent.example")
}

// TestPrivateEndpoint may send to its neighbours, but not to what only the machine
// itself should ask.
func TestPrivateEndpoint(t *testing.T) {
	h := newHostileHub(t, map[string][]byte{"w": []byte("weights")})
	h.client.guard.reach = reachOf
	store := h.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, []byte("weights")) }))
	l := h.list(t)
	h.redirecting(func(*http.Request) string { return strings.Replace(store.URL, "127.0.0.1", "localhost", 1) })
	_, err := l.open(t.Context(), "w")
	require.NoError(t, err)
	h.redirecting(func(*http.Request) string { return "https://169.254.169.254/" })
	_, err = l.open(t.Context(), "w")
	assert.ErrorContains(t, err, "169.254.169.254")
	assert.ErrorIs(t, err, errRefused)
}

// TestProxy is on this machine, as proxies are, and resolves the names itself.
func TestProxy(t *testing.T) {
	h := newHostileHub(t, map[string][]byte{"w": []byte("weights")})
	var asked atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Host == "cdn.example" {
			serve(w, r, []byte("weights"))
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	c := h.newClient(t, "http://hub.example")
	c.guard.reach = reachOf // of the endpoint there is but the name
	through(t, c, proxy.URL)
	l, err := c.List(t.Context(), Repo{Name: "org/name"})
	require.NoError(t, err)
	h.redirecting(func(*http.Request) string { return "http://cdn.example/w" })
	_, err = l.open(t.Context(), "w")
	require.NoError(t, err, "that the proxy has a private address says nothing of where it leads")
	assert.EqualValues(t, 3, asked.Load())
	for _, host := range []string{"10.0.0.1", "localhost", "0x7f.1", "metadata.google.internal"} {
		before := asked.Load()
		h.redirecting(func(*http.Request) string { return "http://" + host + "/w" })
		_, err = l.open(t.Context(), "w")
		assert.ErrorIs(t, err, errRefused, host)
		assert.Equal(t, before+1, asked.Load(), host)
	}
}

func TestRedirectsEnd(t *testing.T) {
	h := newHostileHub(t, map[string][]byte{"w": []byte("weights")})
	l := h.list(t)
	for _, n := range []int{maxRedirects, maxRedirects + 1} {
		before := h.requests.Load()
		h.redirecting(func(r *http.Request) string { return fmt.Sprintf("%s?%s", r.URL.Path, r.URL.RawQuery+"x") })
		fault := h.fault
		h.setFault(func(i int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			return len(r.URL.RawQuery) < n && fault(i, w, r, content)
		})
		_, err := l.open(t.Context(), "w")
		if n <= maxRedirects {
			require.NoError(t, err)
			continue
		}
		assert.ErrorIs(t, err, ErrServer)
		assert.ErrorContains(t, err, "127.0.0.1")
		assert.EqualValues(t, maxRedirects+1, h.requests.Load()-before, "another try goes round as well")
	}
}

func TestReach(t *testing.T) {
	for want, addresses := range map[reach][]string{
		public:  {"8.8.8.8", "2001:4860:4860::8888", "100.128.0.1", "172.32.0.1", "198.18.0.1", "64:ff9b::808:808"},
		private: {"127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd12::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "192.0.0.8"},
		machine: {"169.254.1.1", "169.254.169.254", "fe80::1", "fe80::1%eth0", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1", "255.255.255.255",
			"fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "::ffff:169.254.169.254"},
	} {
		for _, a := range addresses {
			assert.Equal(t, want, reachOf(netip.AddrPortFrom(netip.MustParseAddr(a), 443)), a)
		}
	}
	assert.Equal(t, machine, reachOf(netip.AddrPort{}))
}

// TestAnotherTransport is asked for nothing that the address of a redirect forbids, and
// gets the token where it belongs.
func TestAnotherTransport(t *testing.T) {
	for to, want := range map[string]string{
		"https://10.0.0.1/": "refused", "https://[::1]/": "refused", "http://cdn.test/": "refused",
		"https://cdn.test/": "cdn.test ", "https://hub.test/x": "hub.test Bearer " + token, "https://hub.test:8443/x": "hub.test:8443 ",
	} {
		var sent []string
		c := &Client{Endpoint: "https://hub.test", Token: token, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.URL.Host+" "+r.Header.Get("Authorization"))
			if len(sent) == 1 {
				return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {to}}, Body: http.NoBody, Request: r}, nil
			}
			return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody, Request: r}, nil
		})}
		_, err := c.List(t.Context(), Repo{Name: "org/name"})
		if want == "refused" {
			assert.ErrorIs(t, err, errRefused, to)
			assert.Len(t, sent, 1, to)
			continue
		}
		assert.ErrorIs(t, err, fs.ErrNotExist, to)
		assert.Equal(t, []string{"hub.test Bearer " + token, want}, sent, to)
	}
}
