package checkpoint

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sync"
)

// digest hashes what is read of a source, and where, until sum is asked for. A reader of
// headers asks for the same ranges of the same file every time, so that two copies of a
// file have the same sum, whatever their format is.
type digest struct {
	source
	mu   sync.Mutex
	hash hash.Hash // nil when it is over
}

// ReadAtContext implements readerAt.
func (d *digest) ReadAtContext(ctx context.Context, p []byte, offset int64) (int, error) {
	n, err := d.source.ReadAtContext(ctx, p, offset)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hash != nil && n > 0 && n <= len(p) {
		d.hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(offset)))
		d.hash.Write(p[:n])
	}
	return n, err
}

// sum ends the hashing.
func (d *digest) sum() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	sum := hex.EncodeToString(d.hash.Sum(nil))
	d.hash = nil
	return sum
}
