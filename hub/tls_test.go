package hub

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// token is as long as those of the hub.
const token = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"

// authority issues the certificates of servers on this machine.
type authority struct {
	pool *x509.CertPool
	leaf tls.Certificate // of hub.test, what is below it, and this machine
}

func newAuthority(t *testing.T) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootText, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	require.NoError(t, err)
	root, err = x509.ParseCertificate(rootText)
	require.NoError(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		DNSNames:    []string{"hub.test", "*.hub.test", "other.test", "localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	text, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, key)
	require.NoError(t, err)
	a := &authority{pool: x509.NewCertPool(), leaf: tls.Certificate{Certificate: [][]byte{text}, PrivateKey: key}}
	a.pool.AddCert(root)
	return a
}

// serve starts a server of https on this machine.
func (a *authority) serve(t *testing.T, h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{a.leaf}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// hostileHub is a hub over https, which the client takes for one on the Internet.
type hostileHub struct {
	*server
	*authority
	client *Client
}

func newHostileHub(t *testing.T, files map[string][]byte) *hostileHub {
	h := &hostileHub{server: &server{files: files}, authority: newAuthority(t)}
	h.server.Server = h.authority.serve(t, h.server)
	h.client = h.newClient(t, h.URL)
	return h
}

// newClient returns a client of an endpoint that trusts the authority.
func (h *hostileHub) newClient(t *testing.T, endpoint string) *Client {
	c := &Client{Endpoint: endpoint, Token: token}
	c.patience = patience{stall: 5 * time.Second, tries: 3, least: time.Millisecond, most: 5 * time.Millisecond}
	c.start.Do(c.begin)
	c.own.TLSClientConfig = &tls.Config{RootCAs: h.pool}
	abroad(t, c)
	t.Cleanup(c.release)
	return c
}

// abroad lets a client take its endpoint for one on the Internet, and nothing else of
// this machine.
func abroad(t *testing.T, c *Client) {
	u, err := url.Parse(c.Endpoint)
	require.NoError(t, err)
	port, err := strconv.Atoi(portOf(u))
	require.NoError(t, err)
	c.guard.inside.Store(0)
	c.guard.reach = func(at netip.AddrPort) reach {
		if int(at.Port()) == port {
			return public
		}
		return reachOf(at)
	}
}

// hurry makes a client ask for a rate, in windows that a test can wait for.
func hurry(c *Client) {
	c.patience.rate, c.patience.window = 100_000, 50*time.Millisecond
}

// through makes a client ask a proxy.
func through(t *testing.T, c *Client, proxy string) {
	u, err := url.Parse(proxy)
	require.NoError(t, err)
	c.own.Proxy = http.ProxyURL(u)
	c.guard.proxy = c.own.Proxy
}

// resolve leads the addresses of names to servers of this machine.
func resolve(c *Client, servers map[string]*httptest.Server) {
	c.own.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		s, ok := servers[strings.ToLower(address)]
		if !ok {
			return nil, &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}
		}
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}
}

func (h *hostileHub) list(t *testing.T) *Listing {
	l, err := h.client.List(t.Context(), Repo{Name: "org/name"})
	require.NoError(t, err)
	return l
}

// redirecting answers every request for a file with a redirect.
func (h *hostileHub) redirecting(to func(r *http.Request) string) {
	h.setFault(func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
		w.Header().Set("Location", to(r))
		w.WriteHeader(http.StatusFound)
		return true
	})
}
