package torchfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestBombs holds the memory that pickles take to the size of the file and 64 MiB:
// those that build as much as they can from each byte, and one that doubles.
func TestBombs(t *testing.T) {
	n := 1 << 20
	if testing.Short() {
		n = 1 << 17
	}
	numbered := func(prefix, text string) string {
		var b strings.Builder
		b.WriteString(prefix)
		for i := 0; b.Len() < n; i++ {
			fmt.Fprintf(&b, text, i)
		}
		return b.String()
	}
	one := strings.TrimSuffix(tensorText(float, "0", 16, "K\x00", numbers(2, 2), numbers(2, 1))[1:], ".")
	for name, text := range map[string]string{
		"lists":       strings.Repeat("]", n),
		"dicts":       strings.Repeat("}", n),
		"integers":    strings.Repeat("J\xff\xff\xff\x00", n/5),
		"append":      "]" + strings.Repeat("Na", n/2),
		"append many": "](" + strings.Repeat("N", n) + "e",
		"set many":    "}(" + strings.Repeat("NN", n/2) + "u",
		"memo":        "N" + strings.Repeat("\x94", n),
		"objects":     "clib\nC\nq\x000" + strings.Repeat("h\x00)R", n/4),
		"names":       numbered("", "clib\nC%d\n0"),
		"strings":     strings.Repeat("U\x04abcd", n/6),
		"marks":       strings.Repeat("(", n),
		"tuples":      strings.Repeat(")\x85\x85", n/3),
		"depth":       "]" + strings.Repeat("]a", n/2),
		"keys":        numbered("}", "U\x07%07d]s"),
		"tensors":     numbered("}", strings.Replace(strings.ReplaceAll(one, "%", "%%"), "U\x01w", "U\x07%07d", 1)),
		"doubling":    "]" + strings.Repeat("q\x00h\x00h\x00\x86", 40),
	} {
		t.Run(name, func(t *testing.T) {
			check(t, pickled(text+"."))
			check(t, pickled("}X\x05\x00\x00\x00model"+text+"s."))
			check(t, []byte(legacyText(text+".", "].", 0, 0)))
		})
	}
	_, err := read(pickled("]" + strings.Repeat("q\x00h\x00h\x00\x86", 40) + "."))
	assert.ErrorIs(t, err, ErrRefused)
}
