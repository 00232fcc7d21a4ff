package repository

import (
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// references is the file that lists the works that are cited.
const references = "docs/references.md"

var (
	// An author's name, with what belongs to it (Ben Arous, Van Loan, van de Geijn, van Handel).
	author = `(?:(?:Ben|Van|van de|van) )?\p{Lu}[\p{L}-]*\p{Ll}`
	// Names, then years, in brackets or not: Tracy & Widom 1996, Leeb (2022).
	citation = regexp.MustCompile(`(` + author + `(?:, ` + author + `)*(?: & ` + author + `| et al\.)?)` +
		`(?:['’]s)?,? \(?((?:19|20)\d\d(?:, (?:19|20)\d\d)*)\b`)
	// An entry of the list.
	entry = regexp.MustCompile(`(?m)^- \*\*(.+ \d{4})\.\*\* `)
	// What stands in front of a year, but wrote nothing.
	nobody = regexp.MustCompile(`^(January|February|March|April|May|June|July|August|September|October|November|December|Version)$`)
)

// Every work that a comment or a document cites by author and year is in the list, and
// every work of the list is cited.
func TestCitedWorksAreListed(t *testing.T) {
	listed, everywhere := entries(t), make(map[string]bool)
	for name, text := range prose(t) {
		for _, cited := range citations(text) {
			assert.Contains(t, listed, cited, "%s cites a work that %s lacks", name, references)
			everywhere[cited] = true
		}
	}
	for name := range listed {
		assert.Contains(t, everywhere, name, "nothing cites it")
	}
}

// A reader finds each work: by its DOI, its number at arXiv, or, for want of both, a
// place that keeps it.
func TestListedWorksCanBeFound(t *testing.T) {
	for name, text := range entries(t) {
		assert.Regexp(t, `\[doi:(10\.\d{4,}/\S+)\]\(https://doi\.org/10\.\S+\)|\[arXiv:(\d{4}\.\d{5})\]\(https://arxiv\.org/abs/\d{4}\.\d{5}\)|\[No DOI\]\(https://`, text, name)
		for _, link := range regexp.MustCompile(`\[(doi|arXiv):(\S+)\]\(https://\w+\.org/(?:abs/)?(\S+?)\)[.,]`).FindAllStringSubmatch(text, -1) {
			plain := strings.NewReplacer("%28", "(", "%29", ")").Replace(link[3])
			assert.Equal(t, link[2], plain, "%s: text and link differ", name)
		}
	}
}

// entries returns the text of each entry of the list by authors and year.
func entries(t *testing.T) map[string]string {
	t.Helper()
	text := read(t, references)
	found := make(map[string]string)
	at := entry.FindAllStringSubmatchIndex(text, -1)
	require.Greater(t, len(at), 25)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		name := text[m[2]:m[3]]
		require.NotContains(t, found, name, "two entries")
		found[name] = strings.Join(strings.Fields(text[m[0]:end]), " ")
	}
	return found
}

// citations returns the works that a text cites, each as authors and year.
func citations(text string) []string {
	found := make(map[string]bool)
	for _, m := range citation.FindAllStringSubmatch(strings.Join(strings.Fields(text), " "), -1) {
		if !nobody.MatchString(m[1]) {
			for _, year := range strings.Split(m[2], ", ") {
				found[m[1]+" "+year] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// prose returns the comments of each Go file and script and the text of each document.
func prose(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, s := range sources(t) {
		for _, group := range s.Comments {
			all[s.name] += group.Text() + "\n"
		}
	}
	require.NoError(t, filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && strings.HasPrefix(e.Name(), ".") && name != root {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if ext := filepath.Ext(name); (ext == ".md" || ext == ".py") && filepath.ToSlash(rel) != references {
			text := read(t, filepath.ToSlash(rel))
			if ext == ".py" {
				text = strings.ReplaceAll(text, "\n#", "\n")
			}
			all[filepath.ToSlash(rel)] = text
		}
		return nil
	}))
	return all
}

func TestCitationsAreFound(t *testing.T) {
	for text, want := range map[string][]string{
		"(Tracy & Widom 1996; Johnstone\n2001)":                           {"Johnstone 2001", "Tracy & Widom 1996"},
		"Baik, Ben Arous & Péché 2005":                                    {"Baik, Ben Arous & Péché 2005"},
		"Goto & van de Geijn 2008, Schreiber & Van Loan\n1989":            {"Goto & van de Geijn 2008", "Schreiber & Van Loan 1989"},
		"Gavish & Donoho's (2014, equation 4) and Leeb (2022)":            {"Gavish & Donoho 2014", "Leeb 2022"},
		"(Kritchman & Nadler 2008, 2009)":                                 {"Kritchman & Nadler 2008", "Kritchman & Nadler 2009"},
		"Benaych-Georges & Nadakuditi 2012, section 3":                    {"Benaych-Georges & Nadakuditi 2012"},
		"(Hartford et al. 2024, arXiv 2406.06623), Großer & Lang 1999":    {"Großer & Lang 1999", "Hartford et al. 2024"},
		"until April 2025; 1024 x 1024, FMOVQ 1904, 2000 draws, n = 2012": nil,
	} {
		assert.Equal(t, want, citations(text), text)
	}
}
