package results

import (
	"fmt"
	"math"

	"github.com/gospectrum/spectrum/internal/names"
)

// Verdict says what happened to a block of a model, or to what is outside of all blocks.
type Verdict struct {
	Block     string // such as "model.layers.3"; "outside blocks"
	Rows      int    // weights that were compared
	Unchanged int    // of them, whose every value is the same
	Rounding  int    // of them, that changed by no more than rounding does
	Failed    int    // that could not be compared
	// Relative is the norm of all changes over that of the base's weights that changed; NaN where
	// it is not known.
	Relative float64
	// Largest is the weight that changed most beside its size, and Rank the stable rank of its
	// change.
	Largest string
	Rank    float64

	changes, bases float64 // sums of squares
	most           float64
}

// Outside is what a [Verdict] calls what is in no block.
const Outside = "outside blocks"

// Verdicts returns what happened to each block, in the order of the rows.
func Verdicts(r *Result) []Verdict {
	if r == nil || r.Kind == "" {
		return nil
	}
	var all []Verdict
	at := make(map[string]int)
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.TiedTo != "" {
			continue
		}
		block, _ := names.Block(row.Name)
		if block == "" {
			block = Outside
		}
		j, seen := at[block]
		if !seen {
			j = len(all)
			at[block] = j
			all = append(all, Verdict{Block: block})
		}
		all[j].add(row)
	}
	for i := range all {
		v := &all[i]
		v.Relative = math.Sqrt(v.changes) / math.Sqrt(v.bases)
		if v.changes == 0 && v.Failed == 0 {
			v.Relative = 0
		}
	}
	return all
}

// add counts a row.
func (v *Verdict) add(row *Row) {
	v.Rows++
	switch {
	case row.Error != "":
		v.Failed++
		return
	case row.Zero:
		v.Unchanged++
	case row.AboveRounding != nil && *row.AboveRounding == 0:
		v.Rounding++
	}
	norm := float64(row.Frobenius)
	v.changes += norm * norm
	relative := norm // where nothing is known of the base
	if row.Relative == nil {
		v.bases = math.NaN()
	} else if relative = float64(*row.Relative); !row.Zero && relative > 0 {
		v.bases += norm / relative * (norm / relative)
	}
	if !row.Zero && relative > v.most {
		v.most, v.Largest, v.Rank = relative, row.Name, float64(row.StableRank)
	}
}

// String says it in one line.
func (v Verdict) String() string {
	compared := v.Rows - v.Failed
	text := fmt.Sprintf("%d of %d weights changed", compared-v.Unchanged, compared)
	switch {
	case compared == 0:
		text = "nothing could be compared"
	case v.Unchanged == compared:
		text = "unchanged"
	case v.Unchanged+v.Rounding == compared:
		text = "nothing stands out of the rounding noise"
	case !math.IsNaN(v.Relative):
		text += fmt.Sprintf(" by %.3g of the norm of those; most: %s, stable rank %.3g", v.Relative, v.Largest, v.Rank)
	default:
		text += fmt.Sprintf("; most: %s, stable rank %.3g", v.Largest, v.Rank)
	}
	if v.Failed > 0 && compared > 0 {
		text += fmt.Sprintf("; %d could not be compared", v.Failed)
	}
	return text
}

// Changed returns how many of the rows changed, how many of these by no more than rounding
// does, and how many did not change.
func Changed(verdicts []Verdict) (changed, rounding, unchanged int) {
	for _, v := range verdicts {
		changed += v.Rows - v.Failed - v.Unchanged
		rounding += v.Rounding
		unchanged += v.Unchanged
	}
	return changed, rounding, unchanged
}
