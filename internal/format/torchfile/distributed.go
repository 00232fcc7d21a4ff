package torchfile

import "strings"

// What the parts of a checkpoint of several processes are, and the command that puts
// them together.
const (
	zero = "a part of a DeepSpeed ZeRO checkpoint, of which each process has its own: " +
		"python zero_to_fp32.py CHECKPOINT_DIR OUTPUT_DIR, with the script in the checkpoint's directory, puts the model together"
	dcp = "a part of a distributed checkpoint of PyTorch, of which each process has its own: " +
		"python -m torch.distributed.checkpoint.format_utils dcp_to_torch CHECKPOINT_DIR model.pt puts the model together"
)

// distributed names a file that has only a part of the model.
func distributed(root any) error {
	d := pairs(root)
	if d == nil {
		return nil
	}
	if optimizer := pairs(d.lookup("optimizer_state_dict")); optimizer != nil {
		for _, key := range []string{"zero_stage", "partition_count", "single_partition_of_fp32_groups", "fp32_flat_groups"} {
			if optimizer.lookup(key) != nil {
				return refused("%s", zero)
			}
		}
	}
	if d.lookup("ds_version") == nil && d.lookup("param_shapes") == nil {
		return nil
	}
	if d.lookup("param_shapes") != nil && hollow(d.lookup("module")) {
		return refused("%s", zero)
	}
	if n, ok := d.lookup("mp_world_size").(int64); ok && n > 1 {
		return refused("one of the %d tensor-parallel parts of a DeepSpeed checkpoint, whose matrices are cut: "+
			"merge them with the tools of what trained it", n)
	}
	return nil
}

// hollow reports whether a dictionary has tensors that are all placeholders, of
// no element or of one.
func hollow(v any) bool {
	n := 0
	for _, value := range children(v) {
		t, isTensor := value.(*tensor)
		if !isTensor {
			continue
		}
		if t.params() > 1 {
			return false
		}
		n++
	}
	return n > 0
}

// Part says what a file of several processes is by its name, "" for others.
func Part(name string) string {
	switch {
	case strings.HasSuffix(name, ".distcp"):
		return dcp
	case name == "zero_to_fp32.py", strings.HasSuffix(name, "_optim_states.pt"),
		strings.HasPrefix(name, "zero_pp_rank_") && strings.HasSuffix(name, "_model_states.pt"):
		return zero
	}
	return ""
}
