package emit

import (
	"errors"
	"regexp"

	"github.com/gospectrum/spectrum/selection"
)

func msSwift() trainer {
	return trainer{
		format:   MSSwift,
		about:    "arguments for full training, with trainable_parameters_regex",
		matching: "re.search: anywhere in a name, unless anchored",
		write:    writeSwift,
		read:     readSwift,
	}
}

// swiftFull freezes all but what the expression finds.
const swiftFull = "--freeze_parameters_ratio 1"

func writeSwift(sel *selection.Selection, _ Training) (string, error) {
	return header(sel) + "# for full training: swift sft --train_type full (--tuner_type full since 4.0) …\n" + notes +
		swiftFull + " --trainable_parameters_regex '^" + alternation(layerNames(sel.Layers())) + "$'\n", nil
}

var (
	swiftRegex = regexp.MustCompile(`(?m)^[^#\n]*--trainable_parameters_regex[ =]+'([^']*)'|^[^#\n]*--trainable_parameters_regex[ =]+'?([^'\s]+)`)
	swiftRatio = regexp.MustCompile(`(?m)^[^#\n]*--freeze_parameters_ratio[ =]+1(?:\.0*)?(?:\s|$)`)
)

func readSwift(r *Rules, text string) error {
	m := swiftRegex.FindStringSubmatch(text)
	if m == nil {
		return errors.New("no --trainable_parameters_regex")
	}
	if !swiftRatio.MatchString(text) {
		return errors.New("without --freeze_parameters_ratio 1 everything is trained")
	}
	return r.add([]string{m[1] + m[2]}, func(expr string) (entry, error) {
		return patternEntry("--trainable_parameters_regex", expr, search)
	})
}
