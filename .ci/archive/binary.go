package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"
)

// A binary is a command of this module for one platform.
type binary struct {
	data                      []byte
	info                      *debug.BuildInfo
	os, arch, version, commit string
	time                      time.Time // of the commit
}

// open reads a binary and checks that it is fit for a release. It must not know the
// folders, which are those it was built from.
func open(name string, folders ...string) (*binary, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	b, err := newBinary(data, info)
	if err == nil {
		err = b.checkFormat()
	}
	if err == nil {
		err = b.checkPaths(folders)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// newBinary checks how a binary was built, as the go command recorded it.
func newBinary(data []byte, info *debug.BuildInfo) (*binary, error) {
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	for key, want := range map[string]string{
		"CGO_ENABLED": "0", "-trimpath": "true", "vcs": "git", "vcs.modified": "false",
	} {
		if settings[key] != want {
			return nil, fmt.Errorf("built with %s=%q instead of %q", key, settings[key], want)
		}
	}
	for _, d := range info.Deps {
		if d.Replace != nil {
			return nil, fmt.Errorf("built with another module in place of %s", d.Path)
		}
	}
	at, err := time.Parse(time.RFC3339, settings["vcs.time"])
	if err != nil {
		return nil, err
	}
	return &binary{
		data: data, info: info, time: at.UTC(),
		os: settings["GOOS"], arch: settings["GOARCH"],
		version: info.Main.Version, commit: settings["vcs.revision"],
	}, nil
}

// name is the name of the binary in its archive.
func (b *binary) name() string {
	if b.os == "windows" {
		return "spectrum.exe"
	}
	return "spectrum"
}

// folder is the only folder of the archive, and its name without the extension.
func (b *binary) folder() string { return fmt.Sprintf("spectrum-%s-%s-%s", b.version, b.os, b.arch) }

// archive is the name of the archive.
func (b *binary) archive() string {
	if b.os == "windows" {
		return b.folder() + ".zip"
	}
	return b.folder() + ".tar.gz"
}

// checkFormat checks that the loader of the platform would take the file: most of
// them cannot be started here.
func (b *binary) checkFormat() error {
	r := bytes.NewReader(b.data)
	switch b.os {
	case "linux":
		return checkELF(r, map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[b.arch])
	case "darwin":
		return checkMachO(r, map[string]macho.Cpu{"amd64": macho.CpuAmd64, "arm64": macho.CpuArm64}[b.arch])
	case "windows":
		return checkPE(r, map[string]uint16{"amd64": pe.IMAGE_FILE_MACHINE_AMD64, "arm64": pe.IMAGE_FILE_MACHINE_ARM64}[b.arch])
	}
	return fmt.Errorf("no release for %s", b.os)
}

// checkELF wants an executable that needs no interpreter, and so no C library.
func checkELF(r io.ReaderAt, machine elf.Machine) error {
	f, err := elf.NewFile(r)
	if err != nil {
		return err
	}
	if f.Machine != machine || f.Type != elf.ET_EXEC {
		return fmt.Errorf("ELF file of type %v for %v, not an executable for %v", f.Type, f.Machine, machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("ELF file is linked dynamically")
		}
	}
	return nil
}

// checkMachO wants an executable; arm64 runs only what carries a signature.
func checkMachO(r io.ReaderAt, cpu macho.Cpu) error {
	f, err := macho.NewFile(r)
	if err != nil {
		return err
	}
	if f.Cpu != cpu || f.Type != macho.TypeExec {
		return fmt.Errorf("Mach-O file of type %v for %v, not an executable for %v", f.Type, f.Cpu, cpu)
	}
	const codeSignature = 0x1d // LC_CODE_SIGNATURE of loader.h
	for _, l := range f.Loads {
		if f.ByteOrder.Uint32(l.Raw()) == codeSignature {
			return nil
		}
	}
	if cpu == macho.CpuArm64 {
		return fmt.Errorf("Mach-O file has no signature")
	}
	return nil
}

// checkPE wants a 64-bit executable that opens in a console.
func checkPE(r io.ReaderAt, machine uint16) error {
	f, err := pe.NewFile(r)
	if err != nil {
		return err
	}
	if f.Machine != machine || f.Characteristics&pe.IMAGE_FILE_EXECUTABLE_IMAGE == 0 {
		return fmt.Errorf("PE file for machine %#x, not an executable for %#x", f.Machine, machine)
	}
	h, ok := f.OptionalHeader.(*pe.OptionalHeader64)
	if !ok || h.Subsystem != pe.IMAGE_SUBSYSTEM_WINDOWS_CUI {
		return fmt.Errorf("PE file is no 64-bit console program")
	}
	return nil
}

// checkPaths looks for folders of this machine, which would make the binary differ
// from the one built elsewhere.
func (b *binary) checkPaths(folders []string) error {
	for _, folder := range folders {
		if bytes.Contains(b.data, []byte(folder)) {
			return fmt.Errorf("holds the path %s of this machine", folder)
		}
	}
	return nil
}
