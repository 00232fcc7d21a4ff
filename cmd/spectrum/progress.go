package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/scan"
)

// progress shows how far a scan is: a bar with the time left on a terminal, a
// line for every layer elsewhere.
type progress struct {
	w   io.Writer
	bar *progressbar.ProgressBar // nil unless w is a terminal
	tty bool
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.tty = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// barUnit is the work one step of the bar stands for, in flops.
const barUnit = 1e6

func (p *progress) update(s scan.Progress) {
	if !p.tty {
		if s.Last != nil {
			p.line(s)
		}
		return
	}
	if p.bar == nil {
		// Work, not the number of layers, so that the time left is honest.
		p.bar = progressbar.NewOptions64(int64(s.TotalWork/barUnit)+1,
			progressbar.OptionSetWriter(p.w), progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetElapsedTime(true), progressbar.OptionFullWidth(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	p.bar.Describe(fmt.Sprintf("%d/%d layers", s.Done, s.Total))
	_ = p.bar.Set64(int64(s.Work / barUnit)) // a bar that cannot be drawn stops nothing
}

func (p *progress) line(s scan.Progress) {
	o := s.Last
	outcome := "failed"
	switch {
	case o.Reused:
		outcome = "as before"
	case o.Err == nil:
		outcome = "SNR " + formatScore(o.Analysis.SNR, o.Analysis.SNRError)
	}
	rows, cols, _ := o.Dims()
	escape.Fprintf(p.w, "[%*d/%d] %s %d×%d %s: %s (%.2f s)\n",
		len(fmt.Sprint(s.Total)), s.Done, s.Total, o.Name, rows, cols, o.DType, outcome, o.Elapsed.Seconds())
}

// finish leaves the terminal clean.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
