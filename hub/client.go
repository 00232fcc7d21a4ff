package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Errors that results of this package wrap, besides [io/fs.ErrNotExist] for a model
// or file that is not there.
var (
	// ErrAddress reports a text that names no model. It wraps
	// [errors.ErrUnsupported].
	ErrAddress = fmt.Errorf("not org/name[@revision][/file] (%w)", errors.ErrUnsupported)
	// ErrAccess reports a model that needs a token, or another one.
	ErrAccess = errors.New("access denied")
	// ErrServer reports a server that does not do what is needed.
	ErrServer = errors.New("unusable answer")
	// ErrChanged reports a file that changed while it was read.
	ErrChanged = errors.New("changed while it was read")
)

const (
	defaultEndpoint = "https://huggingface.co"
	defaultParallel = 8
	maxListing      = 64 << 20 // bytes of the description of a model
)

// Client finds and reads models. Its zero value asks the Hugging Face hub as
// nobody and looks into no cache; [New] has the settings of the Hugging Face
// tools. Its methods may be called by several goroutines at once, its fields must
// not change in use.
type Client struct {
	Endpoint string // address of the hub; empty for that of Hugging Face
	Token    string // sent to the scheme, host and port of the endpoint only; may be empty
	Cache    string // directory that [Client.Find] looks into first, as [CacheDir]; may be empty
	Parallel int    // requests under way at a time; 0 for 8
	// Transport sends the requests; nil for a copy of [http.DefaultTransport], whose
	// idle connections are closed with each model. The copy makes its own connections,
	// and looks where they lead: a redirect to a name that stands for a private address
	// is refused. Of a redirect for another transport only the address is looked at.
	Transport http.RoundTripper

	patience patience
	start    sync.Once
	slots    chan struct{} // one for each request under way
	http     *http.Client
	own      *http.Transport // nil where the transport is another's
	guard    *guard
	secret   *strings.Replacer // of the token in what a server says; nil without one
}

// patience says how long a client waits, and for what.
type patience struct {
	// stall is how long an answer may send nothing before it counts as broken.
	stall time.Duration
	// tries is how often a read is tried without any byte of progress.
	tries int
	// least and most bound the wait between tries.
	least, most time.Duration
	// rate is how many bytes a second an answer must bring, in each window of time. 0
	// asks for none.
	rate   int64
	window time.Duration
}

// usual is the patience of a client. Eight answers at the least rate together are no
// more than a telephone line carries.
func usual() patience {
	return patience{stall: time.Minute, tries: 6, least: time.Second / 2, most: 30 * time.Second, rate: 1 << 10, window: 30 * time.Second}
}

// New returns a client with the settings that the Hugging Face tools take from
// the environment: the hub of HF_ENDPOINT, the token of HF_TOKEN, the cache of
// [CacheDir].
func New() *Client {
	return &Client{Endpoint: os.Getenv("HF_ENDPOINT"), Token: strings.TrimSpace(os.Getenv("HF_TOKEN")), Cache: CacheDir()}
}

// begin fills in what the zero value leaves open.
func (c *Client) begin() {
	if c.patience == (patience{}) {
		c.patience = usual()
	}
	parallel := c.Parallel
	if parallel <= 0 {
		parallel = defaultParallel
	}
	c.slots = make(chan struct{}, parallel)
	c.secret = secretForms(c.Token)
	c.guard = &guard{base: c.Transport, token: c.Token, reach: reachOf}
	if endpoint, err := url.Parse(c.endpoint()); err == nil {
		c.guard.home = originOf(endpoint)
		c.guard.know(c.guard.named(endpoint))
	}
	standard, ok := http.DefaultTransport.(*http.Transport)
	switch {
	case c.Transport != nil:
	case ok:
		c.own = standard.Clone()
		c.own.MaxIdleConnsPerHost = parallel
		c.own.DialContext = c.guard.dialer().DialContext
		c.guard.base, c.guard.proxy = c.own, c.own.Proxy
	default:
		c.guard.base = http.DefaultTransport
	}
	c.http = &http.Client{Transport: c.guard, CheckRedirect: c.guard.redirect}
}

// ready reports what a client cannot work with, and begins.
func (c *Client) ready(ctx context.Context) error {
	switch {
	case c == nil:
		return errors.New("nil client")
	case ctx == nil:
		return errors.New("nil context")
	}
	c.start.Do(c.begin)
	return nil
}

// endpoint returns the address of the hub without a slash at its end.
func (c *Client) endpoint() string {
	return strings.TrimRight(cmp.Or(c.Endpoint, defaultEndpoint), "/")
}

// release drops the idle connections of the client's own transport.
func (c *Client) release() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
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
		return nil, &brokenError{err, false}
	}
	if len(text) > maxListing {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrServer, maxListing)
	}
	return text, nil
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
	a := &answer{patience: c.patience, done: func() { <-c.slots }, asked: time.Now()}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	a.timer = time.AfterFunc(c.patience.stall, func() { a.cancel(errStalled) })
	fail := func(err error) (*answer, error) {
		cause := context.Cause(a.ctx)
		a.timer.Stop()
		a.cancel(nil)
		a.done()
		if ctx.Err() == nil && cause == errStalled {
			err = &brokenError{cause, false}
		}
		return nil, plain(err)
	}
	request, err := retryablehttp.NewRequestWithContext(a.ctx, http.MethodGet, address, nil)
	if err != nil {
		return fail(err)
	}
	request.Header.Set("User-Agent", "spectrum")
	request.Header.Set("Accept-Encoding", "identity") // a range of a compressed body is of no use
	if span != "" {
		request.Header.Set("Range", span)
	}
	if a.Response, err = c.retrying(a).Do(request); err != nil {
		return fail(err)
	}
	if coding := a.Header.Get("Content-Encoding"); compressed(coding) && a.StatusCode < http.StatusMultipleChoices {
		a.close()
		return nil, fmt.Errorf("%w: %s: its answer is compressed (%s)", ErrServer, place(a.Request.URL), shown(coding))
	}
	return a, nil
}

// compressed reports whether a coding changes the bytes. Stores of files leave others in
// the header that change nothing, such as aws-chunked.
func compressed(coding string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(coding), func(c rune) bool { return c == ',' || c == ' ' }), func(name string) bool {
		return slices.Contains([]string{"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"}, name)
	})
}

// retrying returns the client that tries requests again. While it waits the
// server owes nothing.
func (c *Client) retrying(a *answer) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient: c.http, RetryMax: c.patience.tries - 1, RetryWaitMin: c.patience.least, RetryWaitMax: c.patience.most,
		CheckRetry: func(ctx context.Context, r *http.Response, err error) (bool, error) {
			if errors.Is(err, errRefused) {
				return false, nil
			}
			return retryablehttp.DefaultRetryPolicy(ctx, r, err)
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
		Backoff: func(least, most time.Duration, try int, r *http.Response) time.Duration {
			wait := min(most, retryablehttp.DefaultBackoff(least, most, try, r))
			a.timer.Reset(wait + c.patience.stall)
			return wait
		},
	}
}

// again waits before the next try and reports whether there is one.
func (c *Client) again(ctx context.Context, try int, err error) bool {
	var broken *brokenError
	if !errors.As(err, &broken) || try+1 >= c.patience.tries || ctx.Err() != nil {
		return false
	}
	wait := time.NewTimer(retryablehttp.DefaultBackoff(c.patience.least, c.patience.most, try, nil))
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
	at := place(r.Request.URL)
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
	// The words of a server are its own.
	return fmt.Errorf("%w: %s: %d %s", ErrServer, at, r.StatusCode, http.StatusText(r.StatusCode))
}
