package hugepage

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func TestMake(t *testing.T) {
	for _, n := range []int{0, 1, 1000, size, 3*size + 5} {
		s := Make[float32](n)
		require.Len(t, s, n)
		for i, v := range s {
			if v != 0 {
				t.Fatalf("element %d is %v", i, v)
			}
			s[i] = 1
		}
		require.Len(t, Make[float64](n), n)
	}
}

// Only whole pages inside the slice are named, and all of them.
func TestPages(t *testing.T) {
	buf := make([]byte, 6*size)
	at := func(s []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(s))) }
	first := int(-at(buf) % size) // of the first whole page
	for _, lo := range []int{first, first + 1, first + 4096, first + size - 1} {
		for _, n := range []int{0, 1, size - 1, size, size + 1, 2*size - 1, 2 * size, 3*size + 7} {
			s := buf[lo : lo+n]
			p := pages(s)
			require.Zero(t, len(p)%size)
			if len(p) == 0 {
				require.Less(t, n, 2*size)
				require.False(t, lo == first && n >= size)
				continue
			}
			require.Zero(t, at(p)%size)
			require.GreaterOrEqual(t, at(p), at(s))
			require.Less(t, at(p)-at(s), uintptr(size))
			rest := at(s) + uintptr(n) - at(p) - uintptr(len(p))
			require.Less(t, rest, uintptr(size))
		}
	}
}
