package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forwardOnly fails where a read goes back.
type forwardOnly struct {
	*bytes.Reader
	t  *testing.T
	at int64
}

func (r *forwardOnly) ReadAt(p []byte, offset int64) (int, error) {
	require.GreaterOrEqual(r.t, offset, r.at)
	require.LessOrEqual(r.t, len(p), window)
	r.at = offset + int64(len(p))
	return r.Reader.ReadAt(p, offset)
}

// TestGather reads views of a file in which element i is the number i, in one pass
// from its start to its end.
func TestGather(t *testing.T) {
	for _, c := range []struct{ shape, stride []int64 }{
		{[]int64{3, 4}, []int64{1, 3}},                             // by columns
		{[]int64{3, 4}, []int64{8, 1}},                             // with gaps
		{[]int64{3, 4}, []int64{8, 2}},                             // every second
		{[]int64{2, 3, 4}, []int64{1, 2, 6}},                       // all turned
		{[]int64{2, 3, 4}, []int64{12, 1, 3}},                      // two turned
		{[]int64{1, 4, 1, 3}, []int64{99, 1, 0, 4}},                // dimensions of 1 have any stride
		{[]int64{5}, []int64{3}},                                   // a column
		{[]int64{1500, 1400}, []int64{1, 1500}},                    // more than a window
		{[]int64{2, 1100, 1100}, []int64{1100 * 1100, 1, 1100}},    // each more than a window
		{[]int64{2, 3}, []int64{window, 1}},                        // far apart
		{[]int64{3, 2, 700}, []int64{1, 2_000_000, 3}},             // far apart inside
		{[]int64{0, 4}, []int64{1, 1}},                             // nothing
		{[]int64{1, 1}, []int64{7, 7}},                             // one
		{[]int64{300, 2, 3000}, []int64{2*3000 + 11, 3000 + 5, 1}}, // gaps everywhere
	} {
		s := stored{storage: &storage{dtype: "F32", shape: c.shape, stride: c.stride}, offset: 20}
		last := int64(0)
		for i, d := range c.shape {
			last += max(0, d-1) * c.stride[i]
		}
		file := make([]byte, 20, 20+4*(last+1))
		for i := range last + 1 {
			file = binary.NativeEndian.AppendUint32(file, uint32(i))
		}
		got := make([]byte, s.packedSize())
		r := &forwardOnly{bytes.NewReader(file), t, 0}
		require.NoError(t, s.gather(t.Context(), got, r))
		for i := range s.elements() {
			want, rest := int64(0), i
			for d := len(c.shape) - 1; d >= 0; d-- {
				want += rest % c.shape[d] * c.stride[d]
				rest /= c.shape[d]
			}
			if v := binary.NativeEndian.Uint32(got[4*i:]); int64(v) != want {
				assert.EqualValues(t, want, v, "%v, element %d", c, i)
				break
			}
		}
	}
}

func TestGatherEveryWidth(t *testing.T) {
	for dtype, width := range map[string]int{"U8": 1, "F16": 2, "F32": 4, "F64": 8} {
		s := stored{storage: &storage{dtype: dtype, shape: []int64{2, 3}, stride: []int64{1, 2}}}
		file := make([]byte, 6*width)
		for i := range file {
			file[i] = byte(i)
		}
		got := make([]byte, len(file))
		require.NoError(t, s.gather(t.Context(), got, bytes.NewReader(file)))
		var want []byte
		for _, i := range []int{0, 2, 4, 1, 3, 5} {
			want = append(want, file[i*width:(i+1)*width]...)
		}
		assert.Equal(t, want, got, dtype)
	}
}

func TestForwardReadsOnlyForwards(t *testing.T) {
	text := []byte("0123456789")
	f := &forward{ctx: t.Context(), r: bytes.NewReader(text)}
	b := make([]byte, 3)
	for _, at := range []int64{0, 3, 7} {
		_, err := f.ReadAt(b, at)
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprint(string(text[at:at+3])), string(b))
	}
	_, err := f.ReadAt(b, 2)
	assert.ErrorContains(t, err, "a read at 2 behind one up to 10")
	_, err = f.ReadAt(b, 11)
	assert.ErrorContains(t, err, "unexpected EOF")
	require.NoError(t, f.drain())
}
