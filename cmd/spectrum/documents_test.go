package main

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docs/command.md has a section for each command that names its flags and no others.
func TestFlagsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/command.md")
	require.NoError(t, err)
	sections := make(map[string]string)
	for _, s := range strings.Split("\n"+string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(s, "\n")
		sections[title] = body
	}
	flag := regexp.MustCompile(`--([a-z][a-z-]*)`)
	for _, cmd := range newCommand().Commands() {
		section, ok := sections[cmd.Name()]
		if !assert.True(t, ok, "docs/command.md has no section %s", cmd.Name()) {
			continue
		}
		documented := make(map[string]bool)
		for _, m := range flag.FindAllStringSubmatch(section, -1) {
			documented[m[1]] = true
			assert.NotNil(t, cmd.Flags().Lookup(m[1]), "docs/command.md: %s has no flag --%s", cmd.Name(), m[1])
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			assert.True(t, documented[f.Name] || f.Name == "help", "docs/command.md lacks --%s of %s", f.Name, cmd.Name())
		})
	}
}

// The scan that the README shows is what its command prints, but for what it leaves
// out and the back-end of another machine, whose last digits may differ.
func TestReadmeShowsAScan(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	m := regexp.MustCompile("(?s)\n    go run \\./cmd/spectrum (scan [^\n]+)\n\n```\n(.*?)```\n").FindStringSubmatch(string(text))
	require.NotNil(t, m, "the README shows no scan")
	t.Chdir("../..")
	out, _ := ok(t, strings.Fields(m[1])...)

	printed := strings.Split(out, "\n")
	next := 0
	for _, shown := range strings.Split(strings.TrimSuffix(m[2], "\n"), "\n") {
		if shown == "…" {
			continue
		}
		for next < len(printed) && !sameLine(shown, printed[next]) {
			next++
		}
		require.Less(t, next, len(printed), "the scan does not print, or not there: %s", shown)
		next++
	}
}

// sameLine compares two lines word by word, numbers to four digits. What stands last
// in the line of the formula is the back-end.
func sameLine(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] == y[i] || strings.HasPrefix(a, "SNR = ") && i >= len(x)-2 {
			continue
		}
		v, errV := strconv.ParseFloat(x[i], 64)
		w, errW := strconv.ParseFloat(y[i], 64)
		if errV != nil || errW != nil || math.Abs(v-w) > 1e-4*math.Abs(v) {
			return false
		}
	}
	return true
}
