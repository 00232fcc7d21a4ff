package hub

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// leastSecret is how long a token must be for a file that holds it to be refused.
// Shorter ones are in files by chance.
const leastSecret = 16

// secretForms replaces a token in what servers may send back: as it is, in an address,
// or quoted. It is nil without a token.
func secretForms(token string) *strings.Replacer {
	if token == "" {
		return nil
	}
	quoted := strconv.Quote(token)
	var pairs []string
	for _, form := range []string{token, url.QueryEscape(token), url.PathEscape(token), quoted[1 : len(quoted)-1]} {
		pairs = append(pairs, form, "[token]")
	}
	return strings.NewReplacer(pairs...)
}

// hide returns err without the token in its text.
func (c *Client) hide(err error) error {
	if err == nil || c.secret == nil {
		return err
	}
	text := err.Error()
	if clean := c.secret.Replace(text); clean != text {
		return &hiddenError{clean, err}
	}
	return err
}

// hiddenError is the error it hides to [errors.Is], and does not hand it out.
type hiddenError struct {
	text  string
	cause error
}

func (e *hiddenError) Error() string        { return e.text }
func (e *hiddenError) Is(target error) bool { return errors.Is(e.cause, target) }

// Format keeps %#v from showing the cause.
func (e *hiddenError) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(e.text)) }

// holdsToken reports whether what a server sent contains the token that it was sent.
// From there it would get into messages and results.
func (c *Client) holdsToken(text []byte) bool {
	return len(c.Token) >= leastSecret && bytes.Contains(text, []byte(c.Token))
}

// shown is what messages show of a header: all or nothing, since a token that is cut is
// not found in it.
func shown(value string) string {
	if len(value) > 200 {
		return fmt.Sprintf("of %d bytes", len(value))
	}
	return strconv.Quote(value)
}

var errHoldsToken = fmt.Errorf("%w: it holds the token", ErrServer)

// place is an address as messages show it: without a password, and without the query,
// in which there may be a signature.
func place(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return shown.String()
}

// placeOf is place for an address that was not taken apart yet.
func placeOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the endpoint"
	}
	return place(u)
}

// plain returns an error of net/http with the place where it shows the address.
func plain(err error) error {
	var u *url.Error
	switch {
	case !errors.As(err, &u):
		return err
	case errors.Is(u.Err, errRefused): // it names the host
		return u.Err
	}
	return fmt.Errorf("%s: %w", placeOf(u.URL), u.Err)
}
