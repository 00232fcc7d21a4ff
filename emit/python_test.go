package emit

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Patterns match as Python's re does, those with look-ahead too.
func TestPythonPatterns(t *testing.T) {
	patterns := []string{
		`model\.layers\.(?!0\.)\d+\.mlp`, `.*(?<!v)_proj\.weight$`, `(?P<n>\d+)\.q(?P=n)?`, `^model\.layers\.(?:1|12)\.`, `\d+\.mlp\.(gate|up)_proj`,
		`(?i)MODEL\.LAYERS`, `model.layers.1.`, `[^.]+\.weight\Z`, `(?=.*mlp)model`, `(a)?b(?(1)c|d)`, `\w+\.norm`, `^$`, `(?>a+)b`,
	}
	names := []string{"model.layers.0.mlp.up_proj.weight", "model.layers.1.mlp.gate_proj.weight", "model.layers.12.self_attn.v_proj.weight",
		"model.norm.weight", "lm_head.weight", "visual.blocks.3.mlp.up_proj.weight", "", "bd", "abc"}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("needs python3, which is not here")
	}
	for where, function := range map[anchoring]string{search: "search", atStart: "match", whole: "fullmatch"} {
		in, err := json.Marshal([]any{patterns, names})
		require.NoError(t, err)
		cmd := exec.Command(python, "-c", `import json, re, sys
patterns, names = json.load(sys.stdin)
def matches(p):
    try: r = re.compile(p)
    except re.error: return None
    return [bool(r.`+function+`(n)) for n in names]
json.dump([matches(p) for p in patterns], sys.stdout)`)
		cmd.Stdin = strings.NewReader(string(in))
		out, err := cmd.Output()
		require.NoError(t, err)
		var want [][]bool
		require.NoError(t, json.Unmarshal(out, &want))
		for i, p := range patterns {
			e, err := patternEntry(p, p, where)
			if want[i] == nil {
				continue // what this version of Python does not know
			}
			if !assert.NoError(t, err, p) {
				continue
			}
			for j, n := range names {
				assert.Equal(t, want[i][j], e.match(n), "re.%s(%q, %q)", function, p, n)
			}
		}
	}
}

// A pattern that takes for ever is an error, not a pattern that matches nothing.
func TestPatternThatNeverEnds(t *testing.T) {
	r, err := Parse(TRL, []byte("- (?=(a+)+$)(a+)+$\n"))
	require.NoError(t, err)
	_, err = r.Verify([]Param{{Name: strings.Repeat("a", 64) + "!"}})
	assert.ErrorIs(t, err, ErrInexpressible)
	assert.ErrorContains(t, err, "takes more than")
}
