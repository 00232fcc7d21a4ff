package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/scan"
)

// Ways to show how far a scan is.
const (
	progressAuto  = "auto" // bar on a terminal, else lines
	progressBar   = "bar"
	progressLines = "lines"
	progressJSON  = "json"
	progressNone  = "none"
)

// progress shows how far a scan is: a bar with the time left, a line for every layer, or
// a line of JSON for every event.
type progress struct {
	w     io.Writer
	how   string
	began time.Time
	bar   *progressbar.ProgressBar
	drawn int64         // up to where the bar is
	next  time.Duration // when the next line within a matrix is due
}

// newProgress chooses how for auto: a bar only on a terminal that can move its cursor and
// may be coloured.
func newProgress(w io.Writer, how string) *progress {
	p := &progress{w: w, how: how, began: time.Now()}
	if how == progressAuto {
		p.how = progressLines
		if f, ok := w.(*os.File); ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" {
			if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
				p.how = progressBar
			}
		}
	}
	return p
}

// barUnit is the work one step of the bar stands for, in flops.
const barUnit = 1e6

func (p *progress) update(s scan.Progress) {
	switch p.how {
	case progressBar:
		p.drawBar(s)
	case progressJSON:
		p.event(s)
	case progressLines:
		if s.Last != nil {
			p.line(s)
		} else {
			p.between(s)
		}
	}
}

func (p *progress) drawBar(s scan.Progress) {
	if p.bar == nil {
		// Work, not the number of layers, so that the time left is honest.
		p.bar = progressbar.NewOptions64(int64(s.TotalWork/barUnit)+1,
			progressbar.OptionSetWriter(p.w), progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetElapsedTime(true), progressbar.OptionFullWidth(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	p.bar.Describe(fmt.Sprintf("%d/%d layers", s.Done, s.Total))
	// What is in flight is an estimate, which may have been too high: a bar does not go back.
	p.drawn = max(p.drawn, int64((s.Work+s.InFlight)/barUnit))
	_ = p.bar.Set64(p.drawn) // a bar that cannot be drawn stops nothing
}

// left estimates the time that the rest takes, at the rate so far; false as long as there
// is none, or nothing is left.
func (p *progress) left(s scan.Progress) (time.Duration, bool) {
	work := s.Work + s.InFlight
	if work <= 0 || s.Done >= s.Total {
		return 0, false
	}
	rest := float64(time.Since(p.began)) * (s.TotalWork - work) / work
	return time.Duration(rest).Round(time.Second), rest < math.MaxInt64/2
}

// between writes a line while a matrix is computed: after a second, then each time after
// twice as long as before, but once a minute at least.
func (p *progress) between(s scan.Progress) {
	elapsed := time.Since(p.began)
	if s.Done >= s.Total || elapsed < max(p.next, time.Second) {
		return
	}
	p.next = min(2*elapsed, elapsed+time.Minute)
	left := ""
	if d, ok := p.left(s); ok {
		left = fmt.Sprintf(", about %.0f %% done, %v left", 100*share(s), d)
	}
	escape.Fprintf(p.w, "%d of %d after %v%s\n", s.Done, s.Total, elapsed.Round(time.Second), left)
}

// share returns what part of the work is done.
func share(s scan.Progress) float64 {
	if s.TotalWork <= 0 {
		return 1
	}
	return (s.Work + s.InFlight) / s.TotalWork
}

func (p *progress) line(s scan.Progress) {
	o := s.Last
	outcome := "failed"
	switch {
	case o.Reused:
		outcome = "as before"
	case o.Err == nil && o.Change != nil: // of which the score says nothing
		outcome = fmt.Sprintf("norm %.5g", o.Analysis.Frobenius)
	case o.Err == nil:
		outcome = "SNR " + formatScore(o.Analysis.SNR, o.Analysis.SNRError)
	}
	left := ""
	if d, ok := p.left(s); ok && d >= time.Second {
		left = fmt.Sprintf(", %v left", d)
	}
	rows, cols, _ := o.Dims()
	escape.Fprintf(p.w, "[%*d/%d] %s %d×%d %s: %s (%.2f s)%s\n",
		len(fmt.Sprint(s.Total)), s.Done, s.Total, o.Name, rows, cols, o.DType, outcome, o.Elapsed.Seconds(), left)
}

// progressEvent is a line of --progress json: the first has no name, and those within a
// matrix, one a second.
type progressEvent struct {
	Done    int             `json:"done"`              // matrices, those of an earlier run among them
	Total   int             `json:"total"`             // matrices
	Share   float64         `json:"share"`             // of the work of this run that is done, of matrices in flight as estimated
	Elapsed float64         `json:"elapsed"`           // seconds
	Left    *float64        `json:"left,omitempty"`    // seconds, at the rate so far
	Name    string          `json:"name,omitempty"`    // of the matrix that is done
	Seconds float64         `json:"seconds,omitempty"` // that it took
	SNR     *results.Number `json:"snr,omitempty"`
	Error   string          `json:"error,omitempty"`
}

func (p *progress) event(s scan.Progress) {
	e := progressEvent{Done: s.Done, Total: s.Total, Share: share(s), Elapsed: time.Since(p.began).Seconds()}
	if d, ok := p.left(s); ok {
		left := d.Seconds()
		e.Left = &left
	}
	if o := s.Last; o != nil {
		e.Name, e.Seconds = o.Name, o.Elapsed.Seconds()
		switch {
		case o.Err != nil:
			e.Error = o.Err.Error()
		case o.Analysis != nil:
			snr := results.Number(o.Analysis.SNR)
			e.SNR = &snr
		}
	}
	if text, err := json.Marshal(e); err == nil {
		_, _ = p.w.Write(append(text, '\n')) // what cannot be shown stops nothing
	}
}

// finish leaves the terminal clean.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// speaks reports whether a person reads standard error, and wants to.
func (f *scanFlags) speaks() bool { return f.progress != progressNone && f.progress != progressJSON }
