package checkpoint

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/sniff"
)

const readable = "only safetensors, GGUF, PyTorch and NumPy files are read"

// detect tells the format of a file. Its first bytes decide where they can, against
// the name if need be; else the name does, and the reader of that format says what
// is wrong. What is no weights is refused as what it is. The note is empty or says
// that the name is another format's.
func detect(ctx context.Context, s *shard) (kind sniff.Kind, note string, err error) {
	head := make([]byte, min(sniff.Length, s.size))
	n, err := s.file.ReadAtContext(ctx, head, 0)
	if err != nil && err != io.EOF {
		return 0, "", err
	}
	head = head[:max(0, min(n, len(head)))]
	kind, named := sniff.Sniff(head, s.size), kindByName(s.name)
	switch {
	case kind == sniff.Zip && (named == sniff.TorchZip || named == sniff.NPZ): // its reader knows what is missing
		return named, "", nil
	case kind == sniff.Tar && named == sniff.TorchZip: // the first versions of PyTorch wrote these
		return named, "", nil
	case kind == sniff.Pickle || kind == sniff.TorchZip:
		kind = sniff.TorchZip
	case kind == sniff.Unknown && foreign(s.name):
		return 0, "", fmt.Errorf("%w: %s files; %s", ErrUnsupported, strings.ToLower(path.Ext(s.name))[1:], readable)
	case kind == sniff.Unknown && named == sniff.Unknown:
		kind = sniff.Safetensors
	case kind == sniff.Unknown:
		kind = named
	case kind == sniff.Empty, kind == sniff.Zeros:
		return 0, "", fmt.Errorf("%w: %s", ErrFormat, kind.Describe(head))
	case !kind.Readable():
		return 0, "", fmt.Errorf("%w: %s", ErrUnsupported, kind.Describe(head))
	}
	if named != sniff.Unknown && named != kind {
		note = fmt.Sprintf("%s is %s, whatever its name says", s.name, kind)
	}
	return kind, note, nil
}

// kindByName returns the format that a file's name claims.
func kindByName(name string) sniff.Kind {
	switch strings.ToLower(path.Ext(name)) {
	case suffix:
		return sniff.Safetensors
	case ggufSuffix:
		return sniff.GGUF
	case ".pt", ".pth", ".bin", ".ckpt":
		return sniff.TorchZip
	case ".npy":
		return sniff.NPY
	case ".npz":
		return sniff.NPZ
	}
	return sniff.Unknown
}

// isTorch reports whether a name is one that files of torch.save have.
func isTorch(name string) bool { return kindByName(name) == sniff.TorchZip }

// foreign reports whether a file holds weights in a format that is not read.
func foreign(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".h5", ".keras", ".msgpack", ".onnx", ".tflite", ".pb", ".mlmodel", ".nemo":
		return true
	}
	return false
}
