package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// Errors of journals; test for them with [errors.Is].
var (
	// ErrJournal reports a journal that belongs to another scan, or is none.
	ErrJournal = errors.New("not the journal of this scan")
	// ErrLocked reports a journal that another process writes.
	ErrLocked = errors.New("another process is at it")
	// ErrStored reports that something finished could not be kept, because the disk is
	// full or for another reason that the system gives.
	ErrStored = errors.New("what was finished cannot be stored")
)

// Journal is a file that keeps the rows of a scan as they are finished, so that the same
// scan can be continued after whatever ended it. Its first line says what it belongs to,
// as JSON; each other line is a row. A line is written at once, and forced onto the disk
// at most once a second: what ends the process costs the matrices in flight, and what ends
// the machine those of the last second too.
//
// It is a regular file, locked by the operating system while it is open.
type Journal struct {
	name   string
	file   *os.File
	locked bool
	rows   []Row       // of an earlier run
	head   *Provenance // what the file belongs to, nil for a new one
	size   int64       // up to the end of the last whole line
	synced time.Time
}

// journalHead is the first line.
type journalHead struct {
	Journal    int        `json:"journal"` // version of the format
	Matrices   int        `json:"matrices"`
	Provenance Provenance `json:"provenance"`
}

const journalVersion = 1

// OpenJournal opens a journal, or makes one. Fresh discards what is in it. The caller
// hands it to a [Recorder], and closes or removes it.
//
// The error wraps [ErrJournal] for a link, for what is no regular file and for a file
// whose first line is not that of a journal; and [ErrLocked] if another process has it.
func OpenJournal(name string, fresh bool) (*Journal, error) {
	f, err := openRegular(name)
	if err != nil {
		return nil, err
	}
	j := &Journal{name: name, file: f}
	if j.locked, err = lock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	// The process that had the lock may have removed the file since it was opened.
	now, err := os.Lstat(name)
	if mine, mineErr := f.Stat(); err != nil || mineErr != nil || !os.SameFile(now, mine) {
		f.Close()
		return OpenJournal(name, fresh)
	}
	if fresh {
		err = f.Truncate(0)
	} else {
		err = j.read()
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	j.tidy()
	return j, nil
}

// openRegular opens or makes a file that is no link.
func openRegular(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err == nil || !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	before, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: it is no regular file", name, ErrJournal)
	}
	if f, err = os.OpenFile(name, os.O_RDWR, 0); err != nil {
		return nil, err
	}
	if after, err := f.Stat(); err != nil || !os.SameFile(before, after) {
		f.Close()
		return nil, fmt.Errorf("%s: %w: it was exchanged", name, ErrJournal)
	}
	return f, nil
}

// temporary is how the names end of files in which a result is being written.
var temporary = regexp.MustCompile(`^\.[0-9a-f]{8}\.partial$`)

// tidy removes what a run that was killed while it wrote the result has left: the lock of
// the journal is that of the result.
func (j *Journal) tidy() {
	base, ok := strings.CutSuffix(j.name, ".journal")
	entries, err := os.ReadDir(filepath.Dir(j.name))
	if !ok || err != nil || !j.locked {
		return
	}
	for _, e := range entries {
		if rest, ok := strings.CutPrefix(e.Name(), filepath.Base(base)); ok && temporary.MatchString(rest) && e.Type().IsRegular() {
			_ = os.Remove(filepath.Join(filepath.Dir(j.name), e.Name()))
		}
	}
}

// read reads what an earlier run has left. A last line without its end was cut off by
// what ended that run, and is dropped.
func (j *Journal) read() error {
	text, err := io.ReadAll(j.file)
	if err != nil {
		return err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	j.size = int64(len(text))
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	if len(text) == 0 {
		return nil
	}
	head, rows, err := parseJournal(text)
	if err != nil {
		return err
	}
	j.head, j.rows = &head.Provenance, rows
	return nil
}

// isJournal reports whether a text begins as a journal does.
func isJournal(text []byte) bool { return bytes.HasPrefix(text, []byte(`{"journal":`)) }

// parseJournal reads whole lines. Of a matrix that is there twice, because it failed the
// first time, the last row counts.
func parseJournal(text []byte) (head journalHead, rows []Row, err error) {
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	if err := strictjson.Unmarshal(first, &head); err != nil || head.Journal < 1 {
		return head, nil, fmt.Errorf("%w: its first line is not that of a journal", ErrJournal)
	}
	if head.Journal > journalVersion {
		return head, nil, fmt.Errorf("%w: it is of a newer version of this program", ErrJournal)
	}
	fields := columns()
	at := make(map[string]int)
	for i := 2; len(rest) > 0; i++ {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		s, err := strictjson.New(line)
		if err != nil {
			return head, nil, fmt.Errorf("%w: line %d: %w", ErrFormat, i, err)
		}
		row, err := parseRow(s, fields, i-2)
		if err == nil {
			err = s.End()
		}
		if err != nil {
			return head, nil, fmt.Errorf("%w: line %d: %w", ErrFormat, i, err)
		}
		if k, twice := at[row.Name]; twice {
			rows[k] = row
			continue
		}
		at[row.Name] = len(rows)
		rows = append(rows, row)
	}
	return head, rows, nil
}

// ofJournal makes a result of a journal: the rows there are, in the order of the model.
func ofJournal(text []byte) (*Result, error) {
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	head, rows, err := parseJournal(text)
	if err != nil {
		return nil, err
	}
	r := &Result{Provenance: head.Provenance, Rows: rows, Interrupted: true, Missing: max(0, head.Matrices-len(rows))}
	slices.SortFunc(r.Rows, byModel)
	if len(rows) > 0 {
		r.Kind = rows[0].Kind
	}
	return r, nil
}

// begin checks that what is in the journal belongs to the scan that p describes, and
// enters that in a new one.
func (j *Journal) begin(p Provenance, matrices int) error {
	p.Started, p.Finished, p.Seconds, p.Model = time.Time{}, time.Time{}, 0, ""
	if j.head != nil {
		differ := j.head.differences(&p)
		if j.head.Shard != p.Shard {
			differ = append(differ, fmt.Sprintf("shard is %s there and %s here", plainText(j.head.Shard), plainText(p.Shard)))
		}
		if len(differ) > 0 {
			return fmt.Errorf("%s: %w: %s", j.name, ErrJournal, firstOf(differ))
		}
		return nil
	}
	return j.line(journalHead{journalVersion, matrices, p})
}

// finished returns the rows that need not be computed again: those that did not fail.
func (j *Journal) finished() []Row {
	var rows []Row
	for _, r := range j.rows {
		if r.Error == "" && r.TiedTo == "" {
			rows = append(rows, r)
		}
	}
	return rows
}

// Resumes returns how many rows of an earlier run the journal has, which are not
// computed again.
func (j *Journal) Resumes() int {
	if j == nil {
		return 0
	}
	return len(j.finished())
}

// Locked reports whether the file system has locks, so that no other process can write
// the same journal.
func (j *Journal) Locked() bool { return j != nil && j.locked }

// Name returns the name of the file.
func (j *Journal) Name() string {
	if j == nil {
		return ""
	}
	return j.name
}

// line appends one line, all of it or nothing.
func (j *Journal) line(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("%s: %w: %w", j.name, ErrStored, err)
	}
	n, err := j.file.WriteAt(b.Bytes(), j.size)
	if err == nil && time.Since(j.synced) > time.Second {
		err = j.file.Sync()
		j.synced = time.Now()
	}
	if err != nil {
		if n > 0 {
			_ = j.file.Truncate(j.size) // else the next run drops it
		}
		return fmt.Errorf("%w: %w", ErrStored, err)
	}
	j.size += int64(n)
	return nil
}

// Close closes the file and keeps it, for the next run.
func (j *Journal) Close() error {
	if j == nil || j.file == nil {
		return nil
	}
	err := errors.Join(j.file.Sync(), j.file.Close())
	j.file = nil
	return err
}

// Remove removes the file, when the result is in its place.
func (j *Journal) Remove() error {
	if j == nil || j.file == nil {
		return nil
	}
	err := os.Remove(j.name) // while it is locked, so that it is no other's
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	closed := j.file.Close()
	j.file = nil
	if err != nil && closed == nil { // systems that remove no open file
		err = os.Remove(j.name)
	}
	return err
}
