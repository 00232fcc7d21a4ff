package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// Errors that results of this package wrap, besides fs.ErrNotExist.
var (
	// ErrAccess reports a model that needs a token, or another one.
	ErrAccess = errors.New("access denied")
	// ErrServer reports a server that does not do what is needed.
	ErrServer = errors.New("unusable answer")
	// ErrChanged reports a file that changed while it was read.
	ErrChanged = errors.New("changed while it was read")
)

const (
	defaultEndpoint = "https://huggingface.co"
	maxListing      = 64 << 20 // bytes of the description of a model
)

// Client reads models from a hub. Its fields must not change in use.
type Client struct {
	Endpoint string // address of the hub
	Token    string // sent to the endpoint only; may be empty
	// Stall is how long an answer may send nothing before it counts as broken.
	Stall time.Duration
	// Tries is how often a read is tried without any byte of progress.
	Tries int
	// Least and Most bound the wait between tries.
	Least, Most time.Duration

	slots chan struct{} // one for each request under way
	http  *http.Client
}

// NewClient returns a client of the hub that HF_ENDPOINT names, with the token of
// HF_TOKEN, and at most parallel requests at a time.
func NewClient(parallel int) *Client {
	c := &Client{
		Endpoint: defaultEndpoint, Token: strings.TrimSpace(os.Getenv("HF_TOKEN")),
		Stall: time.Minute, Tries: 6, Least: time.Second / 2, Most: 30 * time.Second,
		slots: make(chan struct{}, parallel),
	}
	if endpoint := os.Getenv("HF_ENDPOINT"); endpoint != "" {
		c.Endpoint = strings.TrimRight(endpoint, "/")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = parallel
	c.http = &http.Client{Transport: transport}
	return c
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Listing is a model at one commit.
type Listing struct {
	Repo  Repo // its Revision is the commit
	Files []string
	c     *Client
}

// List resolves the revision of a model to a commit and lists its files.
func (c *Client) List(ctx context.Context, r Repo) (*Listing, error) {
	revision, err := r.revision()
	if err != nil {
		return nil, err
	}
	address := c.Endpoint + "/api/models/" + r.Name + "/revision/" + url.PathEscape(revision)
	text, err := c.fetch(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	l := &Listing{Repo: r, c: c}
	if err := l.parse(text); err != nil {
		return nil, fmt.Errorf("%s: %s: %w: %w", r, address, ErrServer, err)
	}
	return l, nil
}

// parse reads the description of a model.
func (l *Listing) parse(text []byte) error {
	s, err := strictjson.New(text)
	if err != nil {
		return err
	}
	s.AllowNonFinite()
	var commit string
	err = s.Object(func(name string) (err error) {
		switch {
		case name == "sha" && !s.Null():
			commit, err = s.String()
		case name == "siblings" && s.Peek() == '[':
			err = s.Array(func() error { return l.sibling(s) })
		default:
			err = s.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	if !validRevision(commit) {
		return fmt.Errorf("%q is not a commit", commit)
	}
	l.Repo.Revision = commit
	return nil
}

func (l *Listing) sibling(s *strictjson.Scanner) error {
	return s.Object(func(name string) error {
		if name != "rfilename" {
			return s.Skip()
		}
		file, err := s.String()
		if err == nil && filepath.IsLocal(filepath.FromSlash(file)) {
			l.Files = append(l.Files, file)
		}
		return err
	})
}

// address returns where a file of the model is.
func (l *Listing) address(file string) string {
	parts := strings.Split(file, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return l.c.Endpoint + "/" + l.Repo.Name + "/resolve/" + l.Repo.Revision + "/" + strings.Join(parts, "/")
}

// fetch reads a small document whole.
func (c *Client) fetch(ctx context.Context, address string) (text []byte, err error) {
	for try := 0; ; try++ {
		if text, err = c.fetchOnce(ctx, address); err == nil || !c.again(ctx, try, err) {
			return text, err
		}
	}
}

func (c *Client) fetchOnce(ctx context.Context, address string) ([]byte, error) {
	a, err := c.get(ctx, address, "")
	if err != nil {
		return nil, err
	}
	defer a.close()
	if a.StatusCode != http.StatusOK {
		return nil, statusError(a.Response)
	}
	text, err := io.ReadAll(io.LimitReader(a, maxListing+1))
	if err != nil {
		return nil, &brokenError{err}
	}
	if len(text) > maxListing {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrServer, maxListing)
	}
	return text, nil
}

// answer is a response whose body ends with an error when nothing comes.
type answer struct {
	*http.Response
	stall  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
	ctx    context.Context
	done   func()
}

var errStalled = errors.New("the server sent nothing for too long")

func (a *answer) Read(p []byte) (int, error) {
	a.timer.Reset(a.stall)
	n, err := a.Body.Read(p)
	if err != nil && err != io.EOF && context.Cause(a.ctx) == errStalled {
		err = errStalled
	}
	return n, err
}

func (a *answer) close() {
	a.timer.Stop()
	a.cancel(nil)
	_ = a.Body.Close()
	a.done()
}

// get asks for an address, or for a range of it. Refused connections, 429 and
// most of 5xx are tried again, after the time the server asked for or a growing
// one. The caller closes the answer.
func (c *Client) get(ctx context.Context, address, span string) (*answer, error) {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	a := &answer{stall: c.Stall, done: func() { <-c.slots }}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	a.timer = time.AfterFunc(c.Stall, func() { a.cancel(errStalled) })
	fail := func(err error) (*answer, error) {
		cause := context.Cause(a.ctx)
		a.timer.Stop()
		a.cancel(nil)
		a.done()
		if ctx.Err() == nil && cause == errStalled {
			err = &brokenError{cause}
		}
		return nil, err
	}
	request, err := retryablehttp.NewRequestWithContext(a.ctx, http.MethodGet, address, nil)
	if err != nil {
		return fail(err)
	}
	request.Header.Set("User-Agent", "spectrum")
	request.Header.Set("Accept-Encoding", "identity") // a range of a compressed body is of no use
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if span != "" {
		request.Header.Set("Range", span)
	}
	if a.Response, err = c.retrying(a).Do(request); err != nil {
		return fail(err)
	}
	return a, nil
}

// retrying returns the client that tries requests again. While it waits the
// server owes nothing.
func (c *Client) retrying(a *answer) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient: c.http, RetryMax: c.Tries - 1, RetryWaitMin: c.Least, RetryWaitMax: c.Most,
		CheckRetry:   retryablehttp.DefaultRetryPolicy,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
		Backoff: func(least, most time.Duration, try int, r *http.Response) time.Duration {
			wait := min(most, retryablehttp.DefaultBackoff(least, most, try, r))
			a.timer.Reset(wait + c.Stall)
			return wait
		},
	}
}

// brokenError is a failure that another try may not have.
type brokenError struct{ error }

func (e *brokenError) Unwrap() error { return e.error }

// again waits before the next try and reports whether there is one.
func (c *Client) again(ctx context.Context, try int, err error) bool {
	var broken *brokenError
	if !errors.As(err, &broken) || try+1 >= c.Tries || ctx.Err() != nil {
		return false
	}
	wait := time.NewTimer(retryablehttp.DefaultBackoff(c.Least, c.Most, try, nil))
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// statusError says what a status means for the reader of a model.
func statusError(r *http.Response) error {
	at := r.Request.URL.Redacted()
	switch r.StatusCode {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w (401): %s: the model does not exist, is private or gated; set HF_TOKEN", ErrAccess, at)
	case http.StatusForbidden:
		return fmt.Errorf("%w (403): %s: the token has no access; a gated model has terms to accept on its page", ErrAccess, at)
	case http.StatusNotFound:
		return fmt.Errorf("%s: %w (404)", at, fs.ErrNotExist)
	case http.StatusRequestedRangeNotSatisfiable:
		return fmt.Errorf("%w (416): %s is shorter than it was", ErrChanged, at)
	}
	return fmt.Errorf("%w: %s: %s", ErrServer, at, r.Status)
}
