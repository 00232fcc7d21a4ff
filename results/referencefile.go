package results

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/selection"
)

// WriteReference writes rows as the reference's plain result file, byte for
// byte: in the given order, Params left out, no final newline. Rows of our own
// results come from [ReferenceRows]. The error wraps [ErrFormat] if two rows
// have the same name, which the file cannot hold.
func WriteReference(w io.Writer, rows []spectrum.Layer) error {
	if w == nil {
		return errNothing
	}
	if err := checkUnique(rows); err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	var buf []byte
	for i, r := range rows {
		buf = append(buf[:0], opening(i)...)
		buf = append(appendASCII(buf, r.Name), ": {\n        \"snr\": "...)
		buf = append(appendRepr(buf, r.SNR), ",\n        \"type\": "...)
		buf = append(appendASCII(buf, r.Type), "\n    }"...)
		b.Write(buf)
	}
	b.WriteString(closing(len(rows), ""))
	return flush(b)
}

// WriteReferenceSorted writes rows as the reference's sorted result file, byte
// for byte: types in the order of their first row, and in each its rows by
// descending SNR, equal ones in the given order. NaN comes last; the reference
// leaves it wherever Python's sort happens to, so only there may files differ.
// The error wraps [ErrFormat] if two rows have the same name.
func WriteReferenceSorted(w io.Writer, rows []spectrum.Layer) error {
	if w == nil {
		return errNothing
	}
	if err := checkUnique(rows); err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	var buf []byte
	groups := groupByType(rows)
	for i, g := range groups {
		slices.SortStableFunc(g, selection.BySNR)
		buf = append(buf[:0], opening(i)...)
		buf = append(appendASCII(buf, g[0].Type), ": "...)
		for j, r := range g {
			buf = append(buf, opening(j)...)
			buf = append(buf, "    "...)
			buf = append(appendASCII(buf, r.Name), ": "...)
			buf = appendRepr(buf, r.SNR)
		}
		b.Write(append(buf, closing(len(g), "    ")...))
	}
	b.WriteString(closing(len(groups), ""))
	return flush(b)
}

// opening is what Python's json writes before the i-th member of the outer
// object.
func opening(i int) string {
	if i == 0 {
		return "{\n    "
	}
	return ",\n    "
}

// closing is what it writes after the last of n members.
func closing(n int, indent string) string {
	if n == 0 {
		return "{}"
	}
	return "\n" + indent + "}"
}

// groupByType splits rows by type, in the order of first appearance.
func groupByType(rows []spectrum.Layer) [][]spectrum.Layer {
	var groups [][]spectrum.Layer
	index := make(map[string]int)
	for _, r := range rows {
		i, ok := index[r.Type]
		if !ok {
			i = len(groups)
			index[r.Type] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	return groups
}

// checkUnique rejects rows that share a name.
func checkUnique(rows []spectrum.Layer) error {
	seen := make(map[string]struct{}, len(rows))
	for _, r := range rows {
		if _, ok := seen[r.Name]; ok {
			return fmt.Errorf("%w: two rows are named %q", ErrFormat, r.Name)
		}
		seen[r.Name] = struct{}{}
	}
	return nil
}

// flush reports the first error of all writes to b.
func flush(b *bufio.Writer) error {
	if err := b.Flush(); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return nil
}
