//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// kubeJob is what the manifests of examples/kubernetes use of a Job of batch/v1, by the names of
// the reference of Kubernetes's API. What is not in it is refused.
type kubeJob struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		CompletionMode           string `yaml:"completionMode"`
		Completions, Parallelism int
		BackoffLimit             *int                       `yaml:"backoffLimit"`
		BackoffLimitPerIndex     *int                       `yaml:"backoffLimitPerIndex"`
		MaxFailedIndexes         *int                       `yaml:"maxFailedIndexes"`
		PodFailurePolicy         struct{ Rules []kubeRule } `yaml:"podFailurePolicy"`
		Template                 struct {
			Metadata struct{ Labels map[string]string }
			Spec     kubePod
		}
	}
}

type kubeRule struct {
	Action      string
	OnExitCodes *struct {
		ContainerName string `yaml:"containerName"`
		Operator      string
		Values        []int
	} `yaml:"onExitCodes"`
	OnPodConditions []struct{ Type string } `yaml:"onPodConditions"`
}

type kubePod struct {
	RestartPolicy                 string `yaml:"restartPolicy"`
	TerminationGracePeriodSeconds int    `yaml:"terminationGracePeriodSeconds"`
	Containers                    []struct {
		Name, Image  string
		Command      []string
		Env          []struct{ Name, Value string }
		Resources    struct{ Requests, Limits map[string]string }
		VolumeMounts []struct {
			Name      string
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
	}
	Volumes []struct {
		Name                  string
		PersistentVolumeClaim struct {
			ClaimName string `yaml:"claimName"`
		} `yaml:"persistentVolumeClaim"`
	}
}

// manifest reads a manifest that has no field which a Job does not have.
func manifest(t *testing.T, name string) (j kubeJob) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader([]byte(read(t, filepath.Join("..", "..", "examples", "kubernetes", name)))))
	d.KnownFields(true)
	require.NoError(t, d.Decode(&j), name)
	return j
}

// What the API server requires of a Job, as the comments of Kubernetes's own types state it
// (k8s.io/api v0.34, batch/v1 and core/v1).
func TestKubernetesManifests(t *testing.T) {
	dns := regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	quantity := regexp.MustCompile(`^[0-9]+(m|Ki|Mi|Gi)?$`)
	for _, name := range []string{"scan.yaml", "merge.yaml"} {
		j := manifest(t, name)
		spec, pod := j.Spec, j.Spec.Template.Spec
		assert.Equal(t, "batch/v1 Job", j.APIVersion+" "+j.Kind, name)
		assert.Regexp(t, dns, j.Metadata.Name, name)
		assert.Equal(t, "Never", pod.RestartPolicy, "%s: a policy for failed pods needs it", name)
		indexed := spec.CompletionMode == "Indexed"
		assert.Equal(t, indexed, spec.Completions > 0, name)
		assert.LessOrEqual(t, spec.Parallelism, spec.Completions, name)
		assert.Equal(t, indexed, spec.BackoffLimitPerIndex != nil && spec.MaxFailedIndexes != nil, name)
		require.Len(t, pod.Containers, 1, name)
		c := pod.Containers[0]
		assert.Regexp(t, dns, c.Name, name)
		assert.NotEmpty(t, c.Image, name)
		for _, e := range c.Env {
			assert.Regexp(t, `^[A-Za-z_][A-Za-z0-9_]*$`, e.Name, name)
		}
		for _, r := range []map[string]string{c.Resources.Requests, c.Resources.Limits} {
			for what, q := range r {
				assert.Contains(t, []string{"cpu", "memory"}, what, name)
				assert.Regexp(t, quantity, q, name)
			}
		}
		require.Len(t, c.VolumeMounts, 1, name)
		require.Len(t, pod.Volumes, 1, name)
		assert.Equal(t, pod.Volumes[0].Name, c.VolumeMounts[0].Name, name)
		assert.NotEmpty(t, pod.Volumes[0].PersistentVolumeClaim.ClaimName, name)
		for _, r := range spec.PodFailurePolicy.Rules {
			assert.Contains(t, map[bool][]string{true: {"FailIndex", "Ignore"}, false: {"FailJob", "Ignore"}}[indexed], r.Action, name)
			assert.NotEqual(t, r.OnExitCodes == nil, len(r.OnPodConditions) == 0, "%s: one of the two", name)
			if x := r.OnExitCodes; x != nil {
				assert.Equal(t, c.Name+" In", x.ContainerName+" "+x.Operator, name)
				assert.Equal(t, []int{exitFailed, exitUsage, exitNothing}, x.Values, "%s: those that no retry helps", name)
			}
		}
		assert.NotEmpty(t, spec.PodFailurePolicy.Rules, name)
	}
}

// cluster runs pods as the kubelet does: the command with the environment of the container,
// and of an Indexed Job the index.
type cluster struct {
	t             *testing.T
	program, data string // data stands for where the volume is mounted
}

// pod returns the command of a pod; index is -1 where there is none.
func (c cluster) pod(j kubeJob, index int) *exec.Cmd {
	container := j.Spec.Template.Spec.Containers[0]
	cmd := exec.Command(container.Command[0], container.Command[1:]...)
	cmd.Env = []string{"PATH=" + filepath.Dir(c.program) + ":" + os.Getenv("PATH")}
	for _, e := range container.Env {
		cmd.Env = append(cmd.Env, e.Name+"="+strings.Replace(e.Value, container.VolumeMounts[0].MountPath, c.data, 1))
	}
	if index >= 0 {
		cmd.Env = append(cmd.Env, "JOB_COMPLETION_INDEX="+strconv.Itoa(index))
	}
	return cmd
}

// run runs a pod to its end and returns its exit code.
func (c cluster) run(j kubeJob, index int) int {
	c.t.Helper()
	cmd := c.pod(j, index)
	out, err := cmd.CombinedOutput()
	if err != nil {
		require.NotNil(c.t, cmd.ProcessState, "%v %s", err, out)
	}
	return cmd.ProcessState.ExitCode()
}

// The commands of the manifests, run without a cluster: one pod is evicted on its way, and
// started again for its index; the merge fails with 4, which is tried again, as long as a
// shard is missing; what it writes at the end is one scan.
func TestKubernetesPods(t *testing.T) {
	t.Setenv("SPECTRUM_KERNEL", "") // pods have an environment of their own
	if testing.Short() {
		t.Skip("builds the command")
	}
	c := cluster{t: t, program: built(t), data: t.TempDir()}
	model, err := filepath.Abs(tiny)
	require.NoError(t, err)
	require.NoError(t, os.Symlink(model, filepath.Join(c.data, "model")))
	require.NoError(t, os.Mkdir(filepath.Join(c.data, "out"), 0o777))
	job, merge := manifest(t, "scan.yaml"), manifest(t, "merge.yaml")

	const evicted = 3
	for index := range job.Spec.Completions {
		if index != evicted {
			require.Equal(t, exitOK, c.run(job, index), "index %d", index)
		}
	}
	require.Equal(t, exitIncomplete, c.run(merge, -1))
	pod := c.pod(job, evicted)
	require.NoError(t, pod.Start())
	time.Sleep(20 * time.Millisecond) // the shell may not have begun, or the program have finished: both are evictions
	_ = pod.Process.Signal(syscall.SIGTERM)
	_ = pod.Wait()
	if ended := pod.ProcessState.ExitCode(); ended >= 0 {
		assert.Contains(t, []int{exitOK, exitSignal + int(syscall.SIGTERM)}, ended)
	}
	require.Equal(t, exitOK, c.run(job, evicted))
	require.Equal(t, exitOK, c.run(merge, -1))

	whole := filepath.Join(t.TempDir(), "whole.json")
	out, err := exec.Command(c.program, "scan", filepath.Join(c.data, "model"), "-o", whole).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, withoutTimes(t, read(t, whole)), withoutTimes(t, read(t, filepath.Join(c.data, "out", "result.json"))))
}
