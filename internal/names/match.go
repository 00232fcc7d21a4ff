package names

import (
	"fmt"
	"path"
)

// Match returns the first of the patterns that fits a parameter: its name, that
// of its module, or its type, which the caller gives because there are two rules
// for it. Patterns are those of [path.Match], so * also matches dots; one that
// [CheckPatterns] refuses fits nothing.
func Match(patterns []string, name, typ string) (pattern string, ok bool) {
	module, _ := Module(name)
	for _, p := range patterns {
		for _, s := range [...]string{name, module, typ} {
			if fits, err := path.Match(p, s); fits && err == nil {
				return p, true
			}
		}
	}
	return "", false
}

// Unmatched returns the first of the patterns that fits none of n parameters, "" if each
// fits one; named returns name and type of the i-th.
func Unmatched(patterns []string, n int, named func(i int) (name, typ string)) string {
	for _, p := range patterns {
		found := false
		for i := 0; i < n && !found; i++ {
			name, typ := named(i)
			_, found = Match([]string{p}, name, typ)
		}
		if !found {
			return p
		}
	}
	return ""
}

// CheckPatterns reports the first pattern that is malformed.
func CheckPatterns(patterns []string) error {
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("pattern %q: %w", p, err)
		}
	}
	return nil
}
