package checkpoint

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// torchFixture returns a file that PyTorch made.
func torchFixture(t *testing.T, fixture string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "internal", "format", "torchfile", "testdata", fixture))
	require.NoError(t, err)
	return string(b)
}

func torchFiles(t *testing.T) []layout {
	const h = "h.0.fc.weight h.1.fc.weight"
	one := func(name, fixture string, l layout) layout {
		file := filepath.Base(fixture)
		l.name, l.files, l.open = name, files{file: torchFixture(t, fixture)}, file+l.open
		return l
	}
	const zero = "a part of a DeepSpeed ZeRO checkpoint, of which each process has its own: python zero_to_fp32.py CHECKPOINT_DIR OUTPUT_DIR"
	part := func(name, file, fails string) layout {
		return layout{name: name, files: files{file: torchFixture(t, "tensor.pt")}, fails: fails}
	}
	return []layout{
		one("a state_dict", "protocol4.pt", layout{reads: "a"}),
		one("a state_dict under a key, with counters", "wrapped.pt", layout{reads: "a.weight"}),
		one("the format before PyTorch 1.6, and numbers of NumPy, a Namespace, a device, a set, classes that are not known beside the tensors", "legacy-extras.pt",
			layout{reads: "a.bias a.weight", skip: "left out: inside an object of class __main__.Settings"}),
		one("the same in today's format", "extras.pt", layout{reads: "a.bias a.weight", skip: "an array of NumPy and not a tensor"}),
		one("a training checkpoint, compiled", "compiled.pt", layout{reads: h, note: `compiled.pt: the model is "model"; left out: the state of an optimiser (6), a loss (1), the state of the training (1)`,
			skip: "left out: the state of an optimiser"}),
		one("one of Lightning", "lightning.ckpt", layout{reads: h, note: `the model is "state_dict"`, skip: "left out: inside an object of class torch.nn.modules.linear.Linear"}),
		one("one with an averaged copy", "timm.pth.tar", layout{reads: h, skip: "left out: an averaged copy (EMA)"}),
		one("the copy, chosen by its key", "timm.pth.tar", layout{open: "#state_dict_ema", reads: h, skip: "left out: beside the model"}),
		one("one in data parallel", "parallel.pt", layout{reads: h, skip: "left out: the state of an optimiser"}),
		one("the module's states of DeepSpeed", "mp_rank_00_model_states.pt", layout{reads: h}),
		one("two that could be the model", "two.pt", layout{fails: `more than one that could be the model: "model" (2 tensors, 24 parameters), "net" (2 tensors, 24 parameters); choose one by its key, as in FILE#model, or FILE# for everything`}),
		one("a key that is not there", "two.pt", layout{open: "#nets", fails: `there is no "nets"; tensors are in "model", "net"`}),
		one("an averaged copy alone", "ema.pt", layout{fails: `only what is no model by its key: "params_ema"`}),
		one("an optimiser alone", "optimizer.pt", layout{fails: "the state of an optimiser; FILE# takes it as it is"}),
		one("sparse tensors among others", "listed.pt", layout{reads: "dense", skip: "sparse, which is not read"}),
		one("quantised tensors", "quantised.pt", layout{skip: "quantised by PyTorch, which is not read"}),
		one("a whole module", "module.pt", layout{fails: "an object of class torch.nn.modules.linear.Linear, a whole model whose code decides what its tensors are: load it with PyTorch and save model.state_dict()"}),
		one("code", "evil.pt", layout{fails: `the pickle asks for "posix.system", which is code and not data: nothing was run and nothing is read; if you trust its maker, load it with PyTorch and save model.state_dict() alone`}),
		one("code in the attributes of a dictionary", "late.pt", layout{fails: `the pickle asks for "__builtin__.eval"`}),
		one("a compressed archive", "bomb.pt", layout{fails: "is compressed or encrypted, which torch does not do"}),
		one("a state of ZeRO, whatever its name", "zero.pt", layout{fails: zero}),
		part("a directory of states of ZeRO", "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt", zero),
		part("a directory of a distributed checkpoint", "__0_0.distcp", "a part of a distributed checkpoint of PyTorch, of which each process has its own: "+
			"python -m torch.distributed.checkpoint.format_utils dcp_to_torch CHECKPOINT_DIR model.pt"),
		{name: "a key for a file of another format", files: files{"a.safetensors": shardText(t, "a")}, open: "a.safetensors#a", fails: "only PyTorch files have keys to choose by"},
	}
}
