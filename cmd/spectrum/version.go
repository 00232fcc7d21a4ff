package main

import (
	"github.com/gospectrum/spectrum/internal/escape"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum"
)

func newVersion() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which build this is, and which kernel it would run here",
		Long: `version prints the version and the commit this program was built from, the version
of Go that built it, the platform, and the back-end and kernel that a scan would use
on this machine: what a report of a fault should hold.`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("format", format, formatTable, formatJSON); err != nil {
				return err
			}
			b := thisBuild()
			if format == formatJSON {
				return writeJSON(cmd.OutOrStdout(), b)
			}
			return b.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&format, "format", formatTable, "`FORMAT`: table or json")
	complete(cmd, "format", []string{formatTable, formatJSON})
	return cmd
}

// A build says what this program is and what it would compute with here.
type build struct {
	Version  string `json:"version"`            // a tag, or a pseudo-version that holds time and commit
	Commit   string `json:"commit,omitempty"`   // empty where Go did not record it
	Time     string `json:"time,omitempty"`     // of the commit
	Modified bool   `json:"modified,omitempty"` // built from a changed commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Backend  string `json:"backend"` // or why there is none
	Kernel   string `json:"kernel,omitempty"`
}

// version names the build as Go recorded it.
func version() string {
	info, _ := debug.ReadBuildInfo()
	return newBuild(info).Version
}

func thisBuild() build {
	info, _ := debug.ReadBuildInfo()
	b := newBuild(info)
	b.Go, b.Platform = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
	b.Backend, b.Kernel = defaultBackend()
	return b
}

// newBuild returns what info, which may be nil, says of version and commit.
func newBuild(info *debug.BuildInfo) build {
	if info == nil {
		return build{Version: "unknown"}
	}
	b := build{Version: info.Main.Version}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "devel"
		if b.Commit != "" {
			b.Version += "+" + b.Commit[:min(12, len(b.Commit))]
		}
	}
	return b
}

// defaultBackend names the back-end that would run, or says why none would, and the
// kernel of the native one.
func defaultBackend() (backend, kernel string) {
	chosen, err := spectrum.DefaultBackend()
	if err != nil {
		return "none: " + err.Error(), ""
	}
	if chosen.Name() != "native" {
		_, kernel, _ = strings.Cut(chosen.Name(), "native/")
		return chosen.Name(), kernel
	}
	for _, b := range spectrum.Backends() { // the preferred kernel comes first
		if k, ok := strings.CutPrefix(b.Name(), "native/"); ok {
			return "native", k
		}
	}
	return "native", ""
}

func (b build) write(w io.Writer) error {
	text := &strings.Builder{}
	line := func(label, value string) {
		if value != "" {
			escape.Fprintf(text, "%-9s %s\n", label, value)
		}
	}
	commit := b.Commit
	if b.Time != "" {
		commit += " of " + b.Time
	}
	if b.Modified {
		commit += ", with changes"
	}
	line("version", b.Version)
	line("commit", commit)
	line("go", b.Go)
	line("platform", b.Platform)
	line("back-end", b.Backend)
	line("kernel", b.Kernel)
	_, err := io.WriteString(w, text.String())
	return err
}
