// The first process of the virtual machine of .ci/avx512: it runs the commands
// listed in /tests, reports on the console, and switches the machine off.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

func main() {
	verdict := "all commands passed"
	if err := run(); err != nil {
		verdict = "FAILED: " + err.Error()
	}
	fmt.Printf("\ninit: %s\n", verdict)
	syscall.Sync()
	err := syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	fmt.Println("init: power off:", err)
	select {} // the kernel panics if its first process ends
}

func run() error {
	for _, fs := range []struct{ kind, at string }{{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"tmpfs", "/tmp"}} {
		if err := os.MkdirAll(fs.at, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(fs.kind, fs.at, fs.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", fs.at, err)
		}
	}
	if err := printFeatures(); err != nil {
		return err
	}
	list, err := os.ReadFile("/tests")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(list)) {
		words := strings.Fields(line)
		fmt.Printf("init: run %s\n", strings.Join(words, " "))
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", words[0], err)
		}
	}
	return nil
}

// printFeatures prints what the kernel lets programs use of AVX-512.
func printFeatures() error {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return err
	}
	var found []string
	for line := range strings.Lines(string(info)) {
		if !strings.HasPrefix(line, "flags") {
			continue
		}
		for _, flag := range strings.Fields(line) {
			if strings.HasPrefix(flag, "avx512") {
				found = append(found, flag)
			}
		}
		break
	}
	fmt.Println("init: features", strings.Join(found, " "))
	return nil
}
