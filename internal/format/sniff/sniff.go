// Package sniff tells from the first bytes of a file what it is, whatever its name
// says: one of the formats that hold weights, or one of the things that people have
// under the name of a weight file, such as a Git LFS pointer or the page of an error.
package sniff

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// Length is how many of a file's first bytes [Sniff] looks at.
const Length = 1024

// Sniff returns what a file of size bytes that begins with head is. The head need
// not be longer than [Length]; a shorter one tells less. Every kind but [Unknown] is
// certain enough to decide against the name of the file.
func Sniff(head []byte, size int64) Kind {
	head = head[:min(len(head), Length)]
	if size == 0 {
		return Empty
	}
	if isSafetensors(head) {
		return Safetensors
	}
	for _, m := range magics {
		if m.at <= len(head) && bytes.HasPrefix(head[m.at:], []byte(m.bytes)) {
			return m.kind
		}
	}
	if first, ok := zipEntry(head); ok {
		return zipKind(first)
	}
	switch {
	case isPickle(head):
		return Pickle
	case isTar(head):
		return Tar
	case isONNX(head):
		return ONNX
	case len(head) >= 16 && len(bytes.Trim(head, "\x00")) == 0:
		return Zeros
	}
	return textKind(head)
}

// magics are the signatures that stand at a fixed place.
var magics = []struct {
	at    int
	bytes string
	kind  Kind
}{
	{0, "GGUF", GGUF},
	{0, "lmgg", GGML}, {0, "fmgg", GGML}, {0, "tjgg", GGML}, {0, "algg", GGML}, // read as numbers: ggml, ggmf, ggjt, ggla
	{0, "\x93NUMPY", NPY},
	{0, "PK\x05\x06", EmptyZip},
	{0, "\x89HDF\r\n\x1a\n", HDF5},
	{0, "\x1f\x8b", Gzip},
	{0, "\x28\xb5\x2f\xfd", Zstandard},
	{0, "\xfd7zXZ\x00", XZ},
	{0, "BZh", Bzip2},
	{0, "7z\xbc\xaf\x27\x1c", SevenZip},
	{0, "Rar!\x1a\x07", RAR},
	{4, "TFL3", TFLite},
	{0, "PAR1", Parquet},
	{0, "ARROW1\x00\x00", Arrow},
	{0, "MATLAB 5.0 MAT-file", MATLAB},
	{0, "SQLite format 3\x00", SQLite},
	{0, "\x89PNG\r\n\x1a\n", Image}, {0, "\xff\xd8\xff", Image}, {0, "GIF8", Image},
	{0, "%PDF-", PDF},
	{0, "\x7fELF", Program}, {0, "MZ\x90\x00", Program},
}

// isSafetensors reports the length of a JSON header in eight bytes, and the brace
// that opens it, white space allowed, as the reference reader allows it.
func isSafetensors(head []byte) bool {
	if len(head) < 9 {
		return false
	}
	n := binary.LittleEndian.Uint64(head)
	text := bytes.TrimLeft(head[8:], " \t\r\n")
	return n >= 2 && n <= 1<<32 && len(text) > 0 && text[0] == '{' && uint64(len(head)-8-len(text)) < n
}

// zipEntry returns the name of the first entry of a zip archive.
func zipEntry(head []byte) (name string, ok bool) {
	const fixed = 30 // of an entry's header, before its name
	if !bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return "", false
	}
	if len(head) < fixed {
		return "", true
	}
	n := int(binary.LittleEndian.Uint16(head[26:]))
	return string(head[fixed:min(len(head), fixed+n)]), true
}

// zipKind tells the archives apart by their first entry. torch.save puts everything
// into one folder, of which data.pkl comes first; TorchScript has code there.
func zipKind(first string) Kind {
	_, inside, folder := strings.Cut(first, "/")
	if strings.HasSuffix(first, ".npy") {
		return NPZ
	}
	if folder {
		top, _, _ := strings.Cut(inside, "/")
		switch top {
		case "data.pkl", "data", "version", "byteorder", "code", "constants.pkl", "extra", ".data", ".format_version":
			return TorchZip
		}
	}
	return Zip
}

// isPickle reports a pickle of protocol 2 to 5 whose first instruction is one that
// pickles of weights begin with: torch.save before 1.6 begins with a long number.
func isPickle(head []byte) bool {
	if len(head) < 3 || head[0] != 0x80 || head[1] < 2 || head[1] > 5 {
		return false
	}
	return strings.IndexByte("\x8a}]c(\x95KJMX\x8cG\x88\x89N", head[2]) >= 0
}

func isTar(head []byte) bool {
	const at = 257 // of the magic in the first entry's header
	return len(head) >= at+5 && string(head[at:at+5]) == "ustar"
}

// isONNX reports what an ONNX model begins with. The format has no signature, but
// is a message whose first field is the version, a small number, and whose next one
// says who made it or holds the graph.
func isONNX(head []byte) bool {
	if len(head) < 4 || head[0] != 0x08 || head[1] == 0 || head[1] > 30 {
		return false
	}
	const producer, graph, opset = 0x12, 0x3a, 0x42
	switch head[2] {
	case producer:
		n := int(head[3])
		return n < 0x80 && len(head) >= 4+n && printable(head[4:4+n])
	case graph, opset:
		return true
	}
	return false
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}

// byteOrderMark may begin a text.
const byteOrderMark = "\xef\xbb\xbf"

func textKind(head []byte) Kind {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
	lower := string(bytes.ToLower(text[:min(len(text), 64)]))
	switch {
	case bytes.HasPrefix(text, []byte(pointerStart)):
		return LFSPointer
	case strings.HasPrefix(lower, "<!doctype html"), strings.HasPrefix(lower, "<html"), strings.HasPrefix(lower, "<head"):
		return HTML
	case strings.HasPrefix(lower, "<?xml"), strings.HasPrefix(lower, "<error>"):
		return XML
	case isJSON(text):
		return jsonKind(text)
	case bytes.HasPrefix(text, []byte("unfrozen_parameters:")):
		return Result
	case isText(text):
		return Text
	}
	return Unknown
}

// isJSON reports text that begins like an object or an array.
func isJSON(text []byte) bool {
	if len(text) < 2 || text[0] != '{' && text[0] != '[' || !isText(text) {
		return false
	}
	next := bytes.TrimLeft(text[1:], " \t\r\n")
	return len(next) > 0 && strings.IndexByte("\"}[]{-0123456789tfn", next[0]) >= 0
}

// jsonKind knows the result files of this project and of the reference, and indexes.
func jsonKind(text []byte) Kind {
	first := bytes.TrimLeft(text[1:], " \t\r\n")
	switch {
	case bytes.HasPrefix(first, []byte(`"provenance"`)), bytes.Contains(text, []byte(`"snr":`)):
		return Result
	case bytes.Contains(text, []byte(`"weight_map"`)):
		return Index
	}
	return JSON
}

// isText reports ASCII text with no control characters but white space, or UTF-8.
func isText(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return false
		}
	}
	return len(b) >= 16
}

// pointerStart begins what Git keeps in place of a file of Git LFS.
const pointerStart = "version https://git-lfs.github.com/spec/"

// PointerSize returns the size of the file that a Git LFS pointer stands for.
func PointerSize(head []byte) (int64, bool) {
	for line := range strings.Lines(string(head)) {
		if text, ok := strings.CutPrefix(line, "size "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}
