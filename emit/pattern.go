package emit

import (
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
)

// quote escapes what Python's re gives a meaning, but the characters in keep.
func quote(name, keep string) string {
	var b strings.Builder
	for _, r := range name {
		if strings.ContainsRune(`.^$*+?{}[]|()`, r) && !strings.ContainsRune(keep, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// alternation returns a regular expression without anchors that matches exactly
// the names: those that differ only in the number of their block share a branch.
func alternation(list []string) string {
	type key struct{ before, after string }
	var keys []key
	blocks := make(map[key][]string)
	for _, name := range list {
		k := key{before: name}
		number := ""
		if block, rest := names.Block(name); block != "" {
			i := strings.LastIndexByte(block, '.') + 1
			number = block[i:]
			k = key{block[:i], rest}
			if len(block) < len(name) {
				k.after = "." + rest
			}
		}
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
		branches[i] = quote(k.before, "") + numbers + quote(k.after, "")
	}
	if len(branches) == 1 {
		return branches[0]
	}
	return "(?:" + strings.Join(branches, "|") + ")"
}
