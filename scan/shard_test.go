package scan

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/test/document"
)

// shape is a matrix of a model, so often in each file.
type shape struct{ rows, cols, number int }

// layout is a model as its headers have it: the matrices of a block, spread over files,
// and those outside.
type layout struct {
	name   string
	blocks int
	block  []shape
	rest   []shape
	files  int
}

// layouts are the shapes of three models, from their config.json: hidden size,
// intermediate sizes, heads, experts, vocabulary.
func layouts() []layout {
	return []layout{
		{"Llama-3-70B", 80, []shape{{8192, 8192, 2}, {1024, 8192, 2}, {28672, 8192, 2}, {8192, 28672, 1}}, []shape{{128256, 8192, 2}}, 30},
		{"Mixtral 8×7B", 32, []shape{{4096, 4096, 2}, {1024, 4096, 2}, {8, 4096, 1}, {14336, 4096, 16}, {4096, 14336, 8}}, []shape{{32000, 4096, 2}}, 19},
		{"DeepSeek-V3", 58, []shape{{1536, 7168, 1}, {24576, 1536, 1}, {576, 7168, 1}, {32768, 512, 1}, {7168, 16384, 1}, {256, 7168, 1}, {2048, 7168, 514}, {7168, 2048, 257}},
			[]shape{{129280, 7168, 2}, {18432, 7168, 6}, {7168, 18432, 3}}, 163},
	}
}

// jobs returns the jobs of a model and the file of each.
func (l layout) jobs() (jobs []job, files []string) {
	total := 0
	for _, s := range l.block {
		total += s.number * l.blocks
	}
	add := func(s shape, file int) {
		small, large := float64(min(s.rows, s.cols)), float64(max(s.rows, s.cols))
		jobs = append(jobs, job{index: len(jobs), cost: small * small * (large + small)})
		files = append(files, fmt.Sprintf("model-%05d", file))
	}
	n := 0
	for range l.blocks {
		for _, s := range l.block {
			for range s.number {
				add(s, 1+n*l.files/total)
				n++
			}
		}
	}
	for _, s := range l.rest {
		for range s.number {
			add(s, l.files)
		}
	}
	return jobs, files
}

// balanceTable says how even shards are, and how many files and ranges one reads.
func balanceTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| model | matrices | shards | least and greatest share of the mean | largest matrix of a share | files of a shard | ranges in them |\n|---|---|---|---|---|---|---|\n")
	for _, l := range layouts() {
		jobs, files := l.jobs()
		total, largest := 0., 0.
		for _, j := range jobs {
			total += j.cost
			largest = max(largest, j.cost)
		}
		for _, n := range []int{2, 8, 32, 128} {
			var least, greatest, ranges, read float64
			count := 0
			for i := range n {
				mine := Shard{i + 1, n}.of(jobs, func(i int) string { return files[i] })
				cost, last, seen := 0., -2, map[string]bool{}
				slices.SortFunc(mine, func(a, b job) int { return a.index - b.index })
				for _, j := range mine {
					cost += j.cost
					if j.index != last+1 || !seen[files[j.index]] {
						ranges++
					}
					last, seen[files[j.index]] = j.index, true
				}
				read += float64(len(seen))
				count += len(mine)
				share := cost / (total / float64(n))
				if i == 0 || share < least {
					least = share
				}
				greatest = max(greatest, share)
			}
			require.Equal(t, len(jobs), count, "each matrix is in one shard")
			part := largest / (total / float64(n))
			if part < 0.05 {
				assert.LessOrEqual(t, greatest-least, 0.05, "%s in %d", l.name, n)
			}
			fmt.Fprintf(&b, "| %s | %d | %d | %.1f to %.1f %% | %.1f %% | %.1f of %d | %.1f |\n", l.name, len(jobs), n,
				100*least, 100*greatest, 100*part, read/float64(n), l.files, ranges/float64(n))
		}
	}
	return b.String()
}

// Shards are even where no matrix is large beside one, and docs/shards.md says how even.
// SPECTRUM_WRITE_DOCS=1 writes the table.
func TestShardBalance(t *testing.T) {
	document.Section(t, filepath.Join("..", "docs", "shards.md"), "<!-- balance -->\n", "<!-- end -->\n", balanceTable(t))
}

// A shard does not depend on the order in which jobs come, and there may be more shards
// than matrices.
func TestShards(t *testing.T) {
	jobs, files := layouts()[0].jobs()
	file := func(i int) string { return files[i] }
	other := slices.Clone(jobs)
	slices.Reverse(other)
	for i := 1; i <= 7; i++ {
		assert.ElementsMatch(t, Shard{i, 7}.of(jobs, file), Shard{i, 7}.of(other, file))
	}
	n := 0
	for i := 1; i <= 1000; i++ {
		n += len(Shard{i, 1000}.of(jobs, file))
	}
	assert.Equal(t, len(jobs), n)
	assert.Empty(t, Shard{1, 3}.of(nil, file))
	for _, text := range []string{"", "1", "0/3", "4/3", "-1/3", "1/0", "a/b", "1/2/3", "1/9999999999"} {
		_, err := ParseShard(text)
		assert.Error(t, err, text)
	}
	s, err := ParseShard("2/8")
	require.NoError(t, err)
	assert.Equal(t, Shard{2, 8}, s)
}
