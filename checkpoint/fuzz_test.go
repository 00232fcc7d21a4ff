package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// FuzzModel opens a header with n bytes of data beside a config.json, and loads
// what can be loaded.
func FuzzModel(f *testing.F) {
	f.Add(`{}`, `{"a.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}`, uint16(8))
	f.Add(`{"quantization_config":{"weight_block_size":[1,2]}}`, `{"w":{"dtype":"F8_E4M3","shape":[2,3],"data_offsets":[0,6]},"w_scale_inv":{"dtype":"F8_E8M0","shape":[2,2],"data_offsets":[6,10]}}`, uint16(10))
	f.Add(`{"model_type":"gpt_oss","hidden_size":32}`, `{"e.experts.gate_up_proj_blocks":{"dtype":"U8","shape":[1,2,1,16],"data_offsets":[0,32]},"e.experts.gate_up_proj_scales":{"dtype":"U8","shape":[1,2,1],"data_offsets":[32,34]}}`, uint16(34))
	f.Add(`{"model_type":"gpt_neox","hidden_size":2,"num_attention_heads":1}`, `{"query_key_value.weight":{"dtype":"F16","shape":[6,2],"data_offsets":[0,24]}}`, uint16(24))
	f.Add(`{"n_embd":2,"n_head":1}`, `{"c_attn.weight":{"dtype":"BF16","shape":[2,6],"data_offsets":[0,24]},"x.experts.w":{"dtype":"F8_E5M2","shape":[3,0,9],"data_offsets":[24,24]}}`, uint16(24))
	f.Add(`{"hidden_size":-1,"head_dim":9223372036854775807}`, `{"x.experts.w":{"dtype":"U8","shape":[9223372036854775807,0],"data_offsets":[0,0]}}`, uint16(0))
	f.Add(`{}`, `{"x":{"dtype":"F32","shape":[0,4611686018427387904,3],"data_offsets":[0,0]},"y_blocks":{"dtype":"U8","shape":[0,4611686018427387904,16],"data_offsets":[0,0]},"y_scales":{"dtype":"U8","shape":[0,4611686018427387904],"data_offsets":[0,0]}}`, uint16(0))
	f.Add(`{"quantization_config":{"config_groups":{"g":{"weights":{"block_structure":"1x2","group_size":2}}}}}`, `{"a.weight":{"dtype":"F8_E4M3","shape":[2,4],"data_offsets":[0,8]},"a.scale_weight":{"dtype":"U8","shape":[2,2],"data_offsets":[8,12]},"a.x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[12,13]}}`, uint16(13))
	f.Add(`{"quantization":{"bits":4}}`, `{"a.weight":{"dtype":"U32","shape":[2,1],"data_offsets":[0,8]},"a.scales":{"dtype":"BF16","shape":[2,1],"data_offsets":[8,12]},"b.codes":{"dtype":"I8","shape":[2,2],"data_offsets":[12,16]},"b.c.weight":{"dtype":"F16","shape":[1,2],"data_offsets":[16,20]}}`, uint16(20))
	f.Add(`{}`, `{"e.experts.w._weight_qdata":{"dtype":"F8_E5M2","shape":[2,2,2],"data_offsets":[0,8]},"e.experts.w._weight_scale":{"dtype":"F32","shape":[2,1,2],"data_offsets":[8,24]},"weight":{"dtype":"F4","shape":[2,2],"data_offsets":[24,26]},"":{"dtype":"I8","shape":[3,3],"data_offsets":[26,35]},".":{"dtype":"U8","shape":[9],"data_offsets":[35,44]}}`, uint16(44))
	f.Add(`{"tie_word_embeddings":"x","tie_word_embeddings":1}`, `{"c.weight_v":{"dtype":"BF16","shape":[2,1,3],"data_offsets":[0,12]},"c.weight_g":{"dtype":"F32","shape":[1,1,3],"data_offsets":[12,24]},"q.lora_A.weight":{"dtype":"F32","shape":[0,4],"data_offsets":[24,24]}}`, uint16(24))
	f.Fuzz(func(t *testing.T, config, header string, n uint16) {
		file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		file = append(append(file, header...), make([]byte, n)...)
		dir := fstest.MapFS{configName: {Data: []byte(config)}, weightsName: {Data: file}}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := Opener{Split: true}.OpenFS(t.Context(), dir, ".")
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, 256*uint64(len(header)+len(config)+int(n))+64<<20; got > limit {
			t.Errorf("allocated %d bytes for files of %d", got, len(file)+len(config))
		}
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			return
		}
		for _, x := range m.Tensors() {
			w, err := m.Load(t.Context(), x, nil)
			if x.Skip != "" {
				require.ErrorIs(t, err, ErrUnsupported, x.Name)
				continue
			}
			require.NoError(t, err, x.Name)
			rows, cols := w.Dims()
			r, c, ok := x.Dims()
			require.Equal(t, []any{r, c, true}, []any{rows, cols, ok}, x.Name)
			require.LessOrEqual(t, x.Memory, int64(8*len(file)+64), x.Name)
		}
	})
}

// FuzzAnyFile opens any bytes under any name: nothing but the errors of this package
// come of it, and no more memory is taken than the file gives reason to.
func FuzzAnyFile(f *testing.F) {
	array := npyFile(f, "<f4", true, "(2, 3)", make([]float32, 6))
	for name, text := range map[string]string{
		"x": lfsPointer, "a.npy": string(array), "b.npz": string(npzFile(f, zip.Deflate, map[string][]byte{"w": array, "v": array[:100]})),
		"c.npz": string(npzFile(f, zip.Store, map[string][]byte{"w": array})), "m-00002-of-00003.gguf": ggufText("llama", "blk.0.attn_q.weight", 0),
		"d.safetensors": "\x02\x00\x00\x00\x00\x00\x00\x00{}", "e.pt": "PK\x03\x04", "f.onnx": "\x08\x07\x12\x07pytorch", "g.h5": "?", "h.bin": "\x80\x02\x8a",
	} {
		f.Add(name, []byte(text))
	}
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := Opener{}.OpenReaderAt(t.Context(), bytes.NewReader(b), int64(len(b)), name)
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, 256*uint64(len(b)+len(name))+64<<20; got > limit {
			t.Errorf("allocated %d bytes for a file of %d", got, len(b))
		}
		if err != nil {
			require.True(t, errors.Is(err, ErrFormat) || errors.Is(err, ErrUnsupported) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, fs.ErrNotExist), "%v", err)
			return
		}
		for _, x := range m.Tensors() {
			if x.Skip != "" || x.Memory > 1<<24 {
				continue
			}
			w, err := m.Load(t.Context(), x, nil)
			if err != nil {
				require.True(t, errors.Is(err, ErrFormat) || errors.Is(err, io.ErrUnexpectedEOF), "%v", err)
				continue
			}
			rows, cols := w.Dims()
			require.EqualValues(t, x.Params(), rows*cols)
		}
	})
}
