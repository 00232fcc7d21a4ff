// Package machine says how much memory there is for this process.
package machine

import (
	"bufio"
	"math"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/pbnjay/memory"
)

// Memory returns how many bytes this process may use: the least of what the machine has
// available, of the limits of its control groups, and of GOMEMLIMIT. It is read anew at
// each call, and [math.MaxInt64] where nothing is known.
func Memory() int64 {
	limit := debug.SetMemoryLimit(-1) // which reads it
	if total := memory.TotalMemory(); total > 0 && total < math.MaxInt64 {
		limit = min(limit, int64(total))
	}
	return min(limit, available("/proc/meminfo"), groups("/proc/self/cgroup", "/sys/fs/cgroup"))
}

// available returns what Linux estimates can be had without swapping.
func available(meminfo string) int64 {
	for _, line := range lines(meminfo) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			if kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 53); err == nil {
				return kib << 10
			}
		}
	}
	return math.MaxInt64
}

// groups returns the least limit of the control groups that this process is in, of
// version 1 and 2. In a container the path of a group may lead nowhere; its own limit then
// stands at the root of what is mounted, which is looked at in any case.
func groups(membership, mounted string) int64 {
	limit := int64(math.MaxInt64)
	for _, line := range lines(membership) {
		_, rest, _ := strings.Cut(line, ":")
		controllers, group, ok := strings.Cut(rest, ":")
		if !ok {
			continue
		}
		root, file := mounted, "memory.max"
		if controllers != "" {
			root, file = filepath.Join(mounted, "memory"), "memory.limit_in_bytes"
			if !strings.Contains(","+controllers+",", ",memory,") {
				continue
			}
		}
		for dir := path.Clean("/" + group); ; dir = path.Dir(dir) {
			limit = min(limit, number(filepath.Join(root, filepath.FromSlash(dir), file)))
			if dir == "/" {
				break
			}
		}
	}
	return limit
}

// number reads a file with one number; [math.MaxInt64] for none, or for "max".
func number(name string) int64 {
	text, err := os.ReadFile(name)
	if err != nil {
		return math.MaxInt64
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n < 0 {
		return math.MaxInt64
	}
	return n
}

// lines reads the lines of a file, none if it cannot be read.
func lines(name string) (all []string) {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		all = append(all, s.Text())
	}
	return all
}
