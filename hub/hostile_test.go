package hub

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/test/hostile"
)

func TestNoPanicOnBadInput(t *testing.T) {
	for _, name := range []string{"HF_HUB_CACHE", "HF_HOME"} {
		t.Setenv(name, t.TempDir())
	}
	s := newServer(t, map[string][]byte{"a/w": content(10), "config.json": []byte("{}")})
	l := s.list(t)
	f, err := l.open(t.Context(), "a/w")
	require.NoError(t, err)
	// The zero client would ask the network.
	standard := http.DefaultTransport
	http.DefaultTransport = unplugged{}
	t.Cleanup(func() { http.DefaultTransport = standard })
	p := hostile.Package{
		Dir:    ".",
		Funcs:  map[string]any{"New": New, "Parse": Parse, "CacheDir": CacheDir, "Snapshot": Snapshot},
		Types:  []any{l.c, l, f, Repo{}},
		Values: []any{"hf://org/name", "a/w", "config.json", Repo{Name: "org/name"}},
	}
	p.Walk(t)
}

// unplugged is a network that is not there.
type unplugged struct{}

func (unplugged) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody, Request: r}, nil
}
