package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

// licenceFile matches the files of a module that say under which terms it may be
// copied, and the folders that hold those of code it has taken over.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|third[-_]party[-_]licen[cs]es)([-.].*)?$`)

// licences returns the terms of everything that is linked into a binary: Go's own
// library, which is in goroot, and the modules deps. Most ask to be handed on with each
// copy.
func licences(goroot string, deps []*debug.Module) ([]byte, error) {
	var out bytes.Buffer
	if err := appendTerms(&out, "The Go standard library", goroot); err != nil {
		return nil, err
	}
	for _, d := range deps {
		folder, err := output("go", "list", "-m", "-f", "{{.Dir}}", d.Path)
		if err != nil {
			return nil, err
		}
		if err := appendTerms(&out, d.Path+" "+d.Version, folder); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// appendTerms appends the licences in a folder, under a title.
func appendTerms(out *bytes.Buffer, title, folder string) error {
	entries, err := os.ReadDir(folder) // sorted
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		if !licenceFile.MatchString(e.Name()) {
			continue
		}
		names := []string{filepath.Join(folder, e.Name())}
		if e.IsDir() {
			if names, err = filepath.Glob(filepath.Join(folder, e.Name(), "*")); err != nil {
				return err
			}
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			inside, err := filepath.Rel(folder, name)
			if err != nil {
				return err
			}
			text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
			fmt.Fprintf(out, "==== %s: %s\n\n%s\n\n", title, filepath.ToSlash(inside), bytes.TrimSpace(text))
			found = true
		}
	}
	if !found {
		return fmt.Errorf("%s has no licence in %s", title, folder)
	}
	return nil
}

func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(append([]string{name}, args...), " "), err)
	}
	return strings.TrimSpace(string(text)), nil
}
