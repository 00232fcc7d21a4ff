package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// traced are the kinds of system call that leave a process: the network, other
// processes, files by name, and the ways around these three.
const traced = "trace=%network,%process,%file,?io_uring_setup,?memfd_create,?open_by_handle_at,?ptrace,?process_vm_writev,?bpf,?unshare,?setns"

// A local run opens no socket, starts no program and no process, and writes, creates,
// renames and removes its output, the journal and the temporary file beside it, and nothing
// else. This is held against what the kernel was asked for, not against what this program says.
func TestLocalRunsWriteTheirOutputAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("traces processes for some time")
	}
	needStrace(t)
	dir, program := t.TempDir(), built(t)
	t.Setenv("HF_TOKEN", "secret")
	t.Setenv("HF_ENDPOINT", "http://127.0.0.1:1")

	at := func(name string) string { return filepath.Join(dir, name) }
	model := func(name string) string { return filepath.Join("../../testdata/formats", name) }
	for _, c := range []struct {
		code    int
		outputs []string
		args    []string
	}{
		{exitOK, nil, []string{"inspect", tiny}},
		{exitOK, nil, []string{"inspect", model("gguf-Q4_K.gguf")}},
		{exitOK, nil, []string{"scan", tiny, "--top", "25"}},
		{exitOK, []string{at("r.json")}, []string{"scan", tiny, "-o", at("r.json")}},
		{exitOK, []string{at("t.json"), at("t.yaml")}, []string{"scan", tiny, "-o", at("t.json"), "--top", "25", "--selection", at("t.yaml")}},
		{exitOK, []string{at("torch.csv")}, []string{"scan", model("torch"), "-o", at("torch.csv")}},
		{exitOK, []string{at("unfrozen.yaml")}, []string{"select", at("r.json"), "--top", "25", "-o", at("unfrozen.yaml")}},
		{exitOK, []string{at("r.json")}, []string{"scan", tiny, "-o", at("r.json")}}, // over the older one
		{exitOK, nil, []string{"verify", at("unfrozen.yaml"), tiny}},
		{exitUsage, []string{at("e.json")}, []string{"scan", hostilePickle(t), "-o", at("e.json")}},
		{exitUsage, nil, []string{"scan", "org/name"}}, // of the cache, where it is not
	} {
		code, calls := strace(t, append([]string{program}, c.args...))
		require.Equal(t, c.code, code, "%q", c.args)
		assert.Empty(t, forbidden(calls, c.outputs), "%q", c.args)
		if c.code == exitOK {
			for _, name := range c.outputs {
				assert.True(t, slices.ContainsFunc(calls, func(call string) bool {
					return strings.HasPrefix(call, "rename") && strings.Contains(call, name+`"`)
				}), "%q: %s came without a trace", c.args, name)
			}
		}
	}
}

// hostilePickle writes a PyTorch file that runs a command where it is loaded by pickle.
func hostilePickle(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "model.pt")
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for entry, text := range map[string]string{
		"archive/data.pkl": "\x80\x02cos\nsystem\nX\x0b\x00\x00\x00touch owned\x85R.", "archive/version": "3\n",
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: entry}) // stored
		require.NoError(t, err)
		_, err = w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(name, b.Bytes(), 0o644))
	return name
}

// needStrace skips where processes cannot be traced.
func needStrace(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	if out, err := exec.Command("strace", "-f", "-o", "/dev/null", "-e", traced, "true").CombinedOutput(); err != nil {
		t.Skipf("strace does not work here: %v: %s", err, out)
	}
}

// strace runs a command and returns its exit code and the system calls of all its threads
// and children, a line each. Each of them writes a file of its own, so that no line is
// torn by another's.
func strace(t *testing.T, command []string) (code int, calls []string) {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command("strace", append([]string{"-f", "-ff", "-y", "-qq", "-e", "signal=none", "-e", traced, "-o", prefix, "--"}, command...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	_ = cmd.Run() // the exit code is the command's
	require.NotContains(t, stderr.String(), "strace: ")
	files, err := filepath.Glob(prefix + ".*")
	require.NoError(t, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			calls = append(calls, strings.TrimSuffix(line, "\n"))
		}
	}
	return cmd.ProcessState.ExitCode(), calls
}

// quoted finds the paths in a call: what is between quotes, after the folder that it is
// relative to.
var quoted = regexp.MustCompile(`(?:<([^>"]*)>, )?"((?:[^"\\]|\\.)*)"`)

// forbidden returns the calls that go beyond reading files and writing the outputs. A call
// that failed counts too.
func forbidden(calls, outputs []string) (found []string) {
	programs := 0
	for _, call := range calls {
		name, arguments, isCall := strings.Cut(call, "(")
		has := func(words ...string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(arguments, w) })
		}
		allowed := false
		switch name {
		case "execve":
			programs++
			allowed = programs == 1
		case "clone", "clone3":
			allowed = has("CLONE_THREAD")
		case "tgkill":
			allowed = has("SIGURG") // by which Go interrupts its own threads
		case "access", "faccessat", "faccessat2", "stat", "stat64", "lstat", "lstat64", "newfstatat", "fstatat64", "statx",
			"readlink", "readlinkat", "getcwd", "exit", "exit_group":
			allowed = true
		case "open", "openat", "openat2":
			allowed = has("O_RDONLY") && !has("O_CREAT", "O_TRUNC", "O_TMPFILE", "O_WRONLY", "O_RDWR") || areOutputs(arguments, outputs)
		case "rename", "renameat", "renameat2", "unlink", "unlinkat":
			allowed = areOutputs(arguments, outputs)
		case "???":
			allowed = has("<detached ...>") // of a thread that the end of the process caught in between
		default:
			allowed = !isCall || strings.HasPrefix(call, "+++") // how it ended
		}
		if !allowed {
			found = append(found, call)
		}
	}
	if programs == 0 {
		found = append(found, "nothing was traced")
	}
	return found
}

// beside ends the names of files beside an output: what is written before it is renamed,
// and the journal.
var beside = regexp.MustCompile(`^(?:\.[0-9a-f]{8}\.partial|\.journal)?$`)

// areOutputs reports whether all paths of a call are outputs, or files beside them.
func areOutputs(arguments string, outputs []string) bool {
	paths := quoted.FindAllStringSubmatch(arguments, -1)
	for _, p := range paths {
		name := p[2]
		if !filepath.IsAbs(name) {
			name = filepath.Join(p[1], name)
		}
		if !slices.ContainsFunc(outputs, func(out string) bool {
			rest, ok := strings.CutPrefix(name, out)
			return ok && beside.MatchString(rest)
		}) && name != os.DevNull {
			return false
		}
	}
	return len(paths) > 0
}

// What a run must not do is found: in the words of strace, and as another program does it.
func TestForbiddenCallsAreFound(t *testing.T) {
	const run = `execve("/d/spectrum", ["/d/spectrum", "scan"], 0x7ffd /* 39 vars */) = 0`
	outputs := []string{"/d/r.json"}
	for _, call := range []string{
		`openat(AT_FDCWD</d>, "/d/config.json", O_RDONLY|O_CLOEXEC) = 3</d/config.json>`,
		`openat(AT_FDCWD</d>, "r.json.0123abcd.partial", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0666) = 3</d/r.json.0123abcd.partial>`,
		`openat(AT_FDCWD</d>, "/d/r.json.journal", O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC, 0666) = 3</d/r.json.journal>`,
		`openat(AT_FDCWD</d>, "/dev/null", O_RDWR) = 3</dev/null>`,
		`renameat(AT_FDCWD</d>, "/d/r.json.0123abcd.partial", AT_FDCWD</d>, "/d/r.json") = 0`,
		`unlinkat(AT_FDCWD</d>, "/d/r.json.0123abcd.partial", 0) = 0`,
		`clone(child_stack=0xc0, flags=CLONE_VM|CLONE_FS|CLONE_THREAD) = 7`,
		`+++ exited with 0 +++`,
	} {
		assert.Empty(t, forbidden([]string{run, call}, outputs), call)
	}
	for _, call := range []string{
		run, // a second one
		`execveat(3, "", ["x"], 0x7ffd, AT_EMPTY_PATH) = -1 ENOENT (No such file or directory)`,
		`socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3`,
		`connect(3, {sa_family=AF_UNIX, sun_path="/d/r.json"}, 16) = 0`,
		`clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD) = 7`,
		`clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88) = 7`,
		`vfork() = 7`,
		`kill(1, SIGTERM) = 0`,
		`tgkill(1, 1, SIGKILL) = 0`,
		`openat(AT_FDCWD</d>, "/d/r.json.partial", O_WRONLY|O_CREAT, 0666) = 3`,
		`openat(AT_FDCWD</d>, "/d/sub/../r.json", O_WRONLY|O_CREAT, 0666) = 3`,
		`openat(4</e>, "r.json", O_RDWR) = -1 EACCES (Permission denied)`,
		`openat(AT_FDCWD</d>, "/d/config.json", O_RDONLY|O_TRUNC) = 3`,
		`openat2(AT_FDCWD</d>, "/d/x", {flags=O_RDWR|O_CREAT, mode=0600, resolve=0}, 24) = 3`,
		`renameat(AT_FDCWD</d>, "/d/r.json.0123abcd.partial", AT_FDCWD</d>, "/d/model.safetensors") = 0`,
		`unlinkat(AT_FDCWD</d>, "/d/model.safetensors", 0) = 0`,
		`mkdirat(AT_FDCWD</d>, "/d/r.json", 0777) = 0`,
		`symlinkat("/d/r.json", AT_FDCWD</d>, "/d/r.json") = 0`,
		`linkat(AT_FDCWD</d>, "/d/r.json", AT_FDCWD</d>, "/d/r.json", 0) = 0`,
		`truncate("/d/r.json", 0) = 0`,
		`fchmodat(AT_FDCWD</d>, "/d/r.json", 0777) = 0`,
		`memfd_create("x", 0) = 3`,
		`io_uring_setup(8, 0x7ffd) = 3`,
	} {
		assert.Equal(t, []string{call}, forbidden([]string{run, call}, outputs), call)
	}
	assert.NotEmpty(t, forbidden(nil, nil), "a trace of nothing")

	needStrace(t)
	dir := t.TempDir()
	for script, want := range map[string]string{
		"echo x > elsewhere": "elsewhere", "mkdir sub": "mkdir", "(exit 1)": "clone|fork", "ln -s a b": "symlink",
	} {
		_, calls := strace(t, []string{"sh", "-c", fmt.Sprintf("cd '%s' && %s", dir, script)})
		assert.Regexp(t, want, strings.Join(forbidden(calls, nil), "\n"), script)
	}
}
