package main

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"

	"github.com/gospectrum/spectrum/scan"
)

// scheduler is one that runs many tasks of a job and tells each which it is.
type scheduler struct {
	name  string
	index string // variable with the number of the task
	none  string // its value outside of an array, beside an empty one
	count string // variable with the number of tasks; empty if there is none, and shardCount has it
	first int    // number of the first task, unless firstVariable says
	// firstVariable, last and step are variables with the numbers of the first and of the
	// last task and the distance between two; empty if it has none.
	firstVariable, last, step string
}

// shardCount is the variable with the number of tasks where the scheduler has none.
const shardCount = "SPECTRUM_SHARDS"

// schedulers are those that --shard auto knows, in the order in which they are asked.
// docs/shards.md says where each was read; a test holds the two together.
func schedulers() []scheduler {
	return []scheduler{
		{name: "HyperQueue", index: "HQ_TASK_ID", first: 1},
		{name: "Slurm", index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT", firstVariable: "SLURM_ARRAY_TASK_MIN", last: "SLURM_ARRAY_TASK_MAX", step: "SLURM_ARRAY_TASK_STEP"},
		{name: "LSF", index: "LSB_JOBINDEX", none: "0", first: 1, last: "LSB_JOBINDEX_END", step: "LSB_JOBINDEX_STEP"},
		{name: "PBS", index: "PBS_ARRAY_INDEX", first: 1},
		{name: "Torque", index: "PBS_ARRAYID", first: 1},
		{name: "SGE", index: "SGE_TASK_ID", none: "undefined", firstVariable: "SGE_TASK_FIRST", last: "SGE_TASK_LAST", step: "SGE_TASK_STEPSIZE"},
		{name: "AWS Batch", index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE"},
		{name: "Google Batch", index: "BATCH_TASK_INDEX", count: "BATCH_TASK_COUNT"},
		{name: "Cloud Run", index: "CLOUD_RUN_TASK_INDEX", count: "CLOUD_RUN_TASK_COUNT"},
		{name: "Kubernetes", index: "JOB_COMPLETION_INDEX"},
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
		if v := env(s.index); v != "" && v != s.none {
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
	v := variables{env: env}
	index, _ := v.number(s.index)
	first, known := v.number(s.firstVariable)
	if !known {
		first = s.first
	}
	count, counted := v.number(cmp.Or(s.count, shardCount))
	if last, known := v.number(s.last); known {
		step, known := v.number(s.step)
		if !known {
			step = 1
		}
		if v.err == nil && (step < 1 || last < first || (index-first)%step != 0) {
			return scan.Shard{}, fmt.Errorf("task %d of %d to %d by %d", index, first, last, step)
		}
		tasks := (last-first)/max(1, step) + 1
		if v.err == nil && counted && count != tasks {
			return scan.Shard{}, fmt.Errorf("a sparse array: %d tasks between %d and %d; number them without gaps", count, first, last)
		}
		count, counted, index = tasks, true, first+(index-first)/max(1, step)
	}
	switch {
	case v.err != nil:
		return scan.Shard{}, v.err
	case !counted:
		return scan.Shard{}, fmt.Errorf("%s says which task this is, and nothing says of how many: set %s", s.index, shardCount)
	}
	return scan.ParseShard(fmt.Sprintf("%d/%d", index-first+1, count))
}

// variables reads numbers of the environment, and keeps the first error.
type variables struct {
	env func(string) string
	err error
}

// number returns the value of a variable; false if it is empty, or has no name.
func (v *variables) number(name string) (n int, ok bool) {
	if name == "" || v.env(name) == "" {
		return 0, false
	}
	n, err := strconv.Atoi(v.env(name))
	if (err != nil || n < -1<<30 || n > 1<<30) && v.err == nil {
		v.err = fmt.Errorf("%s is %q, not a number of tasks", name, v.env(name))
	}
	return n, err == nil
}
