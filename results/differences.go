package results

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// differences says, a line for each, in what two scans differ that decides a number or a
// row: the model, as far as its headers tell, the settings and the program. Where they ran
// and when, and which shard, is nothing of that.
func (p *Provenance) differences(other *Provenance) (list []string) {
	add := func(what string, a, b any) {
		if x, y := plainText(a), plainText(b); x != y {
			list = append(list, fmt.Sprintf("%s is %s there and %s here", what, x, y))
		}
	}
	add("the program", p.Tool+" "+p.Version, other.Tool+" "+other.Version)
	if a, b := revision(p.Model), revision(other.Model); a != "" && b != "" {
		add("the commit", a, b)
	}
	add("config.json", hash(p.Config), hash(other.Config))
	add("the version of transformers", p.Transformers, other.Transformers)
	list = append(list, fileDifferences(p.Files, other.Files)...)
	was, is := baseOf(p), baseOf(other)
	add("config.json of the base", hash(was.Config), hash(is.Config))
	for _, line := range fileDifferences(was.Files, is.Files) {
		list = append(list, "of the base, "+line)
	}
	a, b := settingsOf(p.Settings), settingsOf(other.Settings)
	for _, key := range sortedKeys(a, b) {
		add(strings.ReplaceAll(key, "_", "-"), a[key], b[key])
	}
	return list
}

// baseOf returns the base of a comparison, an empty one if there is none.
func baseOf(p *Provenance) Base {
	if p.Base == nil {
		return Base{}
	}
	return *p.Base
}

// fileDifferences compares the files of two models.
func fileDifferences(a, b []Source) (list []string) {
	files := make(map[string]Source)
	for _, f := range a {
		files[f.Name] = f
	}
	for _, f := range b {
		was, ok := files[f.Name]
		delete(files, f.Name)
		switch {
		case !ok:
			list = append(list, fmt.Sprintf("file %s is only here", f.Name))
		case was.Size != f.Size:
			list = append(list, fmt.Sprintf("file %s has %d bytes there and %d here", f.Name, was.Size, f.Size))
		case was.Header != f.Header:
			list = append(list, fmt.Sprintf("the header of file %s is another", f.Name))
		}
	}
	for _, f := range a {
		if _, ok := files[f.Name]; ok {
			list = append(list, fmt.Sprintf("file %s is only there", f.Name))
		}
	}
	return list
}

// settingsOf returns the settings by their names in JSON, so that one that is added is
// compared too.
func settingsOf(s Settings) map[string]any {
	all := make(map[string]any)
	if text, err := json.Marshal(s); err == nil {
		_ = json.Unmarshal(text, &all)
	}
	return all
}

// sortedKeys returns the keys of both.
func sortedKeys(a, b map[string]any) (keys []string) {
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// plainText writes a setting as people write it.
func plainText(v any) string {
	if v == nil || v == "" {
		return "none"
	}
	return fmt.Sprint(v)
}

// hash is that of a config.
func hash(c *Config) string {
	if c == nil {
		return ""
	}
	return c.SHA256
}

// revision returns the commit in the address of a model on a hub, "" for another.
func revision(model string) string {
	if !strings.Contains(model, "://") {
		return ""
	}
	_, commit, _ := strings.Cut(model, "@")
	return commit
}

// firstOf names the first of several differences, and how many more there are.
func firstOf(list []string) string {
	if len(list) > 3 {
		return fmt.Sprintf("%s, and %d more differences", strings.Join(list[:3], "; "), len(list)-3)
	}
	return strings.Join(list, "; ")
}
