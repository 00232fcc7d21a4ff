//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// Whenever and however often a scan is ended, the same command ends in the bytes of a scan
// that was left alone, and computes nothing twice beyond what was in flight.
// SPECTRUM_KILLS is the number of processes that are ended.
func TestKills(t *testing.T) {
	if testing.Short() {
		t.Skip("ends processes for some time")
	}
	kills := 15
	if text := os.Getenv("SPECTRUM_KILLS"); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	// Where this test runs under nohup, or behind a shell's &, HUP or INT is ignored, and
	// programs that it starts would ignore it too. What is caught is theirs again.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP, syscall.SIGINT)
	defer signal.Stop(caught)
	program := built(t)
	k := &killer{t: t, program: program, model: sixty(t), rnd: rand.New(rand.NewPCG(16, 2))}
	whole := filepath.Join(t.TempDir(), "whole.json")
	began := time.Now()
	out, err := exec.Command(program, "scan", k.model, "-o", whole).CombinedOutput()
	require.NoError(t, err, string(out))
	k.takes, k.want = time.Since(began), withoutTimes(t, read(t, whole))
	for k.ended < kills {
		k.scan()
	}
	if kills >= 200 { // then one that is missing was not sent, or not obeyed
		for _, how := range []any{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, "a full disk"} {
			assert.Positive(t, k.by[fmt.Sprint(how)], how)
		}
	}
	t.Logf("%d processes ended by %v, %d scans, all as undisturbed; %d of at most %d matrices computed twice",
		k.ended, k.by, k.scans, k.again, k.flight)
}

// built builds the command.
func built(t *testing.T) (program string) {
	t.Helper()
	t.Setenv("SPECTRUM_BACKEND", "") // it has no tags, whatever this test has
	program = filepath.Join(t.TempDir(), "spectrum")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// sixty is a model of 60 matrices.
func sixty(t *testing.T) string {
	t.Helper()
	var tensors []safetensors.Data
	for i := range 60 {
		tensors = append(tensors, matrix(fmt.Sprintf("model.layers.%d.mlp.up_proj.weight", i), 160, int64(200+i)))
	}
	return modelDir(t, "model.safetensors", nil, tensors...)
}

// killer scans a model again and again.
type killer struct {
	t              *testing.T
	program, model string
	takes          time.Duration
	want           string
	rnd            *rand.Rand

	scans, ended  int
	by            map[string]int
	again, flight int // matrices computed twice, and what was in flight when processes ended
}

// scan ends processes until one has finished, and looks at what it wrote.
func (k *killer) scan() {
	t := k.t
	dir := t.TempDir()
	name := filepath.Join(dir, "r.json")
	computed, inFlight := 0, 0
	for {
		jobs := 1 + k.rnd.IntN(4)
		lines, finished := k.process(name, jobs)
		computed += lines
		if !finished {
			inFlight += jobs
		}
		if _, err := os.Stat(name); err == nil { // it may have ended right behind that
			require.Equal(t, k.want, withoutTimes(t, read(t, name)), "what is there is whole")
			if _, err := os.Stat(name + ".journal"); err != nil {
				break
			}
		}
	}
	k.scans++
	require.LessOrEqual(t, computed, 60+inFlight)
	k.again += computed - 60
	k.flight += inFlight
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing stays but the result")
}

// process starts one and ends it at some moment, by a signal, for want of space, or in a
// folder that is not to be written. It returns how many matrices it finished.
func (k *killer) process(name string, jobs int) (lines int, finished bool) {
	t := k.t
	command := fmt.Sprintf(`exec "$0" scan "$1" -o "$2" --jobs %d`, jobs)
	full := k.rnd.IntN(8) == 0
	if full { // in blocks of 512 bytes: the system refuses what is behind
		command = fmt.Sprintf("ulimit -f %d; ", 1+k.rnd.IntN(90)) + command
	}
	cmd := exec.Command("sh", "-c", command, k.program, k.model, name)
	var said strings.Builder
	cmd.Stderr = &said
	// In a session of its own, to all of which a terminal that closes sends HUP.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	require.NoError(t, cmd.Start())
	sig := []syscall.Signal{syscall.SIGKILL, syscall.SIGKILL, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT}[k.rnd.IntN(5)]
	timer := time.AfterFunc(time.Duration(k.rnd.Int64N(int64(k.takes))), func() { _ = syscall.Kill(-cmd.Process.Pid, sig) })
	err := cmd.Wait()
	timer.Stop()
	lines = len(regexp.MustCompile(`(?m)^\[ *\d+/60\]`).FindAllString(said.String(), -1))
	if err == nil {
		return lines, true
	}
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit))
	status, code := exit.Sys().(syscall.WaitStatus), exit.ExitCode()
	how := "a full disk"
	switch {
	case status.Signaled(): // before the program took over, or by KILL
		how = status.Signal().String()
	case code == exitIncomplete && full:
	default:
		require.Equal(t, exitSignal+int(sig), code, said.String())
		how = sig.String()
	}
	if k.by == nil {
		k.by = make(map[string]int)
	}
	k.by[how]++
	k.ended++
	return lines, false
}

// A folder that is not to be written is said before anything is computed.
func TestReadOnlyFolder(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o555))
	program := built(t)
	require.NoError(t, os.Chmod(filepath.Dir(filepath.Dir(program)), 0o755)) // for another user
	cmd := exec.Command(program, "scan", tiny, "-o", filepath.Join(dir, "r.json"))
	if os.Getuid() == 0 { // root writes everywhere
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) {
		t.Skipf("no other user can run it here: %v", err)
	}
	require.Error(t, err)
	assert.Contains(t, string(out), "permission denied")
	assert.NotContains(t, string(out), "SNR")
}
