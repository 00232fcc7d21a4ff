package torchfile

import (
	"slices"
	"strings"
	"unicode"
)

// modelKey reports whether a training checkpoint keeps its model under this key.
func modelKey(key string) bool {
	return slices.Contains([]string{"state_dict", "model_state_dict", "model", "module", "net", "generator"}, key)
}

const (
	optimiser     = "the state of an optimiser"
	averaged      = "an averaged copy (EMA)"
	discriminator = "a discriminator"
)

// kind says what a training checkpoint keeps under a key if that is not the model,
// "" where neither key nor value say it.
func kind(key string, v any) string {
	if optimises(v) {
		return optimiser
	}
	return kindOf(key)
}

// optimises reports whether v is the state of an optimiser of PyTorch, or a list of
// such states.
func optimises(v any) bool {
	if items := sequence(v); len(items) > 0 {
		v = items[0]
	}
	d := pairs(v)
	return d != nil && d.lookup("state") != nil && d.lookup("param_groups") != nil
}

// kindOf says what a training checkpoint keeps under a key that is not the
// model's, "" where the key does not say it.
func kindOf(key string) string {
	if slices.Contains([]string{"D", "netD", "net_d", "model_D"}, key) {
		return discriminator
	}
	for _, w := range words(key) {
		switch {
		case strings.HasPrefix(w, "optimi"), w == "optim", w == "opt":
			return optimiser
		case w == "ema", w == "swa", w == "averaged", w == "shadow":
			return averaged
		case strings.HasPrefix(w, "discriminator"), w == "disc", w == "critic":
			return discriminator
		case strings.HasPrefix(w, "sched"):
			return "the state of a scheduler"
		case w == "stat", w == "stats", w == "statistics", w == "metrics", w == "history":
			return "statistics"
		case w == "loss", w == "criterion":
			return "a loss"
		case w == "rng", w == "scaler", w == "amp", w == "callbacks", w == "loops":
			return "the state of the training"
		}
	}
	return ""
}

// words splits a key such as model_ema or netEma into its words, in lower case.
func words(key string) (words []string) {
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
		}
		word = nil
	}
	lower := false
	for _, r := range key {
		letter := unicode.IsLetter(r)
		if !letter || lower && unicode.IsUpper(r) {
			end()
		}
		if letter {
			word = append(word, r)
		}
		lower = unicode.IsLower(r)
	}
	end()
	return words
}
