package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// answer is a response whose body ends with an error when nothing comes, or too
// little.
type answer struct {
	*http.Response
	patience patience
	timer    *time.Timer
	cancel   context.CancelCauseFunc
	ctx      context.Context
	done     func()

	asked time.Time // when the request was made
	since time.Time // when the window began in which bytes are counted
	count int64     // in this window
}

var (
	errStalled = errors.New("the server sent nothing for too long")
	errSlow    = errors.New("the server is too slow")
)

func (a *answer) Read(p []byte) (int, error) {
	a.timer.Reset(a.patience.stall)
	if a.since.IsZero() {
		a.since = time.Now()
	}
	n, err := a.Body.Read(p)
	a.count += int64(n)
	switch {
	case err == nil:
		err = a.pace()
	case err != io.EOF && context.Cause(a.ctx) == errStalled:
		err = errStalled
	}
	return n, err
}

// pace reports an answer that brought less in a window than it must.
func (a *answer) pace() error {
	now := time.Now()
	took := now.Sub(a.since)
	if took < a.patience.window || a.patience.rate <= 0 {
		return nil
	}
	if count := a.count; float64(count) < float64(a.patience.rate)*took.Seconds() {
		return fmt.Errorf("%w: %d bytes in %s, and %d a second are the least", errSlow, count, took.Round(time.Millisecond), a.patience.rate)
	}
	a.since, a.count = now, 0
	return nil
}

// fill reads p, as far as the answer goes.
func (a *answer) fill(p []byte) (int, error) {
	n, err := io.ReadFull(a, p)
	if err != nil {
		err = a.broken(n, err)
	}
	return n, err
}

// broken is the error of an answer that ended after n bytes. They are progress only if
// they are enough, and came fast enough, for many such answers to make a file.
func (a *answer) broken(n int, err error) error {
	rate := float64(a.patience.rate)
	return &brokenError{
		error:    fmt.Errorf("answer cut short: %w", err),
		progress: n >= progress && float64(n) >= rate*time.Since(a.asked).Seconds(),
	}
}

func (a *answer) close() {
	a.timer.Stop()
	a.cancel(nil)
	_ = a.Body.Close()
	a.done()
}

// brokenError is a failure that another try may not have.
type brokenError struct {
	error
	progress bool // it brought something before
}

func (e *brokenError) Unwrap() error { return e.error }
