package torchfile

import (
	"fmt"
	"strings"
)

// leftOut begins the reason of a tensor that is no part of the model.
const leftOut = "left out: "

// Beside reports whether a tensor is no part of the model but left out of it.
func (t *Tensor) Beside() bool { return strings.HasPrefix(t.Skip, leftOut) }

// LeftOut says in a line what of a file is no part of the model, with the numbers
// of tensors; "" where all of it is.
func (f *File) LeftOut() string {
	count := make(map[string]int)
	var kinds []string
	for _, t := range f.Tensors {
		if kind, ok := strings.CutPrefix(t.Skip, leftOut); ok {
			if count[kind] == 0 {
				kinds = append(kinds, kind)
			}
			count[kind]++
		}
	}
	if len(kinds) == 0 {
		return ""
	}
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%s (%d)", kind, count[kind])
	}
	return leftOut + strings.Join(kinds, ", ")
}
