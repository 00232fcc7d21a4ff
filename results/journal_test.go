package results

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/rmt"
	"github.com/gospectrum/spectrum/scan"
)

// journal opens a journal that must open.
func journal(t *testing.T, name string, fresh bool) *Journal {
	t.Helper()
	j, err := OpenJournal(name, fresh)
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// text is the JSON of a result without its times.
func text(t *testing.T, r *Result) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteJSON(&b))
	return regexp.MustCompile(`"(seconds|started|finished)": [^,\n]+`).ReplaceAllString(b.String(), `"$1": -`)
}

// stopAfter scans until so many more matrices are done.
func stopAfter(t *testing.T, j *Journal, rec Recorder, opt scan.Options, more int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := -1
	opt.Progress = func(p scan.Progress) {
		if done < 0 {
			done = p.Done
		}
		if p.Done >= done+more {
			cancel()
		}
	}
	rec.Journal = j
	_, err := rec.Scan(ctx, openModel(t, tiny), opt)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, j.Close())
}

// However often a scan is ended, and whatever the number of workers, the result is that
// of one that was not, and nothing is computed again that is in the journal.
func TestJournal(t *testing.T) {
	for _, rec := range []Recorder{{}, {SingularValues: true, Tool: "spectrum", Version: "v1"}} {
		whole, err := rec.Scan(t.Context(), openModel(t, tiny), scan.Options{})
		require.NoError(t, err)
		name := filepath.Join(t.TempDir(), "r.json.journal")
		for i, more := range []int{0, 1, 2, 7, 20} {
			stopAfter(t, journal(t, name, false), rec, scan.Options{Jobs: 1 + i%2}, more)
		}
		j := journal(t, name, false)
		had := j.Resumes()
		assert.GreaterOrEqual(t, had, 30)
		computed := 0
		rec.Journal = j
		res, err := rec.Scan(t.Context(), openModel(t, tiny), scan.Options{Progress: func(p scan.Progress) {
			if p.Last != nil {
				computed++
			}
			assert.Equal(t, 57, p.Total)
		}})
		require.NoError(t, err)
		assert.Equal(t, 57, had+computed)
		assert.Equal(t, text(t, whole), text(t, res))
		require.NoError(t, j.Remove())
		assert.NoFileExists(t, name)
	}
}

// A line without its end is dropped, rows that failed are tried again, what is damaged is
// said.
func TestJournalDamaged(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.json.journal")
	stopAfter(t, journal(t, name, false), Recorder{}, scan.Options{Jobs: 1}, 5)
	good, err := os.ReadFile(name)
	require.NoError(t, err)
	lines := bytes.SplitAfter(good, []byte("\n"))
	n := journalRows(t, name)

	require.NoError(t, os.WriteFile(name, append(good, lines[1][:len(lines[1])-5]...), 0o644))
	assert.Equal(t, n, journalRows(t, name))
	now, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(good), string(now))

	require.NoError(t, os.WriteFile(name, lines[0][:20], 0o644))
	assert.Zero(t, journalRows(t, name), "not even the first line is whole")

	failed := bytes.Replace(good, []byte(`"error":""`), []byte(`"error":"was not read"`), 1)
	require.NoError(t, os.WriteFile(name, failed, 0o644))
	assert.Equal(t, n-1, journalRows(t, name))

	for what, bad := range map[string][]byte{
		"line 3": append(bytes.Clone(lines[0]), append(bytes.Clone(lines[1]), "{}\n"...)...),
		"line 2": append(bytes.Clone(lines[0]), "\x00\x00\n"...),
	} {
		require.NoError(t, os.WriteFile(name, bad, 0o644))
		_, err = OpenJournal(name, false)
		assert.ErrorIs(t, err, ErrFormat)
		assert.ErrorContains(t, err, what)
		fresh := journal(t, name, true)
		assert.Zero(t, fresh.Resumes(), "fresh discards it")
		require.NoError(t, fresh.Close())
	}
	for _, other := range []string{"notes of mine\n", `{"layers":[]}` + "\n", `{"journal":99}` + "\n"} {
		require.NoError(t, os.WriteFile(name, []byte(other), 0o644))
		_, err = OpenJournal(name, false)
		assert.ErrorIs(t, err, ErrJournal)
		now, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, other, string(now), "what is no journal stays")
	}
}

func journalRows(t *testing.T, name string) int {
	t.Helper()
	j := journal(t, name, false)
	defer j.Close()
	return j.Resumes()
}

// What decides a number or a row makes another scan of it, by name; what does not, does
// not.
func TestJournalBelongs(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.json.journal")
	stopAfter(t, journal(t, name, false), Recorder{}, scan.Options{Jobs: 1}, 1)
	preferred, err := spectrum.DefaultBackend()
	require.NoError(t, err)
	all := spectrum.Backends()
	backend := all[slices.IndexFunc(all, func(b spectrum.Backend) bool { return b.Name() != preferred.Name() })]
	for want, c := range map[string]struct {
		rec  Recorder
		opt  scan.Options
		path string
	}{
		"noise is iqr there and calibrated here": {opt: scan.Options{Analyzer: spectrum.Analyzer{Noise: spectrum.NoiseCalibrated}}},
		"edge":                                   {opt: scan.Options{Analyzer: spectrum.Analyzer{Noise: spectrum.NoiseCalibrated, Edge: rmt.EdgeRule(0.1)}}},
		"ratio is sum there and count here":      {opt: scan.Options{Analyzer: spectrum.Analyzer{Ratio: spectrum.RatioCount}}},
		"divisor":                                {opt: scan.Options{Analyzer: spectrum.Analyzer{Divisor: spectrum.DivisorNone}}},
		"precision":                              {opt: scan.Options{Analyzer: spectrum.Analyzer{Precision: spectrum.PrecisionFloat64}}},
		"tolerance is none there and 0.01 here":  {opt: scan.Options{Analyzer: spectrum.Analyzer{Tolerance: 0.01}}},
		"backend":                                {opt: scan.Options{Analyzer: spectrum.Analyzer{Backend: backend}}},
		"vectors is false there and true here":   {opt: scan.Options{Vectors: true}},
		"include":                                {opt: scan.Options{Include: []string{"*mlp*"}}},
		"exclude":                                {opt: scan.Options{Exclude: []string{"*mlp*"}}},
		"transformers":                           {opt: scan.Options{Transformers: "4.51"}},
		"shard is none there and 1/2 here":       {opt: scan.Options{Shard: scan.Shard{Index: 1, Of: 2}}},
		"types is none there and reference here": {rec: Recorder{Types: "reference"}},
		"singular-values":                        {rec: Recorder{SingularValues: true}},
		"the program":                            {rec: Recorder{Tool: "spectrum", Version: "v2"}},
		"file model-00001-of-00002.safetensors is only there": {path: filepath.Join("..", "testdata", "formats", "fp8-blocks")},
		"the header of file model-00002-of-00002.safetensors": {path: changed(t)},
	} {
		c.rec.Journal = journal(t, name, false)
		if c.path == "" {
			c.path = tiny
		}
		res, err := c.rec.Scan(t.Context(), openModel(t, c.path), c.opt)
		assert.ErrorIs(t, err, ErrJournal, want)
		assert.ErrorContains(t, err, want)
		assert.Nil(t, res)
		require.NoError(t, c.rec.Journal.Close())
	}
	rec := Recorder{Journal: journal(t, name, false)}
	_, err = rec.Scan(t.Context(), openModel(t, tiny), scan.Options{Jobs: 2, Memory: 1 << 30})
	require.NoError(t, err)
}

// changed copies the small model with another header of its second file, of the same size.
func changed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(tiny)))
	name := filepath.Join(dir, "model-00002-of-00002.safetensors")
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	header := b[8 : 8+int(b[0])+int(b[1])<<8+int(b[2])<<16]
	i := bytes.Index(header, []byte(`"shape":[96,256]`))
	require.Positive(t, i)
	copy(header[i:], `"shape":[256,96]`)
	require.NoError(t, os.WriteFile(name, b, 0o644))
	return dir
}

// A journal is a regular file, and of one process.
func TestJournalIsItsOwn(t *testing.T) {
	dir := t.TempDir()
	victim, name := filepath.Join(dir, "victim"), filepath.Join(dir, "r.json.journal")
	require.NoError(t, os.WriteFile(victim, nil, 0o644))
	require.NoError(t, os.Symlink(victim, name))
	_, err := OpenJournal(name, true)
	require.ErrorIs(t, err, ErrJournal)
	require.NoError(t, os.Remove(name))
	_, err = OpenJournal(dir, false)
	require.ErrorIs(t, err, ErrJournal)

	left := filepath.Join(dir, "r.json.0123abcd.partial")
	require.NoError(t, os.WriteFile(left, nil, 0o644))
	mine := filepath.Join(dir, "r.json.mine.partial")
	require.NoError(t, os.WriteFile(mine, nil, 0o644))
	j := journal(t, name, false)
	if !j.Locked() {
		t.Skip("no locks here")
	}
	assert.NoFileExists(t, left, "a run that was killed while it wrote has left it")
	assert.FileExists(t, mine)
	_, err = OpenJournal(name, true)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, j.Close())
	require.NoError(t, journal(t, name, false).Remove())
	assert.NoFileExists(t, name)
}

// A row that cannot be kept ends the scan, and what was kept before stays.
func TestJournalFull(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.json.journal")
	j := journal(t, name, false)
	rec := Recorder{Journal: j}
	res, err := rec.Scan(t.Context(), openModel(t, tiny), scan.Options{Jobs: 1, Progress: func(p scan.Progress) {
		if p.Done == 4 {
			require.NoError(t, j.file.Close())
		}
	}})
	require.ErrorIs(t, err, ErrStored)
	assert.Len(t, res.Rows, 4)
	assert.True(t, res.Interrupted)
	assert.Equal(t, 53, res.Missing)
	assert.Equal(t, 4, journalRows(t, name))
}

// Whoever reads a journal sees how much of a result it is.
func TestReadJournal(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.json.journal")
	stopAfter(t, journal(t, name, false), Recorder{}, scan.Options{Jobs: 1}, 5)
	scores, err := ReadFile(name)
	require.NoError(t, err)
	n := len(scores.Result.Rows)
	assert.Equal(t, 57-n, scores.Result.Missing)
	assert.Contains(t, scores.Result.Unfinished(), "matrices are missing")
	file, err := os.ReadFile(name)
	require.NoError(t, err)
	d, err := Diagnose(file)
	require.NoError(t, err)
	assert.False(t, d.Healthy())
	assert.Equal(t, scores.Result.Unfinished(), d.Unfinished)
}

// Shards, in whatever order, are the whole; what is missing, double or of another scan is
// named.
func TestMerge(t *testing.T) {
	m := openModel(t, tiny)
	whole, err := Recorder{}.Scan(t.Context(), m, scan.Options{})
	require.NoError(t, err)
	shard := func(rec Recorder, i, n int, opt scan.Options) *Result {
		opt.Shard = scan.Shard{Index: i, Of: n}
		r, err := rec.Scan(t.Context(), m, opt)
		require.NoError(t, err)
		assert.Contains(t, r.Unfinished(), "spectrum merge")
		var b bytes.Buffer // as it comes from a file
		require.NoError(t, r.WriteJSON(&b))
		scores, err := Read(&b, "")
		require.NoError(t, err)
		return scores.Result
	}
	for _, n := range []int{1, 2, 3, 60, 100} {
		var parts []*Result
		for i := range n {
			parts = append([]*Result{shard(Recorder{}, i+1, n, scan.Options{Jobs: 1 + i%3})}, parts...)
		}
		merged, err := Merge(parts, false)
		require.NoError(t, err)
		assert.Equal(t, text(t, whole), text(t, merged), "%d shards", n)
		assert.Empty(t, merged.Unfinished())
		assert.False(t, merged.Provenance.Finished.Before(merged.Provenance.Started))
	}
	one, two, three := shard(Recorder{}, 1, 3, scan.Options{}), shard(Recorder{}, 2, 3, scan.Options{}), shard(Recorder{}, 3, 3, scan.Options{})
	edit := func(r *Result, change func(*Result)) *Result {
		var clone Result
		text, err := json.Marshal(r)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &clone))
		change(&clone)
		return &clone
	}
	kernel := edit(two, func(r *Result) { r.Provenance.Settings.Kernel = "sse" })
	for want, c := range map[string]struct {
		parts []*Result
		err   error
	}{
		"shard 2/3":                 {[]*Result{one, three}, ErrMissing},
		"shard 1/3, shard 3/3":      {[]*Result{two}, ErrMissing},
		"7 matrices of shard 2/3":   {[]*Result{one, edit(two, func(r *Result) { r.Interrupted, r.Missing = true, 7 }), three}, ErrMissing},
		"shard 2/3 is there twice":  {[]*Result{one, two, two, three}, ErrMerge},
		"in 3 and one in 2 shards":  {[]*Result{one, shard(Recorder{}, 2, 2, scan.Options{}), three}, ErrMerge},
		"one is no shard":           {[]*Result{one, whole}, ErrMerge},
		"one is no result of ours":  {[]*Result{one, nil}, ErrMerge},
		"there are none":            {nil, ErrMerge},
		"noise is iqr there and kn": {[]*Result{one, edit(two, func(r *Result) { r.Provenance.Settings.Noise = "kn" }), three}, ErrMerge},
		"the program":               {[]*Result{one, edit(two, func(r *Result) { r.Provenance.Version = "v9" }), three}, ErrMerge},
		"the header of file":        {[]*Result{one, edit(two, func(r *Result) { r.Provenance.Files[0].Header = "00" }), three}, ErrMerge},
		"kernel":                    {[]*Result{one, kernel, three}, ErrMerge},
		"different tensors":         {[]*Result{one, edit(two, func(r *Result) { r.Skipped[0].Reason = "another" }), three}, ErrMerge},
		"is in shard 1/3 and in":    {[]*Result{one, edit(two, func(r *Result) { r.Rows = append(r.Rows, one.Rows[0]) }), three}, ErrMerge},
	} {
		_, err := Merge(c.parts, false)
		assert.ErrorIs(t, err, c.err, want)
		assert.ErrorContains(t, err, want)
		assert.False(t, errors.Is(err, ErrMissing) && errors.Is(err, ErrMerge))
	}
	mixed, err := Merge([]*Result{one, kernel, three}, true)
	require.NoError(t, err)
	assert.Equal(t, "mixed", mixed.Provenance.Settings.Kernel)
	assert.Equal(t, strings.ReplaceAll(text(t, whole), `"kernel": "`+whole.Provenance.Settings.Kernel+`",`+"\n      \"precision\": \"auto\"", ""),
		strings.ReplaceAll(text(t, mixed), `"kernel": "mixed",`+"\n      \"precision\": \"auto\"", ""))
}

// A journal that says twice what it belongs to is none.
func TestJournalSaysItOnce(t *testing.T) {
	const head = `{"journal":1,"matrices":1,"provenance":{"tool":"a"%s}}` + "\n"
	for more, ok := range map[string]bool{"": true, `,"tool":"b"`: false, `,"settings":{"noise":"iqr","noise":"kn"}`: false} {
		_, _, err := parseJournal(fmt.Appendf(nil, head, more))
		assert.Equal(t, ok, err == nil, "%q %v", more, err)
	}
}
