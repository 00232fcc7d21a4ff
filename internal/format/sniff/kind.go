package sniff

import "fmt"

// Kind is what a file is.
type Kind int

// The kinds of files. Those up to [Pickle] hold weights that this project reads.
const (
	Unknown Kind = iota
	Safetensors
	GGUF
	TorchZip // torch.save since PyTorch 1.6
	NPY
	NPZ
	Pickle // torch.save before PyTorch 1.6, or any other pickle

	LFSPointer
	HTML
	XML
	JSON
	Index  // JSON that says which file holds which tensor
	Result // a result file of this project or of the reference, or a selection
	Text
	Empty
	Zeros
	Zip
	EmptyZip
	Tar
	Gzip
	Zstandard
	XZ
	Bzip2
	SevenZip
	RAR
	ONNX
	HDF5
	GGML
	TFLite
	Parquet
	Arrow
	MATLAB
	SQLite
	Image
	PDF
	Program
)

// Readable reports whether a reader of weights takes the kind.
func (k Kind) Readable() bool { return Safetensors <= k && k <= Pickle }

// String says what the file is, with its article: "a Git LFS pointer".
func (k Kind) String() string {
	if t, ok := texts[k]; ok {
		return t.what
	}
	return "a file of an unknown kind"
}

// Advice says what to do about a file that is not read, "" where there is nothing to say.
func (k Kind) Advice() string { return texts[k].advice }

// Describe returns one line about a file that begins with head and is not read: what
// it is and what to do.
func (k Kind) Describe(head []byte) string {
	what := k.String()
	if n, ok := PointerSize(head); ok && k == LFSPointer {
		what += fmt.Sprintf(" to a file of %d bytes that is not here", n)
	}
	if advice := k.Advice(); advice != "" {
		what += ": " + advice
	}
	return what
}

const (
	unpack  = "unpack it and name what is inside"
	convert = "save the weights as safetensors"
	again   = "download the file again"
)

type text struct{ what, advice string }

var texts = map[Kind]text{
	Safetensors: {what: "a safetensors file"},
	GGUF:        {what: "a GGUF file"},
	TorchZip:    {what: "a PyTorch file"},
	NPY:         {what: "a NumPy array"},
	NPZ:         {what: "an archive of NumPy arrays"},
	Pickle:      {what: "a pickle"},
	LFSPointer:  {"a Git LFS pointer", "run git lfs pull, or download the file itself"},
	HTML:        {"an HTML page, as of a login or an error", again},
	XML:         {"an XML document, as of an error of a server", again},
	JSON:        {"JSON, not weights", "name the model's directory or the file of its weights"},
	Index:       {"an index of shards under another name", "let its name end with .index.json"},
	Result:      {"a result file, not weights", "select, compare, export and doctor read it; scan reads models"},
	Text:        {"text, not weights", again},
	Empty:       {"an empty file", again},
	Zeros:       {"a file that begins with nothing but zeros, as an unfinished download does", again},
	Zip:         {"a zip archive", unpack},
	EmptyZip:    {"a zip archive without any entry", ""},
	Tar:         {"a tar archive", unpack},
	Gzip:        {"compressed by gzip", unpack},
	Zstandard:   {"compressed by Zstandard", unpack},
	XZ:          {"compressed by xz", unpack},
	Bzip2:       {"compressed by bzip2", unpack},
	SevenZip:    {"a 7z archive", unpack},
	RAR:         {"a RAR archive", unpack},
	ONNX:        {"an ONNX model, which is not read", convert},
	HDF5:        {"an HDF5 file, as Keras and TensorFlow write it, which is not read", convert},
	GGML:        {"a file of llama.cpp from before GGUF", "convert it to GGUF"},
	TFLite:      {"a TensorFlow Lite model, which is not read", convert},
	Parquet:     {"a Parquet file, data and not weights", ""},
	Arrow:       {"an Arrow file, data and not weights", ""},
	MATLAB:      {"a MATLAB file, which is not read", "save the matrices as .npy"},
	SQLite:      {"a SQLite database, not weights", ""},
	Image:       {"an image, not weights", ""},
	PDF:         {"a PDF document, not weights", ""},
	Program:     {"a program, not weights", ""},
}
