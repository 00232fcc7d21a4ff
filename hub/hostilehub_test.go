package hub

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shardOf is a safetensors file of this length, as far as package hub looks: the length
// of a header, a header, and values.
func shardOf(header, size int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(header))
	b = append(b, '{')
	b = append(b, bytes.Repeat([]byte{' '}, header-2)...)
	b = append(b, '}')
	return append(b, content(size-len(b))...)
}

// trickle sends one byte at a time, after a first part.
func trickle(w http.ResponseWriter, r *http.Request, content []byte, first int) {
	serve(&slowly{ResponseWriter: w, done: r.Context(), first: first}, r, content)
}

type slowly struct {
	http.ResponseWriter
	done  context.Context
	first int
}

func (s *slowly) Write(p []byte) (int, error) {
	n := min(s.first, len(p))
	s.first -= n
	_, _ = s.ResponseWriter.Write(p[:n])
	for i := range p[n:] {
		if _, err := s.ResponseWriter.Write(p[n+i : n+i+1]); err != nil {
			return n + i, err
		}
		_ = http.NewResponseController(s.ResponseWriter).Flush()
		select {
		case <-time.After(2 * time.Millisecond):
		case <-s.done.Done():
			return n + i, s.done.Err()
		}
	}
	return len(p), nil
}

// TestSlowServer gives up on one that always sends something, and never enough.
func TestSlowServer(t *testing.T) {
	assert.Positive(t, usual().rate)
	assert.Less(t, usual().window, usual().stall, "else a trickle is waited for longer than silence")
	for _, first := range []int{0, progress, progress + 1024} {
		h := newHostileHub(t, map[string][]byte{"w": content(2 * headSize)})
		hurry(h.client)
		l := h.list(t)
		f, err := l.open(t.Context(), "w")
		require.NoError(t, err)
		h.setFault(func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			trickle(w, r, content, first)
			return true
		})
		before := h.requests.Load()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err = f.ReadAtContext(ctx, make([]byte, headSize/2), headSize)
		assert.ErrorContains(t, err, "too slow", first)
		assert.EqualValues(t, 3, h.requests.Load()-before, "as often as other failures are tried")
		_, err = l.open(ctx, "w")
		assert.ErrorContains(t, err, "too slow", first)
	}
}

func TestSlowListing(t *testing.T) {
	h := newHostileHub(t, nil)
	s := h.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		trickle(w, r, content(10000), 0)
	}))
	c := h.newClient(t, s.URL)
	hurry(c)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := c.List(ctx, Repo{Name: "org/name"})
	assert.ErrorContains(t, err, "too slow")
}

// TestSlownessIsForgiven when the next try is not slow.
func TestSlownessIsForgiven(t *testing.T) {
	data := content(3*headSize + 123)
	h := newHostileHub(t, map[string][]byte{"w": data})
	hurry(h.client)
	h.setFault(func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		if n%2 == 1 {
			trickle(w, r, content, 1000)
		}
		return n%2 == 1
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	f, err := h.list(t).open(ctx, "w")
	require.NoError(t, err)
	b := make([]byte, len(data))
	_, err = f.ReadAtContext(ctx, b, 0)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, b))
}

// TestChangesWithoutTag has files that change after they were opened, on servers that
// send no ETag.
func TestChangesWithoutTag(t *testing.T) {
	const header = 3000
	early, late := time.Unix(1e9, 0), time.Unix(1e9+5, 0)
	put := func(at int) func([]byte) []byte {
		return func(b []byte) []byte {
			b = slices.Clone(b)
			b[at] ^= 1
			return b
		}
	}
	same := func(b []byte) []byte { return b }
	for name, c := range map[string]struct {
		before, after time.Time
		change        func([]byte) []byte
		changed       bool
	}{
		"nothing":                            {time.Time{}, time.Time{}, same, false},
		"nothing, with times":                {early, early, same, false},
		"Last-Modified":                      {early, late, same, true},
		"Last-Modified that goes":            {early, time.Time{}, same, true},
		"header":                             {time.Time{}, time.Time{}, put(8 + header/2), true},
		"header's length":                    {time.Time{}, time.Time{}, put(0), true},
		"header in the same second":          {early, early, put(8 + header/2), true},
		"values behind the header":           {time.Time{}, time.Time{}, put(8 + header + 100), true},
		"size":                               {time.Time{}, time.Time{}, func(b []byte) []byte { return b[:len(b)-1] }, true},
		"values far away, which is not seen": {time.Time{}, time.Time{}, put(3*headSize - 100), false},
	} {
		h := newHostileHub(t, map[string][]byte{"w.safetensors": shardOf(header, 3*headSize)})
		serve := func(at time.Time, change func([]byte) []byte) {
			h.setFault(func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
				http.ServeContent(w, r, "", at, bytes.NewReader(change(content)))
				return true
			})
		}
		serve(c.before, same)
		l := h.list(t)
		f, err := l.open(t.Context(), "w.safetensors")
		require.NoError(t, err)
		assert.Equal(t, c.before.IsZero(), len(l.Notes()) > 0, "%s: it is said that little shows a change", name)
		f.DropHead()
		serve(c.after, c.change)
		_, err = f.ReadAtContext(t.Context(), make([]byte, 10), 2*headSize)
		if c.changed {
			assert.ErrorIs(t, err, ErrChanged, name)
		} else {
			assert.NoError(t, err, name)
		}
	}
}

func TestNothingIsSaidOfKnownVersions(t *testing.T) {
	h := newHostileHub(t, map[string][]byte{"w": content(2 * headSize), "small": nil})
	l := h.list(t)
	f, err := l.open(t.Context(), "w")
	require.NoError(t, err)
	assert.Empty(t, l.Notes())
	before := h.requests.Load()
	_, err = f.ReadAtContext(t.Context(), make([]byte, 10), headSize+5)
	require.NoError(t, err)
	assert.EqualValues(t, 1, h.requests.Load()-before, "an ETag needs no second look")
	h.setFault(func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		return true
	})
	_, err = l.open(t.Context(), "small")
	require.NoError(t, err)
	assert.Empty(t, l.Notes(), "what came whole cannot change")
}

// TestAbsurdAnswers are errors, and take no memory.
func TestAbsurdAnswers(t *testing.T) {
	const exa = 1 << 60
	partial := func(header string, length int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("ETag", `"tag"`)
			w.Header().Set("Content-Range", header)
			w.Header().Set("Content-Length", fmt.Sprint(length))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(make([]byte, length))
		}
	}
	span := func(first, n int, total int64) string { return fmt.Sprintf("bytes %d-%d/%d", first, first+n-1, total) }
	// An answer for the opening of a file, and one for a read of 1000 bytes from 600,000 of 1,000,000.
	const at, size = 600_000, 1_000_000
	for name, c := range map[string]struct{ open, read func(http.ResponseWriter) }{
		"size of exabytes":          {partial(span(0, headSize, exa), headSize), partial(span(at, 1000, exa), 1000)},
		"greatest size":             {partial("bytes 0-9/9223372036854775807", 10), partial("bytes 600000-600009/9223372036854775807", 10)},
		"size that overflows":       {partial("bytes 0-9/9223372036854775808", 10), partial("bytes 600000-600009/9223372036854775808", 10)},
		"range that overflows":      {partial("bytes 0-9223372036854775807/9223372036854775807", 10), partial("bytes 600000-9223372036854775807/1000000", 10)},
		"range beyond the file":     {partial("bytes 0-10/10", 11), partial(span(at, 1000, at+500), 1000)},
		"range that ends early":     {partial("bytes 0--1/10", 0), partial("bytes 600000-599999/1000000", 0)},
		"more than was asked for":   {partial(span(0, headSize+1, size), headSize+1), partial(span(at, 1001, size), 1001)},
		"another range":             {partial(span(1, headSize, size), headSize), partial(span(at-1, 1000, size), 1000)},
		"body of another length":    {partial(span(0, headSize, size), 100), partial(span(at, 1000, size), 100)},
		"longer body":               {partial(span(0, 100, size), headSize), partial(span(at, 100, size), 1000)},
		"negative":                  {partial("bytes -5-9/10", 15), partial("bytes -600000--599000/1000000", 1000)},
		"several ranges":            {partial("", 1000), partial("", 1000)},
		"whole, of exabytes":        {length(exa), length(exa)},
		"whole, without end":        {endless, endless},
		"the range, called a whole": {length(headSize + 1), length(1000)},
	} {
		h := newHostileHub(t, map[string][]byte{"w": content(size)})
		l := h.list(t)
		f, err := l.open(t.Context(), "w")
		require.NoError(t, err)
		before := allocated()
		answer := c.open
		h.setFault(func(_ int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			answer(w)
			return true
		})
		requests := h.requests.Load()
		_, err = l.open(t.Context(), "w")
		assert.ErrorIs(t, err, ErrServer, name)
		answer = c.read
		_, err = f.ReadAtContext(t.Context(), make([]byte, 1000), at)
		assert.True(t, errors.Is(err, ErrServer) || errors.Is(err, ErrChanged), "%s: %v", name, err)
		assert.EqualValues(t, 2, h.requests.Load()-requests, "%s: another try is no use", name)
		assert.Less(t, allocated()-before, uint64(16<<20), name)
	}
}

// length announces a whole file of n bytes, and sends less.
func length(n int64) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("ETag", `"tag"`)
		w.Header().Set("Content-Length", fmt.Sprint(n))
		_, _ = w.Write(make([]byte, 1000))
	}
}

func endless(w http.ResponseWriter) {
	w.Header().Set("ETag", `"tag"`)
	for zeros := make([]byte, 1<<16); ; {
		if _, err := w.Write(zeros); err != nil {
			return
		}
	}
}

// allocated is how many bytes were taken so far, by the servers too.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestCompressedAnswer cannot be a range of the file.
func TestCompressedAnswer(t *testing.T) {
	h := newHostileHub(t, map[string][]byte{"w": content(100)})
	l := h.list(t)
	h.setFault(func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		w.Header().Set("Content-Encoding", "gzip")
		serve(w, r, content)
		return true
	})
	_, err := l.open(t.Context(), "w")
	assert.ErrorIs(t, err, ErrServer)
	assert.ErrorContains(t, err, "compressed")
	h.setFault(func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		w.Header().Set("Content-Encoding", "aws-chunked")
		serve(w, r, content)
		return true
	})
	_, err = l.open(t.Context(), "w")
	assert.NoError(t, err, "its place among the requests is free again")
}

// TestOneRequestOpensAShard with the header of a model of many experts, and keeps no
// more than that header.
func TestOneRequestOpensAShard(t *testing.T) {
	const header = 400_000
	h := newHostileHub(t, map[string][]byte{"w.safetensors": shardOf(header, 3*headSize), "tiny.safetensors": shardOf(100, 20_000)})
	l := h.list(t)
	for name, data := range h.files {
		before := h.requests.Load()
		f, err := l.open(t.Context(), name)
		require.NoError(t, err)
		b := make([]byte, min(len(data), header+8))
		_, err = f.ReadAtContext(t.Context(), b, 0)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(data[:len(b)], b))
		assert.EqualValues(t, 1, h.requests.Load()-before, name)
		assert.LessOrEqual(t, cap(f.head), header+16<<10, "of many shards at a time")
	}
}

// TestSlotsAreEnough where one request is all that may be under way.
func TestSlotsAreEnough(t *testing.T) {
	data := content(2*headSize + 10)
	h := newHostileHub(t, map[string][]byte{"w.safetensors": data})
	h.client.slots = make(chan struct{}, 1)
	h.setFault(func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		if n == 1 {
			serveLess(w, r, content)
		} else {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		}
		return true
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := h.list(t).open(ctx, "w.safetensors")
	assert.ErrorIs(t, err, ErrChanged, "the rest of the head has no ETag")
	f, err := h.list(t).open(ctx, "w.safetensors")
	require.NoError(t, err)
	b := make([]byte, len(data))
	_, err = f.ReadAtContext(ctx, b, 0)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, b))
}
