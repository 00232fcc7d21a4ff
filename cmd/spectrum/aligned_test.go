package main

import (
	"bufio"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/escape"
)

// TestAligned writes what a text/tabwriter would.
func TestAligned(t *testing.T) {
	table := [][]string{{"", "SNR", "σ", "  layer"}, {"*", "12.5", "", "  a.b"}, {"", "", "", ""}, {"", "×××××", "a\tb\x1b[31m", "  c"}}
	for _, rows := range [][][]string{table, table[:1], table[1:2], table[2:3]} {
		for flags, right := range map[uint]bool{0: false, tabwriter.AlignRight: true} {
			var want, got strings.Builder
			tw := tabwriter.NewWriter(&want, 0, 0, 2, ' ', flags)
			for _, cells := range rows {
				columns(tw, cells...)
			}
			require.NoError(t, tw.Flush())
			b := bufio.NewWriter(&got)
			writeAligned(b, right, func(yield func(cells ...string) bool) {
				for _, cells := range rows {
					if !yield(cells...) {
						return
					}
				}
			})
			require.NoError(t, b.Flush())
			assert.Equal(t, want.String(), got.String())
		}
	}
	assert.Equal(t, `a\tb`, escape.Line("a\tb"))
}
