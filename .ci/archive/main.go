// Archives of a release: it checks each binary it is given, packs it with the
// licences it needs, and writes the checksums of all archives beside them. What it
// writes depends on the binaries and the named files alone, not on the machine.
// .ci/release runs it in the folder the binaries were built in.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// documents are the files of the repository that every archive holds.
var documents = []string{"CHANGELOG.md", "LICENSE", "README.md"}

func main() {
	out := flag.String("o", ".", "`FOLDER` of the archives")
	flag.Parse()
	if err := run(*out, flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "archive:", err)
		os.Exit(1)
	}
}

// run writes one archive for each binary and SHA256SUMS into the folder out, and
// names each archive on a line of its own.
func run(out string, binaries []string, stdout io.Writer) error {
	if len(binaries) == 0 {
		return fmt.Errorf("no binaries")
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	env, err := output("go", "env", "GOROOT", "GOMODCACHE")
	if err != nil {
		return err
	}
	goroot, modules, _ := strings.Cut(env, "\n")
	var sums []string
	for _, name := range binaries {
		b, err := open(name, here, goroot+"/src", modules)
		if err != nil {
			return err
		}
		files, err := contents(b, goroot)
		if err != nil {
			return err
		}
		packed, err := pack(b, files)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, b.archive()), packed, 0o644); err != nil {
			return err
		}
		sums = append(sums, fmt.Sprintf("%x  %s\n", sha256.Sum256(packed), b.archive()))
		fmt.Fprintln(stdout, b.archive())
	}
	slices.SortFunc(sums, func(a, b string) int { return strings.Compare(a[64:], b[64:]) })
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(strings.Join(sums, "")), 0o644)
}

// contents returns the files of the archive of b.
func contents(b *binary, goroot string) ([]file, error) {
	files := []file{{b.name(), 0o755, b.data}}
	for _, name := range documents {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, 0o644, data})
	}
	licences, err := licences(goroot, b.info.Deps)
	if err != nil {
		return nil, err
	}
	return append(files, file{"THIRD-PARTY-LICENSES", 0o644, licences}), nil
}
