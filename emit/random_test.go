package emit_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/emit"
)

// What verify says is trained, of files that nobody wrote for it, is what Python says, on
// stored and on loaded names, and where it says that the trainer stops, Python does.
// SPECTRUM_RANDOM is the number of files for each consumer.
func TestRandomFiles(t *testing.T) {
	size := 20
	if text := os.Getenv("SPECTRUM_RANDOM"); text != "" {
		var err error
		size, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	models := loadedModels(t)
	for name, params := range storedModels(t) {
		models["stored "+name] = params
	}
	written := modules(t)
	for _, consumer := range emit.Consumers() {
		if slices.Contains([]emit.Format{emit.Python, emit.Names, emit.JSON, emit.CSV, emit.LearningRates}, consumer) {
			continue // exact names
		}
		t.Run(string(consumer), func(t *testing.T) {
			r := &randomFiles{Rand: rand.New(rand.NewPCG(14, 0)), written: written}
			r.compare(t, consumer, size, models, randomModels(consumer, models))
		})
	}
}

// randomModels lists the models that a consumer is tried on: not Mixtral where PEFT converts
// modules by what they were called, which its names do not show any more, nor GPT-2 where
// it matters that its modules are Conv1D, which names do not show either.
func randomModels(consumer emit.Format, models map[string][]emit.Param) (list []string) {
	lists := slices.Contains([]emit.Format{emit.PEFT, emit.AxolotlLoRA, emit.TRLLoRA, emit.Unsloth, emit.Verl}, consumer)
	linear := slices.Contains([]emit.Format{emit.AxolotlLoRA, emit.LLaMAFactoryLoRA, emit.GaLore}, consumer)
	for name := range models {
		converted := strings.Contains(name, "mixtral")
		multimodal := consumer == emit.LLaMAFactoryV1 && strings.Contains(name, "gemma3") // which it stops at
		if !(lists && converted) && !(linear && strings.Contains(name, "gpt2")) && !multimodal {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// compare holds verify on so many files to Python.
func (r *randomFiles) compare(t *testing.T, consumer emit.Format, size int, models map[string][]emit.Param, from []string) {
	var jobs []job
	var want [][]string
	unread := 0
	for len(jobs) < size {
		model := models[from[r.IntN(len(from))]]
		r.names = paramNames(model)
		text := r.file(consumer)
		rules, err := emit.Parse(consumer, []byte(text))
		if err != nil {
			unread++ // escaping made a pattern that is none, or YAML that is none
			require.Less(t, unread, 1+size/10, "%v\n%s", err, text)
			continue
		}
		var names []string
		rep, err := rules.Verify(model)
		if err != nil {
			require.ErrorIs(t, err, emit.ErrInexpressible, text)
		} else {
			names = rep.Names
		}
		jobs, want = append(jobs, job{consumer, text, r.names}), append(want, names)
	}
	trained, stopped := 0, 0
	for i, got := range trains(t, jobs) {
		trained += len(got)
		if got == nil {
			stopped++
		}
		assert.Equal(t, got == nil, want[i] == nil, "whether it stops\n%s", jobs[i].Text)
		assert.ElementsMatch(t, want[i], got, jobs[i].Text)
	}
	assert.Greater(t, trained, 5*size, "most files train something")
	assert.Less(t, stopped, size/2+1, "most files train something")
	t.Logf("%d files, %d parameters trained, %d that the trainer stops with, %d that are none", size, trained, stopped, unread)
}
