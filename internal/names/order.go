package names

import (
	"cmp"
	"strings"
)

// Compare orders names as a reader counts: ASCII digits compare as numbers, so
// layers.2 comes before layers.10. It returns 0 for equal names only.
func Compare(a, b string) int {
	restA, restB := a, b
	for restA != "" && restB != "" {
		n, m := leadingDigits(restA), leadingDigits(restB)
		if n == 0 || m == 0 {
			if c := cmp.Compare(restA[0], restB[0]); c != 0 {
				return c
			}
			restA, restB = restA[1:], restB[1:]
			continue
		}
		if c := compareNumbers(restA[:n], restB[:m]); c != 0 {
			return c
		}
		restA, restB = restA[n:], restB[m:]
	}
	// A prefix comes first; 01 and 1 are equal so far.
	return cmp.Or(cmp.Compare(len(restA), len(restB)), strings.Compare(a, b))
}

// leadingDigits returns the number of ASCII digits that s starts with.
func leadingDigits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// compareNumbers compares numbers of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
