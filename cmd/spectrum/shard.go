package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/gospectrum/spectrum/scan"
)

// scheduler is one that runs many tasks of a job and tells each which it is.
type scheduler struct {
	name  string
	index string // variable with the number of the task
	count string // and with the number of tasks; empty if it has none
	first int    // number of the first task, unless firstVariable says
	// firstVariable, last and step are variables with the numbers of the first and of the
	// last task and the distance between two; empty if it has none.
	firstVariable, last, step string
	only                      string // variable without which the others are not its own
}

// schedulers are those that --shard auto knows, in the order in which they are asked:
// arrays of a batch system before what runs inside one of their tasks. docs/shards.md has
// where each was read; a test holds the two together.
func schedulers() []scheduler {
	return []scheduler{
		{name: "Slurm", index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT", firstVariable: "SLURM_ARRAY_TASK_MIN", last: "SLURM_ARRAY_TASK_MAX", step: "SLURM_ARRAY_TASK_STEP"},
		{name: "LSF", index: "LSB_JOBINDEX", last: "LSB_JOBINDEX_END", step: "LSB_JOBINDEX_STEP", first: 1},
		{name: "PBS Professional", index: "PBS_ARRAY_INDEX", count: "PBS_ARRAY_COUNT"},
		{name: "SGE", index: "SGE_TASK_ID", firstVariable: "SGE_TASK_FIRST", last: "SGE_TASK_LAST", step: "SGE_TASK_STEPSIZE"},
		{name: "HyperQueue", index: "HQ_TASK_ID", count: "SPECTRUM_SHARDS", only: "HQ_JOB_ID"},
		{name: "AWS Batch", index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE"},
		{name: "Google Batch", index: "BATCH_TASK_INDEX", count: "BATCH_TASK_COUNT"},
		{name: "Cloud Run", index: "CLOUD_RUN_TASK_INDEX", count: "CLOUD_RUN_TASK_COUNT"},
		{name: "Kubernetes", index: "JOB_COMPLETION_INDEX", count: "SPECTRUM_SHARDS"},
		{name: "SkyPilot", index: "SKYPILOT_NODE_RANK", count: "SKYPILOT_NUM_NODES"},
		{name: "torchrun", index: "RANK", count: "WORLD_SIZE"},
		{name: "Open MPI", index: "OMPI_COMM_WORLD_RANK", count: "OMPI_COMM_WORLD_SIZE"},
		{name: "MPICH", index: "PMI_RANK", count: "PMI_SIZE"},
	}
}

// shardOf reads --shard: i/n, or auto for what the environment says.
func shardOf(text string, env func(string) string) (scan.Shard, error) {
	switch text {
	case "":
		return scan.Shard{}, nil
	case "auto":
	default:
		return scan.ParseShard(text)
	}
	for _, s := range schedulers() {
		if v := env(s.index); v != "" && v != "undefined" && (s.only == "" || env(s.only) != "") { // SGE's word for no array
			shard, err := s.shard(env)
			if err != nil {
				return scan.Shard{}, fmt.Errorf("%s: %w", s.name, err)
			}
			return shard, nil
		}
	}
	return scan.Shard{}, errors.New("auto: no scheduler is known by the environment; i/n says which shard this is")
}

// shard reads the variables of one scheduler.
func (s scheduler) shard(env func(string) string) (scan.Shard, error) {
	var wrong error
	number := func(variable string, without int) int {
		text := ""
		if variable != "" {
			text = env(variable)
		}
		if text == "" {
			return without
		}
		n, err := strconv.Atoi(text)
		if err != nil && wrong == nil {
			wrong = fmt.Errorf("%s is %q, not a number", variable, text)
		}
		return n
	}
	const none = -1 << 31
	index, first, step := number(s.index, none), number(s.firstVariable, s.first), number(s.step, 1)
	count, last := number(s.count, none), number(s.last, none)
	if wrong != nil {
		return scan.Shard{}, wrong
	}
	if last != none {
		if step < 1 || last < first || (index-first)%step != 0 {
			return scan.Shard{}, fmt.Errorf("task %d of %d to %d by %d", index, first, last, step)
		}
		tasks := (last-first)/step + 1
		if count != none && count != tasks {
			return scan.Shard{}, fmt.Errorf("a sparse array: %d tasks between %d and %d; number them without gaps", count, first, last)
		}
		count, index = tasks, (index-first)/step
	} else {
		index -= first
	}
	if count == none {
		return scan.Shard{}, fmt.Errorf("%s says which task this is, and nothing says of how many: set %s", s.index, s.count)
	}
	shard := scan.Shard{Index: index + 1, Of: count}
	return scan.ParseShard(shard.String())
}
