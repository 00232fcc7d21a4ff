package tinyllama

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// Files returns the files of the model directory by name: config.json, the
// index and two shards.
func Files() (map[string][]byte, error) {
	var tensors []safetensors.Data
	for _, m := range Matrices() {
		tensors = append(tensors, tensor(m.Name, []int64{int64(m.Rows), int64(m.Cols)}, m.Weights()))
	}
	for _, name := range Norms() {
		tensors = append(tensors, tensor(name, []int64{Hidden}, normWeights(name)))
	}
	slices.SortFunc(tensors, func(a, b safetensors.Data) int { return strings.Compare(a.Name, b.Name) })

	const shards = 2
	files := make(map[string][]byte)
	weightMap := make(map[string]string)
	total := 0
	for shard := range shards {
		file := fmt.Sprintf("model-%05d-of-%05d.safetensors", shard+1, shards)
		part := tensors[shard*len(tensors)/shards : (shard+1)*len(tensors)/shards]
		var b bytes.Buffer
		if err := safetensors.Write(&b, part, map[string]string{"format": "pt"}); err != nil {
			return nil, err
		}
		files[file] = b.Bytes()
		for _, t := range part {
			weightMap[t.Name] = file
			total += len(t.Bytes)
		}
	}
	var err error
	if files["model.safetensors.index.json"], err = encode(map[string]any{
		"metadata": map[string]any{"total_size": total}, "weight_map": weightMap,
	}); err != nil {
		return nil, err
	}
	files["config.json"], err = encode(config())
	return files, err
}

func config() any {
	return map[string]any{
		"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama",
		"hidden_size": Hidden, "intermediate_size": Intermediate, "num_hidden_layers": Blocks,
		"num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": KeyValue / 2,
		"vocab_size": Vocabulary, "max_position_embeddings": 256, "rms_norm_eps": 1e-05,
		"rope_theta": 10000.0, "hidden_act": "silu", "torch_dtype": "bfloat16", "tie_word_embeddings": true,
	}
}

func encode(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

func tensor(name string, shape []int64, w []spectrum.BFloat16) safetensors.Data {
	data := make([]byte, 0, 2*len(w))
	for _, v := range w {
		data = binary.LittleEndian.AppendUint16(data, uint16(v))
	}
	return safetensors.Data{Name: name, DType: "BF16", Shape: shape, Bytes: data}
}

// Write writes the model to the directory dir, which it makes if need be.
func Write(dir string) error {
	files, err := Files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			return err
		}
	}
	return nil
}
