package torchfile

import (
	"archive/zip"
	"bytes"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzRead(f *testing.F) {
	for _, b := range crafted() {
		f.Add(b)
	}
	for _, name := range []string{"state.bin", "legacy.pt", "legacy-extras.pt", "lightning.ckpt", "compiled.pt", "listed.pt", "protocol4.pt", "evil.pt", "bomb.pt"} {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b) })
}

// FuzzPickle spares the fuzzer the search for a valid archive.
func FuzzPickle(f *testing.F) {
	for _, b := range crafted() {
		if z, err := zip.NewReader(bytes.NewReader(b), int64(len(b))); err == nil {
			if r, err := z.Open("x/data.pkl"); err == nil {
				var text bytes.Buffer
				_, _ = text.ReadFrom(r)
				f.Add(text.Bytes())
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) { check(t, pickled(string(text))) })
}

// check reads a file and holds what is accepted to what Read promises.
func check(t *testing.T, b []byte) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tensors, err := read(b)
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(len(b))+64<<20; got > limit {
		t.Errorf("allocated %d bytes for a file of %d", got, len(b))
	}
	if err != nil {
		return
	}
	for _, x := range tensors {
		require.GreaterOrEqual(t, x.Offset, int64(0), x.Name)
		require.LessOrEqual(t, x.Offset+x.Span, int64(len(b)), x.Name)
		if x.Skip != "" {
			require.Zero(t, x.Span, x.Name)
			continue
		}
		require.NotZero(t, width(x.DType), x.Name)
		if x.Stride == nil {
			n := int64(width(x.DType))
			for _, d := range x.Shape {
				n *= d
			}
			require.Equal(t, n, x.Span, x.Name)
		}
	}
}
