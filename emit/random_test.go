package emit_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/emit"
)

// randomPattern makes a pattern of Python's re out of a name, as people do by hand.
func randomPattern(rnd *rand.Rand, name string) string {
	parts := strings.Split(name, ".")
	from := rnd.IntN(len(parts))
	to := from + 1 + rnd.IntN(len(parts)-from)
	if rnd.IntN(2) == 0 {
		from = 0
	}
	p := strings.Join(parts[from:to], []string{".", `\.`, ".*"}[rnd.IntN(3)])
	number := regexp.MustCompile(`\d+`)
	switch rnd.IntN(5) {
	case 0:
		p = number.ReplaceAllString(p, `\d+`)
	case 1:
		p = number.ReplaceAllString(p, `(?:1|2|[5-7])`)
	case 2:
		p = number.ReplaceAllString(p, `(?!1)[0-9]+`)
	}
	return []string{"", "^"}[rnd.IntN(2)] + p + []string{"", "$", ".*"}[rnd.IntN(3)]
}

// randomFile makes a file for a consumer that has nothing to do with what is written
// for it.
func randomFile(rnd *rand.Rand, consumer emit.Format, names []string) string {
	pick := func() string { return names[rnd.IntN(len(names))] }
	module := func() string {
		parts := strings.Split(strings.TrimSuffix(pick(), ".weight"), ".")
		return strings.Join(parts[rnd.IntN(len(parts)):], ".")
	}
	var items []string
	for range 1 + rnd.IntN(4) {
		items = append(items, randomPattern(rnd, pick()))
	}
	switch consumer {
	case emit.Axolotl:
		return "unfrozen_parameters:\n- " + strings.Join(items, "\n- ") + "\n"
	case emit.MSSwift:
		return "tuner_type: full\nfreeze_parameters_ratio: 1\ntrainable_parameters_regex: '" + strings.Join(items, "|") + "'\n"
	case emit.MSSwiftArgs:
		return "--freeze_parameters_ratio 1 --trainable_parameters_regex '" + strings.Join(items, "|") + "'\n"
	}
	config := map[string]any{"target_modules": strings.Join(items, "|"), "r": 8}
	if rnd.IntN(3) > 0 {
		list := []string{}
		for range 1 + rnd.IntN(4) {
			list = append(list, module())
		}
		config["target_modules"] = list
		switch rnd.IntN(4) {
		case 0:
			config["layers_to_transform"] = []int{rnd.IntN(4), rnd.IntN(12)}
		case 1:
			config["layers_to_transform"], config["layers_pattern"] = rnd.IntN(8), "layers"
		}
	}
	switch rnd.IntN(4) {
	case 0:
		config["exclude_modules"] = []string{module()}
	case 1:
		config["exclude_modules"] = randomPattern(rnd, pick())
	}
	text, _ := json.Marshal(config)
	return string(text)
}

// What verify says is trained, of files that nobody wrote for it, is what Python says, on
// stored and on loaded names. SPECTRUM_RANDOM is the number of files for each consumer.
func TestRandomFiles(t *testing.T) {
	size := 100
	if text := os.Getenv("SPECTRUM_RANDOM"); text != "" {
		var err error
		size, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	rnd := rand.New(rand.NewPCG(14, 0))
	models := loadedModels(t)
	for name, params := range storedModels(t) {
		models["stored "+name] = params
	}
	// PEFT converts what it is given for these, which its own test is about.
	var plain []string
	var all []string
	for name := range models {
		all = append(all, name)
		if !strings.Contains(name, "mixtral") && !strings.Contains(name, "qwen3_moe") {
			plain = append(plain, name)
		}
	}
	slices.Sort(all)
	slices.Sort(plain)
	var jobs []job
	var want [][]string
	for _, consumer := range []emit.Format{emit.Axolotl, emit.MSSwift, emit.MSSwiftArgs, emit.PEFT} {
		for i := 0; i < size; {
			from := all
			if consumer == emit.PEFT {
				from = plain
			}
			model := models[from[rnd.IntN(len(from))]]
			text := randomFile(rnd, consumer, paramNames(model))
			rules, err := emit.Parse(consumer, []byte(text))
			if err != nil {
				continue // escaping made a pattern that is none, or YAML that is none
			}
			i++
			rep, err := rules.Verify(model)
			require.NoError(t, err, text)
			jobs, want = append(jobs, job{consumer, text, paramNames(model)}), append(want, rep.Names)
		}
	}
	trained := 0
	for i, got := range trains(t, jobs) {
		trained += len(got)
		assert.ElementsMatch(t, want[i], got, fmt.Sprintf("%s\n%s", jobs[i].Consumer, jobs[i].Text))
	}
	assert.Greater(t, trained, 10*size, "most files train something")
	t.Logf("%d files, %d parameters trained", len(jobs), trained)
}
