package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/internal/test/document"
)

// layout is one way in which people have weights, and what comes of it. The table of
// the documentation is made of these.
type layout struct {
	name  string
	files files
	open  string // what is named; empty for the directory
	reads string // the tensors that can be read
	note  string // what is said
	skip  string // why the others cannot be read
	fails string // why nothing is opened
}

type files map[string]string

// tableOf is the file whose end, from head on, documents the layouts.
var tableOf = filepath.Join("..", "docs", "formats.md")

// TestLayouts opens every layout and holds the documentation to what came of it.
// SPECTRUM_WRITE_DOCS=1 writes it anew.
func TestLayouts(t *testing.T) {
	var table strings.Builder
	for _, section := range layouts(t) {
		fmt.Fprintf(&table, "\n### %s\n\n| what there is | what comes of it |\n|---|---|\n", section.title)
		for _, l := range section.layouts {
			t.Run(l.name, func(t *testing.T) { l.check(t) })
			fmt.Fprintf(&table, "| %s | %s |\n", l.name, l.outcome())
		}
	}
	document.Section(t, tableOf, head, "", table.String())
}

const head = `## Layout by layout: what is read, and what is refused with which words

Each row is opened by a test (` + "`checkpoint/layouts_test.go`" + `); words in quotation marks are part of what is printed.
`

func (l *layout) outcome() string {
	var parts []string
	if l.reads != "" || l.fails == "" && l.skip == "" {
		parts = append(parts, "read")
	}
	for _, p := range []struct{ verb, words string }{{"said", l.note}, {"not ranked", l.skip}, {"refused", l.fails}} {
		if p.words != "" {
			parts = append(parts, fmt.Sprintf("%s: “%s”", p.verb, strings.ReplaceAll(p.words, "|", `\|`)))
		}
	}
	return strings.Join(parts, "; ")
}

func (l *layout) check(t *testing.T) {
	tree := make(fstest.MapFS)
	for name, text := range l.files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	m, err := Opener{}.OpenFS(t.Context(), tree, l.open)
	if l.fails != "" {
		require.ErrorContains(t, err, l.fails)
		assert.NotContains(t, err.Error(), "\n", "one line")
		return
	}
	require.NoError(t, err)
	assert.Equal(t, l.reads, strings.Join(tensorNames(m), " "))
	if l.note != "" {
		assert.Contains(t, strings.Join(m.Notes(), "\n"), l.note)
	}
	skipped := false
	for _, x := range m.Tensors() {
		if x.Skip == "" {
			_, err := m.Load(t.Context(), x, nil)
			require.NoError(t, err, x.Name)
		} else if l.skip != "" {
			skipped = skipped || strings.Contains(x.Skip, l.skip)
		}
	}
	assert.Equal(t, l.skip != "", skipped, "%v", m.Tensors())
}

type layoutSection struct {
	title   string
	layouts []layout
}

func layouts(t *testing.T) []layoutSection {
	return []layoutSection{
		{"Files under the name of weights", foreignFiles(t)},
		{"Which files of a directory are taken", directories(t)},
		{"safetensors and GGUF", headers(t)},
		{"PyTorch", torchFiles(t)},
		{"NumPy", numPyFiles(t)},
		{"config.json", configs(t)},
		{"Adapters, placeholders and weights in parts", partsOfWeights(t)},
		{"8-bit floats and their scales", scaledWeights(t)},
		{"Packed weights", packedWeights(t)},
	}
}

// shard is a safetensors file with a matrix of each name.
func shardText(t *testing.T, names ...string) string {
	t.Helper()
	var tensors []safetensors.Data
	for _, name := range names {
		tensors = append(tensors, f32(name, 2, 3))
	}
	return tensorText(t, tensors...)
}

func tensorText(t *testing.T, tensors ...safetensors.Data) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, tensors, nil))
	return b.String()
}

// ggufText is a GGUF file of one tensor of 32 numbers. Without architecture it is not
// the first of several.
func ggufText(architecture, name string, kind uint32) string {
	b := []byte("GGUF\x03\x00\x00\x00")
	u64 := func(n int) { b = binary.LittleEndian.AppendUint64(b, uint64(n)) }
	u32 := func(n uint32) { b = binary.LittleEndian.AppendUint32(b, n) }
	text := func(s string) { u64(len(s)); b = append(b, s...) }
	pairs := min(1, len(architecture))
	u64(1)
	u64(pairs)
	if pairs > 0 {
		text("general.architecture")
		u32(8)
		text(architecture)
	}
	text(name)
	u32(2)
	u64(16)
	u64(2)
	u32(kind)
	u64(0)
	b = append(b, make([]byte, (32-len(b)%32)%32+128)...)
	return string(b)
}

const lfsPointer = "version https://git-lfs.github.com/spec/v1\noid sha256:abab\nsize 4998578440\n"

func foreignFiles(t *testing.T) []layout {
	one := func(name, file, text, fails string) layout {
		return layout{name: name, files: files{file: text}, open: file, fails: fails}
	}
	return []layout{
		one("a Git LFS pointer", "model.safetensors", lfsPointer, "a Git LFS pointer to a file of 4998578440 bytes that is not here: run git lfs pull, or download the file itself"),
		{name: "shards of which one is a Git LFS pointer", files: files{"model.safetensors.index.json": indexText("a", "a.safetensors", "b", "b.safetensors"),
			"a.safetensors": shardText(t, "a"), "b.safetensors": lfsPointer}, fails: "b.safetensors: not supported: a Git LFS pointer"},
		one("an HTML page", "model.gguf", "<!DOCTYPE html><html><title>Sign in</title></html>", "an HTML page, as of a login or an error: download the file again"),
		one("XML", "model.bin", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "an XML document, as of an error of a server: download the file again"),
		one("JSON", "config.json", `{"model_type": "llama"}`, "JSON, not weights: name the model's directory or the file of its weights"),
		one("a result file of this project", "llama.json", "{\n  \"provenance\": {\n    \"tool\": \"spectrum\"\n  }\n}", "a result file, not weights: select, compare, export and doctor read it; scan reads models"),
		one("a result file of the reference", "snr_results_x.json", "{\n    \"lm_head\": {\n        \"snr\": 1.5\n    }\n}", "a result file, not weights"),
		one("text", "model.pt", "Access to this model is restricted.\n", "text, not weights: download the file again"),
		one("an empty file", "model.safetensors", "", "an empty file: download the file again"),
		one("a file that begins with zeros", "model.safetensors", strings.Repeat("\x00", 4096), "a file that begins with nothing but zeros, as an unfinished download does: download the file again"),
		one("a zip archive of anything else", "model.zip", string(zipText(t, "model/config.json")), "a zip archive: unpack it and name what is inside"),
		one("a tar archive", "model.tar", tarText(), "a tar archive: unpack it and name what is inside"),
		one("gzip", "model.safetensors.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00", "compressed by gzip: unpack it and name what is inside"),
		one("ONNX", "model.onnx", "\x08\x07\x12\x07pytorch:\x00", "an ONNX model, which is not read: save the weights as safetensors"),
		one("HDF5 (Keras, TensorFlow)", "model.h5", "\x89HDF\r\n\x1a\n\x00\x00\x00\x00", "an HDF5 file, as Keras and TensorFlow write it, which is not read: save the weights as safetensors"),
		one("Flax", "flax_model.msgpack", "\x82\xa6params\x80", "msgpack files; only safetensors, GGUF, PyTorch and NumPy files are read"),
		one("llama.cpp from before GGUF", "ggml-model.bin", "tjgg\x03\x00\x00\x00\x00", "a file of llama.cpp from before GGUF: convert it to GGUF"),
		{name: "weights under another format's name", files: files{"model.bin": shardText(t, "a")}, open: "model.bin", reads: "a", note: "model.bin is a safetensors file, whatever its name says"},
		{name: "weights under a name that says nothing", files: files{"blob": shardText(t, "a")}, open: "blob", reads: "a"},
	}
}

func zipText(t *testing.T, names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		_, err := w.Create(name)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func tarText() string {
	return "model.safetensors" + strings.Repeat("\x00", 240) + "ustar\x0000" + strings.Repeat("\x00", 248)
}

func directories(t *testing.T) []layout {
	a, b := shardText(t, "a"), shardText(t, "b")
	pair := indexText("a", "a.safetensors", "b", "b.safetensors")
	fp16 := indexText("a", "model.fp16-00001-of-00002.safetensors", "b", "model.fp16-00002-of-00002.safetensors")
	return []layout{
		{name: "model.safetensors", files: files{"model.safetensors": a}, reads: "a", note: "reads model.safetensors"},
		{name: "shards with model.safetensors.index.json", files: files{"model.safetensors.index.json": pair, "a.safetensors": a, "b.safetensors": b},
			reads: "a b", note: "reads the 2 files of model.safetensors.index.json"},
		{name: "a single file beside an index", files: files{"model.safetensors": a, "model.safetensors.index.json": pair, "a.safetensors": a, "b.safetensors": b},
			reads: "a", note: "reads model.safetensors; not read: a.safetensors, b.safetensors, model.safetensors.index.json; of model.safetensors and model.safetensors.index.json one may be out of date"},
		{name: "several formats", files: files{"model.safetensors": a, "pytorch_model.bin": "x", "consolidated.safetensors": b, "model.gguf": "x", "optimizer.pt": "x"},
			reads: "a", note: "reads model.safetensors; not read: consolidated.safetensors, model.gguf, pytorch_model.bin"},
		{name: "diffusers", files: files{"diffusion_pytorch_model.safetensors": a}, reads: "a", note: "reads diffusion_pytorch_model.safetensors"},
		{name: "diffusers, in shards", files: files{"diffusion_pytorch_model.safetensors.index.json": pair, "a.safetensors": a, "b.safetensors": b},
			reads: "a b", note: "reads the 2 files of diffusion_pytorch_model.safetensors.index.json"},
		{name: "a variant alone", files: files{"model.fp16.safetensors": a}, reads: "a", note: "reads model.fp16.safetensors"},
		{name: "a variant beside the file", files: files{"diffusion_pytorch_model.fp16.safetensors": b, "diffusion_pytorch_model.safetensors": a},
			reads: "a", note: "reads diffusion_pytorch_model.safetensors; not read: diffusion_pytorch_model.fp16.safetensors"},
		{name: "a variant in shards", files: files{"model.safetensors.index.fp16.json": fp16, "model.fp16-00001-of-00002.safetensors": a, "model.fp16-00002-of-00002.safetensors": b},
			reads: "a b", note: "reads the 2 files of model.safetensors.index.fp16.json"},
		{name: "several variants", files: files{"model.fp16.safetensors": a, "model.bf16.safetensors": b}, fails: "2 variants (model.bf16.safetensors, …); name one of them"},
		{name: "Mistral's consolidated.safetensors", files: files{"consolidated.safetensors": a, "params.json": "{}"}, reads: "a", note: "reads consolidated.safetensors"},
		{name: "consolidated.safetensors in shards", files: files{"consolidated.safetensors.index.json": pair, "a.safetensors": a, "b.safetensors": b},
			reads: "a b", note: "reads the 2 files of consolidated.safetensors.index.json"},
		{name: "consolidated.00.pth and .01.pth", files: files{"consolidated.00.pth": "x", "consolidated.01.pth": "x"},
			fails: "consolidated.00.pth and consolidated.01.pth hold each a slice of every matrix (model parallel); convert them to safetensors"},
		{name: "one of consolidated.00.pth and .01.pth, named", files: files{"consolidated.00.pth": "x", "consolidated.01.pth": "x"}, open: "consolidated.01.pth",
			fails: "hold each a slice of every matrix"},
		{name: "any other single safetensors file", files: files{"sd_xl_base_1.0.safetensors": a}, reads: "a", note: "reads sd_xl_base_1.0.safetensors"},
		{name: "any other index", files: files{"x.safetensors.index.json": pair, "a.safetensors": a, "b.safetensors": b}, reads: "a b", note: "reads the 2 files of x.safetensors.index.json"},
		{name: "two files and no index", files: files{"a.safetensors": a, "b.safetensors": b}, fails: "2 safetensors files (a.safetensors, …) and no model.safetensors.index.json; name one of them"},
		{name: "a shard and no index", files: files{"model-00001-of-00002.safetensors": a}, fails: "model-00001-of-00002.safetensors is one of several shards and there is no index of them; name the file to open it alone"},
		{name: "a shard, named", files: files{"model-00001-of-00002.safetensors": a}, open: "model-00001-of-00002.safetensors", reads: "a",
			note: "model-00001-of-00002.safetensors is one of several files of a model; the others are not read"},
		{name: "an index with a byte order mark", files: files{"model.safetensors.index.json": "\ufeff" + pair, "a.safetensors": a, "b.safetensors": b}, reads: "a b"},
		{name: "an index of Windows", files: files{"model.safetensors.index.json": indexText("a", `.\a.safetensors`), "a.safetensors": a}, reads: "a"},
		{name: "an index that leads out", files: files{"model.safetensors.index.json": indexText("a", `..\a.safetensors`), "a.safetensors": a}, fails: "is not a name inside the directory"},
		{name: "a pipeline of diffusers", files: files{"model_index.json": "{}", "unet/diffusion_pytorch_model.safetensors": a},
			fails: "a pipeline of diffusers (model_index.json); name the folder of one of its models, such as unet or transformer"},
		{name: "the first file of a split GGUF", files: splitGGUF(), open: "m-00001-of-00002.gguf", reads: "model.layers.0.self_attn.q_proj.weight model.layers.1.self_attn.q_proj.weight"},
		{name: "the second file of a split GGUF", files: splitGGUF(), open: "m-00002-of-00002.gguf", reads: "model.layers.0.self_attn.q_proj.weight model.layers.1.self_attn.q_proj.weight",
			note: "reads the 2 files of which m-00002-of-00002.gguf is one"},
		{name: "a split GGUF of which a file is missing", files: files{"m-00002-of-00002.gguf": ggufText("", "blk.1.attn_q.weight", 0)}, open: "m-00002-of-00002.gguf",
			fails: "m-00001-of-00002.gguf: file does not exist"},
		{name: "a GGUF beside mmproj", files: files{"model-f32.gguf": ggufText("llama", "blk.0.attn_q.weight", 0), "mmproj-f32.gguf": ggufText("clip", "v.blk.0.attn_q.weight", 0)},
			reads: "model.layers.0.self_attn.q_proj.weight", note: "reads model-f32.gguf; not read: mmproj-f32.gguf"},
		{name: "nothing of weights", files: files{"README.md": "x"}, fails: "neither model.safetensors, model.safetensors.index.json, a GGUF, a PyTorch nor a NumPy file"},
	}
}

func splitGGUF() files {
	return files{"m-00001-of-00002.gguf": ggufText("llama", "blk.0.attn_q.weight", 0), "m-00002-of-00002.gguf": ggufText("", "blk.1.attn_q.weight", 0)}
}

func headers(t *testing.T) []layout {
	header := func(text string) files {
		b := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
		return files{"model.safetensors": string(b) + text + "12345678"}
	}
	const x = `"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}`
	list := []layout{
		{name: "white space before the header", files: header("\t\n {" + x + "}"), reads: "x"},
		{name: "white space behind the header", files: header("{" + x + "}\r\n "), reads: "x"},
		{name: "`__metadata__` that is null", files: header(`{"__metadata__":null,` + x + "}"), reads: "x"},
		{name: "`__metadata__` with a number", files: header(`{"__metadata__":{"step":3},` + x + "}"), fails: "__metadata__: key \"step\": byte 24: unexpected '3', want a string"},
		{name: "a key twice", files: header("{" + x + "," + x + "}"), fails: `duplicate key "x"`},
		{name: "bytes behind the last tensor", files: header(`{"x":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}`), fails: "the tensors end at 4, the file at 8"},
	}
	for kind, name := range []string{"NVFP4", "Q1_0", "Q2_0"} {
		list = append(list, layout{name: "GGUF, " + name, files: files{"m.gguf": ggufText("llama", "blk.0.attn_q.weight", uint32(40+kind))}, skip: name + " is not a supported type"})
	}
	return list
}

func numPyFiles(t *testing.T) []layout {
	six := []float32{1, 2, 3, 4, 5, 6}
	array := npyFile(t, "<f4", false, "(2, 3)", six)
	one := func(name, file string, b []byte) layout {
		return layout{name: name, files: files{file: string(b)}, reads: "weights"}
	}
	skipped := func(name, descr, skip string, values any) layout {
		return layout{name: name, files: files{"weights.npy": string(npyFile(t, descr, false, "(2, 3)", values))}, skip: skip}
	}
	return []layout{
		one(".npy, by rows", "weights.npy", array),
		one(".npy, by columns", "weights.npy", npyFile(t, "<f8", true, "(2, 3)", make([]float64, 6))),
		one(".npy, high byte first", "weights.npy", npyFile(t, ">f2", false, "(2, 3)", make([]uint16, 6))),
		{name: ".npz", files: files{"w.npz": string(npzFile(t, zip.Store, map[string][]byte{"layers.0.w": array}))}, reads: "layers.0.w"},
		{name: ".npz, compressed", files: files{"w.npz": string(npzFile(t, zip.Deflate, map[string][]byte{"layers.0.w": array}))}, reads: "layers.0.w"},
		skipped("integers", "<i4", "I32 is not a supported type", make([]int32, 6)),
		skipped("complex numbers", "<c8", "C64 is not a supported type", make([]complex64, 6)),
		skipped("bfloat16 as NumPy keeps it", "|V2", "raw bytes, as NumPy keeps bfloat16 and 8-bit floats; save them as float32", make([]uint16, 6)),
		skipped("Python objects", "|O", "Python objects, which only a pickle holds", make([]uint8, 40)),
		{name: "a .npy cut short", files: files{"w.npy": string(array[:140])}, fails: "shape [2 3] of F32 needs 24 bytes, the file has 12; cut short?"},
		{name: "several .npy", files: files{"a.npy": string(array), "b.npy": string(array)}, fails: "2 npy files (a.npy, …) and no weights.npz; name one of them"},
	}
}

func configs(t *testing.T) []layout {
	with := func(name, config, note string) layout {
		return layout{name: name, files: files{"model.safetensors": shardText(t, "a"), "config.json": config}, reads: "a", note: note}
	}
	blocks := with("block sizes that cannot be read", `{"quantization_config":{"weight_block_size":"2x2"}}`, "weight_block_size is \"2x2\", not two sizes; it is not used")
	blocks.files["model.safetensors"] = tensorText(t,
		safetensors.Data{Name: "w.weight", DType: "F8_E4M3", Shape: []int64{4, 4}, Bytes: make([]byte, 16)},
		tensor("w.weight_scale_inv", "F32", []int64{2, 2}, []float32{1, 2, 3, 4}))
	blocks.reads, blocks.skip = "", "the size of the blocks of its scales w.weight_scale_inv is not known"
	return []layout{
		with("a byte order mark", "\ufeff{}", "config.json begins with a byte order mark"),
		with("a key twice", `{"model_type":"a","model_type":"b"}`, `"model_type" is there twice; the last one counts`),
		with("a text for a list", `{"architectures":"LlamaForCausalLM"}`, "architectures is \"LlamaForCausalLM\", read as [LlamaForCausalLM]"),
		with("a list for a text", `{"model_type":["llama"]}`, `model_type is ["llama"], not text; it is not used`),
		with("0 for false", `{"tie_word_embeddings":0}`, "tie_word_embeddings is 0, read as false"),
		with("128.0 for 128", `{"quantization_config":{"weight_block_size":[128.0,128]}}`, "weight_block_size is [128.0,128], read as [128 128]"),
		with("another encoding than UTF-8", "{\"name\":\"caf\xe9\"}", "config.json is not UTF-8"),
		with("a comment, a comma too many", `{"model_type":"llama",}`, "config.json is not read (byte 22: unexpected '}', want a string)"),
		with("a Git LFS pointer", lfsPointer, "config.json is not read (a Git LFS pointer"),
		blocks,
	}
}

func partsOfWeights(t *testing.T) []layout {
	const lora = "base_model.model.model.layers.0.self_attn.q_proj.lora_"
	adapter := shardText(t, lora+"A.weight", lora+"B.weight")
	norm := tensorText(t, f32("conv.weight_v", 2, 3), f32("conv.weight_g", 2, 1))
	return []layout{
		{name: "an adapter of PEFT", files: files{"adapter_model.safetensors": adapter, "adapter_config.json": `{"peft_type":"LORA","r":8,"base_model_name_or_path":"org/base"}`},
			skip: adapterReason, note: "an adapter (LORA) of org/base: a scan gives the spectra of what it adds, where it is LoRA"},
		{name: "an adapter of the kohya scripts", files: files{"x.safetensors": shardText(t, "lora_unet_mid.lora_down.weight", "lora_unet_mid.lora_up.weight")},
			skip: adapterReason, note: "an adapter: a scan gives the spectra of what it adds, where it is LoRA"},
		{name: "an adapter with modules that are kept whole", files: files{"adapter_model.safetensors": shardText(t, lora+"A.weight", "base_model.model.lm_head.weight"), "adapter_config.json": `{"peft_type":"LORA","modules_to_save":["lm_head"]}`},
			reads: "base_model.model.lm_head.weight", skip: adapterReason, note: "an adapter (LORA): a scan"},
		{name: "an adapter of another kind", files: files{"adapter_model.safetensors": shardText(t, "base_model.model.x.special", "base_model.model.score.weight"), "adapter_config.json": `{"peft_type":"XYZ","modules_to_save":["score"]}`},
			reads: "base_model.model.score.weight", skip: adapterReason, note: "an adapter (XYZ)"},
		{name: "an adapter beside a model", files: files{"adapter_model.safetensors": adapter, "adapter_config.json": "{}", "pytorch_model.safetensors": shardText(t, "a")},
			reads: "a", note: "reads pytorch_model.safetensors; not read: adapter_model.safetensors"},
		{name: "a model that ships adapters", files: files{"model.safetensors": shardText(t, "layers.0.q_proj.base_layer.weight", "layers.0.q_proj.lora_A.speech.weight")},
			reads: "layers.0.q_proj.base_layer.weight", skip: adapterReason},
		{name: "placeholders of ZeRO-3", files: files{"model.safetensors": tensorText(t, safetensors.Data{Name: "a.weight", DType: "BF16", Shape: []int64{0}}, safetensors.Data{Name: "b.weight", DType: "F32", Shape: []int64{0, 64}})},
			skip: "empty: a placeholder without values"},
		{name: "1×n and n×1", files: files{"model.safetensors": tensorText(t, f32("a", 1, 64), f32("b", 64, 1))}, reads: "a b"},
		{name: "weight norm (weight_g, weight_v)", files: files{"model.safetensors": norm}, reads: "conv.weight_v", skip: lengthsReason},
		{name: "weight norm (parametrizations)", files: files{"model.safetensors": tensorText(t, f32("c.parametrizations.weight.original1", 2, 3), f32("c.parametrizations.weight.original0", 1, 3))},
			reads: "c.parametrizations.weight.original1", skip: lengthsReason},
		{name: "lengths that do not fit", files: files{"model.safetensors": tensorText(t, f32("c.weight_v", 2, 3), f32("c.weight_g", 1, 2))},
			skip: "its lengths c.weight_g are F32 of shape [1 2], which do not fit F32 of shape [2 3]"},
		{name: "any other parametrization, spectral norm, pruning", files: files{"model.safetensors": tensorText(t, f32("a.parametrizations.weight.original", 2, 3), f32("b.weight_orig", 2, 3), f32("b.weight_mask", 2, 3))},
			skip: parametrizedReason},
	}
}
