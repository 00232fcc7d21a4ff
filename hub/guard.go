package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// maxRedirects is how often one request may be sent elsewhere. The hub of Hugging Face
// needs two: one for a model that was renamed, one to where its files are stored.
const maxRedirects = 5

var errRefused = errors.New("redirect refused")

// guard sends requests, and decides what goes where: the token to the endpoint alone,
// and nothing to where a redirect must not lead.
type guard struct {
	base  http.RoundTripper
	proxy func(*http.Request) (*url.URL, error) // nil where the connections are another's
	token string
	home  origin // of the endpoint
	// inside is the reach of the endpoint itself, as far as it is known. A redirect
	// leads no further inside.
	inside atomic.Int32
	// reach is reachOf but in tests, whose endpoints are on this machine.
	reach func(netip.AddrPort) reach
}

// origin is what a token belongs to. A name of a host with another port or scheme is
// another server.
type origin struct{ scheme, host, port string }

func originOf(u *url.URL) origin {
	return origin{u.Scheme, strings.ToLower(u.Hostname()), portOf(u)}
}

func portOf(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case u.Scheme == "http":
		return "80"
	case u.Scheme == "https":
		return "443"
	}
	return ""
}

// hop says of a request what its connection is judged by.
type hop struct {
	host       string
	redirected bool // the server chose the address, not the user
	proxied    bool // the connection leads to a proxy, which the user chose
}

type hopKey struct{}

// RoundTrip sends one request, of which a redirect makes several.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	h := hop{host: r.URL.Host, redirected: r.Response != nil}
	if g.proxy != nil {
		proxy, err := g.proxy(r)
		if err != nil {
			return nil, err
		}
		h.proxied = proxy != nil
	}
	ctx := context.WithValue(r.Context(), hopKey{}, h)
	atHome := originOf(r.URL) == g.home
	var sent *http.Request
	if atHome && g.token != "" {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
			sent.Close = sent.Close || logsIdle(i.Conn)
		}})
	}
	sent = r.Clone(ctx)
	sent.Header.Del("Referer") // the address before may be signed
	switch {
	case !atHome:
		sent.Header.Del("Authorization")
	case g.token != "":
		sent.Header.Set("Authorization", "Bearer "+g.token)
	}
	return g.base.RoundTrip(sent)
}

// logsIdle reports whether package net/http writes to the log what a server sends on a
// connection behind its answer, as it does with HTTP/1. That could be the token, so that
// such a connection ends with the answer to a request that had it.
func logsIdle(c net.Conn) bool {
	t, ok := c.(*tls.Conn)
	return !ok || t.ConnectionState().NegotiatedProtocol != "h2"
}

// CloseIdleConnections is called by [http.Client].
func (g *guard) CloseIdleConnections() {
	if c, ok := g.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// redirect reports what speaks against following a redirect, as far as its address
// shows.
func (g *guard) redirect(r *http.Request, via []*http.Request) error {
	from, host := via[len(via)-1].URL, r.URL.Host
	switch scheme := r.URL.Scheme; {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: %w: %s redirects to %q, after %d redirects", ErrServer, errRefused, from.Host, host, maxRedirects)
	case scheme != "http" && scheme != "https" || host == "":
		return fmt.Errorf("%w: %w: %s redirects to %q of %q, which is not https", ErrServer, errRefused, from.Host, scheme, host)
	case scheme == "http" && from.Scheme == "https":
		return fmt.Errorf("%w: %w: %s redirects to %q without encryption", ErrServer, errRefused, from.Host, host)
	}
	return g.admit(host, g.named(r.URL))
}

// admit refuses a redirect to an address that the world does not reach, unless the
// endpoint is such an address too.
func (g *guard) admit(host string, to reach) error {
	if to <= reach(g.inside.Load()) {
		return nil
	}
	return fmt.Errorf("%w: %w: %q is %s, and the endpoint is not", ErrServer, errRefused, host, to)
}

// know takes down how far inside the endpoint is.
func (g *guard) know(r reach) {
	for {
		old := g.inside.Load()
		if int32(r) <= old || g.inside.CompareAndSwap(old, int32(r)) {
			return
		}
	}
}

// named returns what the host of an address says of its reach: a name says nothing,
// but for the few that everybody knows.
func (g *guard) named(u *url.URL) reach {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if a, err := netip.ParseAddr(host); err == nil {
		port, err := netip.ParseAddrPort("0.0.0.0:" + portOf(u))
		if err != nil {
			return machine
		}
		return g.reach(netip.AddrPortFrom(a, port.Port()))
	}
	return reachOfName(host)
}

// dialer connects, to where a redirect leads only if it may. It sees the addresses
// that a name resolves to, right before the connection is made.
func (g *guard) dialer() *net.Dialer {
	return &net.Dialer{
		Timeout: 30 * time.Second, KeepAlive: 30 * time.Second,
		ControlContext: func(ctx context.Context, _, address string, _ syscall.RawConn) error {
			h, _ := ctx.Value(hopKey{}).(hop)
			if h.proxied {
				return nil
			}
			a, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			to := g.reach(a)
			if h.redirected {
				return g.admit(h.host, to)
			}
			g.know(to)
			return nil
		},
	}
}
