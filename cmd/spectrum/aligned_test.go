package main

import (
	"bufio"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
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

// The heading of a group takes over the components that all its names share.
func TestCommonComponents(t *testing.T) {
	for _, c := range []struct {
		names         []string
		before, after string
	}{
		{[]string{"m.0.q.weight", "m.10.q.weight", "m.11.q.weight"}, "m.", ".q.weight"},
		{[]string{"m.0.experts.1.up.weight", "m.0.experts.2.up.weight", "m.1.experts.1.up.weight"}, "m.", ".up.weight"},
		{[]string{"m.0.weight"}, "", ""},
		{[]string{"a", "b"}, "", ""},
		{[]string{"m.q", "m.0.q"}, "", ""}, // nothing would be left of the first
		{[]string{"..x", "..y", ".."}, "", ""},
		{[]string{"m.ab.q", "m.ac.q"}, "m.", ".q"}, // whole components
	} {
		var group []*results.Row
		for _, name := range c.names {
			group = append(group, &results.Row{Name: name})
		}
		before, after := common(group)
		assert.Equal(t, [2]string{c.before, c.after}, [2]string{before, after}, "%q", c.names)
	}
}
