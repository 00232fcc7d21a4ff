package machine

import (
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tree writes files under a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	return dir
}

func TestGroups(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"version 2, the parent's": {map[string]string{"self": "0::/a/b\n", "fs/memory.max": "max\n", "fs/a/memory.max": "1000\n", "fs/a/b/memory.max": "2000\n"}, 1000},
		"version 2, none":         {map[string]string{"self": "0::/a\n", "fs/a/memory.max": "max\n"}, math.MaxInt64},
		"version 2, a container":  {map[string]string{"self": "0::/../../pod/x\n", "fs/memory.max": "3000\n"}, 3000},
		"version 1":               {map[string]string{"self": "4:cpu:/a\n3:hugetlb,memory:/a\n", "fs/memory/a/memory.limit_in_bytes": "4000\n", "fs/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 4000},
		"another controller":      {map[string]string{"self": "3:memory_recursiveprot:/a\n", "fs/memory/a/memory.limit_in_bytes": "4000\n"}, math.MaxInt64},
		"no membership":           {nil, math.MaxInt64},
		"nonsense":                {map[string]string{"self": "\n:\n0::/x:y\n", "fs/memory.max": "-1"}, math.MaxInt64},
	} {
		dir := tree(t, c.files)
		assert.Equal(t, c.want, groups(filepath.Join(dir, "self"), filepath.Join(dir, "fs")), name)
	}
}

func TestAvailable(t *testing.T) {
	dir := tree(t, map[string]string{"a": "MemTotal: 9 kB\nMemAvailable:   2048 kB\n", "b": "MemAvailable: x kB\n"})
	assert.Equal(t, int64(2<<20), available(filepath.Join(dir, "a")))
	assert.Equal(t, int64(math.MaxInt64), available(filepath.Join(dir, "b")))
	assert.Equal(t, int64(math.MaxInt64), available(filepath.Join(dir, "none")))
}

// GOMEMLIMIT is respected.
func TestMemory(t *testing.T) {
	all := Memory()
	assert.Positive(t, all)
	assert.Less(t, all, int64(1)<<50, "no machine has that much")
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(256 << 20))
	assert.Equal(t, int64(256<<20), Memory())
}
