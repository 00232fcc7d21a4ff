package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/scan"
)

// shardIn reads --shard auto in an environment such as "A=1 B=2".
func shardIn(environment string) (scan.Shard, error) {
	values := make(map[string]string)
	for _, v := range strings.Fields(environment) {
		name, value, _ := strings.Cut(v, "=")
		values[name] = value
	}
	return shardOf("auto", func(name string) string { return values[name] })
}

func TestShardAuto(t *testing.T) {
	slurm := "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=4 SLURM_ARRAY_TASK_MAX=6 SLURM_ARRAY_TASK_STEP=1"
	for environment, want := range map[string]string{
		slurm: "2/3",
		"SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_STEP=1": "1/8",
		"SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_STEP=2": "4/4",
		"LSB_JOBINDEX=3 LSB_JOBINDEX_END=10":                                  "3/10",
		"LSB_JOBINDEX=3 LSB_JOBINDEX_END=9 LSB_JOBINDEX_STEP=2":               "2/5",
		"PBS_ARRAY_INDEX=1 SPECTRUM_SHARDS=4":                                 "1/4",
		"PBS_ARRAYID=4 SPECTRUM_SHARDS=4":                                     "4/4",
		"SGE_TASK_ID=9 SGE_TASK_FIRST=5 SGE_TASK_LAST=15 SGE_TASK_STEPSIZE=2": "3/6",
		"HQ_JOB_ID=1 HQ_TASK_ID=2 SPECTRUM_SHARDS=4 " + slurm:                 "2/4",
		"AWS_BATCH_JOB_ARRAY_INDEX=0 AWS_BATCH_JOB_ARRAY_SIZE=10":             "1/10",
		"BATCH_TASK_INDEX=3 BATCH_TASK_COUNT=4":                               "4/4",
		"CLOUD_RUN_TASK_INDEX=1 CLOUD_RUN_TASK_COUNT=2":                       "2/2",
		"JOB_COMPLETION_INDEX=1 SPECTRUM_SHARDS=2":                            "2/2",
		"SKYPILOT_NODE_RANK=0 SKYPILOT_NUM_NODES=3":                           "1/3",
		"RANK=6 WORLD_SIZE=8 LOCAL_RANK=2":                                    "7/8",
		"OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=4":                       "1/4",
		"PMI_RANK=3 PMI_SIZE=4":                                               "4/4",
		"LSB_JOBINDEX=0 SGE_TASK_ID=undefined RANK=0 WORLD_SIZE=1":            "1/1",
	} {
		got, err := shardIn(environment)
		assert.NoError(t, err, environment)
		assert.Equal(t, want, got.String(), environment)
	}
	for environment, want := range map[string]string{
		"": "no scheduler is known",
		"SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_STEP=1": "Slurm: a sparse array: 3 tasks between 1 and 9",
		"SLURM_ARRAY_TASK_ID=x SLURM_ARRAY_TASK_COUNT=3":                                                                       "not a number",
		"SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_STEP=2":                          "task 4 of 1 to 9 by 2",
		"SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_STEP=0":                          "task 4",
		"JOB_COMPLETION_INDEX=1":                "set SPECTRUM_SHARDS",
		"RANK=8 WORLD_SIZE=8":                   "want i/n",
		"PBS_ARRAY_INDEX=0 SPECTRUM_SHARDS=4":   "want i/n",
		"RANK=9223372036854775807 WORLD_SIZE=8": "not a number",
	} {
		_, err := shardIn(environment)
		assert.ErrorContains(t, err, want, environment)
	}
}

// The table of the document is that of the program, in its order.
func TestShardsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "shards.md"))
	require.NoError(t, err)
	var rows []string
	for _, m := range regexp.MustCompile("(?m)^\\| ([A-Z][^|]*|torchrun) \\| `([A-Z_]+)`").FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, m[1]+" "+m[2])
	}
	var want []string
	for _, s := range schedulers() {
		want = append(want, s.name+" "+s.index)
		for _, v := range []string{s.count, s.firstVariable, s.last, s.step} {
			assert.Contains(t, string(text), v)
		}
	}
	assert.Equal(t, want, rows)
}

// Shards on the command line are the scan, and what they cannot be is an error.
func TestShardAndMerge(t *testing.T) {
	dir := t.TempDir()
	whole, merged := filepath.Join(dir, "whole.json"), filepath.Join(dir, "merged.json")
	ok(t, "scan", tiny, "-o", whole)
	var parts []string
	for _, shard := range []string{"1/3", "2/3", "3/3"} {
		part := filepath.Join(dir, "part"+shard[:1]+".json")
		parts = append(parts, part)
		ok(t, "scan", tiny, "--shard", shard, "-o", part)
	}
	ok(t, "merge", parts[2], parts[0], parts[1], "-o", merged)
	assert.Equal(t, withoutTimes(t, read(t, whole)), withoutTimes(t, read(t, merged)))
	code, _, errs := command("merge", parts[0], parts[2], "-o", filepath.Join(dir, "half.json"))
	assert.Equal(t, exitIncomplete, code)
	assert.Contains(t, errs, "something is missing: shard 2/3")
	assert.NoFileExists(t, filepath.Join(dir, "half.json"))
	code, _, errs = command("select", parts[0], "--top", "50")
	assert.Equal(t, exitIncomplete, code)
	assert.Contains(t, errs, "shard 1/3 only; spectrum merge joins the shards")
	_, errs = ok(t, "scan", tiny, "--shard", "99/100", "-o", filepath.Join(dir, "empty.json"))
	assert.Contains(t, errs, "0 layers written", "an empty shard is one")
	for _, args := range [][]string{
		{"merge", whole}, {"merge", parts[0], "-o", parts[0]}, {"merge", parts[0], "-o", merged + ".csv"},
		{"scan", tiny, "--shard", "0/3"}, {"scan", tiny, "--shard", "4/3"}, {"scan", tiny, "--shard", "x"}, {"scan", tiny, "--shard", "1/2", "--top", "25"},
	} {
		code, _, errs := command(args...)
		assert.Equal(t, exitUsage, code, "%v %s", args, errs)
	}
}
