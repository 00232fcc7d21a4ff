package emit

import (
	"encoding/json"
	"regexp"
	"strings"
)

// plainYAML are strings that YAML takes as such without quotes.
var plainYAML = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.,/-]*$`)

// otherYAML are words that YAML 1.1 takes for something else than a string.
var otherYAML = regexp.MustCompile(`^(?i:null|true|false|yes|no|on|off|y|n)$`)

// quoteYAML writes a string of plain names as a YAML scalar, quoted only if need be.
func quoteYAML(s string) string {
	if plainYAML.MatchString(s) && !otherYAML.MatchString(s) {
		return s
	}
	return `"` + s + `"` // names have neither quotes nor backslashes
}

// unquoteYAML reads a YAML scalar of one line.
func unquoteYAML(s string) string {
	s = strings.TrimSpace(s)
	if n := len(s); n > 1 && s[0] == '\'' && s[n-1] == '\'' {
		return strings.ReplaceAll(s[1:n-1], "''", "'")
	}
	var out string
	if strings.HasPrefix(s, `"`) && json.Unmarshal([]byte(s), &out) == nil {
		return out
	}
	s, _, _ = strings.Cut(s, " #")
	return strings.TrimSpace(s)
}

// scalarYAML returns the value of a top-level key of YAML.
func scalarYAML(s, key string) string {
	_, rest, _ := strings.Cut("\n"+s, "\n"+key+":")
	line, _, _ := strings.Cut(rest, "\n")
	return unquoteYAML(line)
}
