package emit

import (
	"strings"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/internal/names"
)

// alternation returns a regular expression without anchors that matches exactly
// the names: those that differ only in the number of their block share a branch.
func alternation(list []string) string {
	type key struct{ before, after string }
	var keys []key
	blocks := make(map[key][]string)
	for _, name := range list {
		before, number, after := names.InBlock(name)
		k := key{before, after}
		if blocks[k] == nil {
			keys = append(keys, k)
		}
		blocks[k] = append(blocks[k], number)
	}
	branches := make([]string, len(keys))
	for i, k := range keys {
		numbers := blocks[k][0]
		if len(blocks[k]) > 1 {
			numbers = "(?:" + strings.Join(blocks[k], "|") + ")"
		}
		branches[i] = escape.Pattern(k.before, "") + numbers + escape.Pattern(k.after, "")
	}
	if len(branches) == 1 {
		return branches[0]
	}
	return "(?:" + strings.Join(branches, "|") + ")"
}
