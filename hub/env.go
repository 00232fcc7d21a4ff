package hub

import (
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`\$(?:[A-Za-z0-9_]+|\{[^}]*\})`)

// pathOf returns the path in an environment variable, as the Hugging Face tools, which
// are written in Python, take it: first ~ and ~user become home directories, then
// $NAME and ${NAME} the values of other variables. What is not known stays as it is.
func pathOf(name string) string {
	return variable.ReplaceAllStringFunc(expandHome(os.Getenv(name)), func(reference string) string {
		if value, ok := os.LookupEnv(strings.Trim(reference, "${}")); ok {
			return value
		}
		return reference
	})
}

// expandHome replaces ~ or ~user at the start of a path.
func expandHome(path string) string {
	if !strings.HasPrefix(path, "~") {
		return path
	}
	end := strings.IndexFunc(path, func(c rune) bool { return c == '/' || c == filepath.Separator })
	if end < 0 {
		end = len(path)
	}
	home, err := os.UserHomeDir()
	if who := path[1:end]; who != "" {
		var u *user.User
		if u, err = user.Lookup(who); err == nil {
			home = u.HomeDir
		}
	}
	if err != nil || home == "" {
		return path
	}
	return strings.TrimRight(home, "/") + path[end:]
}
