package scan_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/scan"
)

// TestListManyTensors lists a file of very many tensors without keeping any of them.
func TestListManyTensors(t *testing.T) {
	const n = 50_000
	var header strings.Builder
	for i := range n {
		fmt.Fprintf(&header, `%c"t.%d.w":{"dtype":"F32","shape":[1,1],"data_offsets":[%d,%d]}`, "{,"[min(i, 1)], i, 4*i, 4*i+4)
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(header.Len()+1))
	file = append(append(file, header.String()+"}"...), make([]byte, 4*n)...)
	m, err := checkpoint.Opener{}.OpenReaderAt(t.Context(), bytes.NewReader(file), int64(len(file)), "many.safetensors")
	require.NoError(t, err)
	outcomes, err := scan.List(m, scan.Options{})
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	count := 0
	for o := range outcomes {
		if o.Reason == "" && o.Type == "w" {
			count++
		}
	}
	runtime.ReadMemStats(&after)
	assert.Equal(t, n, count)
	assert.Less(t, (after.TotalAlloc-before.TotalAlloc)/n, uint64(64), "bytes for a tensor: its shape, and nothing besides")
}
