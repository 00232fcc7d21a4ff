package emit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/selection"
)

// languages are those that the formats are written in, by how programs read them.
var languages = map[emit.Format]string{
	emit.Axolotl: "yaml", emit.AxolotlLoRA: "yaml", emit.TRLLoRA: "yaml", emit.LLaMAFactory: "yaml",
	emit.LLaMAFactoryLoRA: "yaml", emit.LLaMAFactoryV1: "yaml", emit.AxolotlRates: "yaml", emit.MSSwift: "yaml", emit.GaLore: "yaml", emit.AxolotlPlugin: "yaml", emit.SpectrumYAML: "yaml",
	emit.Python: "python", emit.TRL: "python", emit.Unsloth: "python",
	emit.MSSwiftArgs: "shell", emit.Verl: "shell", emit.PEFT: "json", emit.JSON: "json",
	emit.CSV: "csv", emit.LearningRates: "csv", emit.Names: "lines",
}

// hostileNames are names that some language takes for more than a name, alone and put
// together at random; touched is a file that none of them may make.
func hostileNames(touched string) (names []string) {
	parts := []string{
		"!!python/object/apply:os.system ['touch " + touched + "']", "!!python/name:os.system", "*a", "&a", "[a]", "{a: b}", "- a", "? a", ": ",
		" #", "a: b", "|", ">", "%TAG", "@a", "`touch " + touched + "`", "$(touch " + touched + ")", "'", "''", `"`, `\`, `\x41`, `"]`, "'''",
		`");__import__("os").system("touch ` + touched + `")#`, "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "'=1", "''=1", "a,b", "a;b", "${x}", "~", "null", "yes", "1", "1.5", "1e3",
		"0x10", "1:30", "2001-01-01", "<<", "a\nb", "a\n- b", "a\r\nb", "a\u0085b", "a\u2028b", "\ufeffa", "\x1b[31m", "\u202ea", "a\x00b", "\xff", "ключ", "名前", "a b", " a",
		"a ", "(a|b)", "a.*", "a+", "a$", "^a", "a[0:3]", "{}", "a.0.+b", "🙂", "---", "...", "\nfreeze_parameters_ratio: 0\n", "m.weight' --x '", "=", "",
	}
	rnd := rand.New(rand.NewPCG(15, 2))
	names = append(names, parts...)
	for range 300 {
		names = append(names, parts[rnd.IntN(len(parts))]+parts[rnd.IntN(len(parts))]+[]string{"", ".weight"}[rnd.IntN(2)])
	}
	return names
}

// named is a selection of a layer in a block and one outside: the name ends a module,
// begins one, and is the type.
func named(name string) *selection.Selection {
	layer := spectrum.Layer{Name: "m.layers.0." + name + ".weight", Type: name, SNR: 1, Params: 4}
	bare := spectrum.Layer{Name: name + ".proj.weight", Type: name, SNR: 2, Params: 4}
	return &selection.Selection{Percent: 50, Rule: "top 50 % of each type", Groups: []selection.Group{
		{Type: name, Candidates: 2, Chosen: []spectrum.Layer{bare, layer}, DecidedByTie: true}}}
}

// A name stays a name, whatever it is: every file has the structure that it has for
// tame names, by the parser of its language, and the strings of which it is made; or the
// format refuses it.
func TestNamesStayNames(t *testing.T) {
	if exec.Command("python3", "-c", "import yaml").Run() != nil {
		t.Skip("there is no python3 with yaml here")
	}
	touched := filepath.Join(t.TempDir(), "touched")
	type file struct {
		Language string `json:"language"`
		Text     string `json:"text"`
		format   emit.Format
		name     string
	}
	var files []file
	tame := map[emit.Format]int{}
	written := map[emit.Format]int{}
	for _, f := range emit.Formats() {
		require.Contains(t, languages, f, "a new format says here which language it is in")
		for _, name := range append([]string{"tame"}, hostileNames(touched)...) {
			sel := named(name)
			var model []emit.Param
			for _, l := range sel.Layers() {
				model = append(model, emit.Param{Name: l.Name, Params: 4, Dims: 2})
			}
			model = append(model, emit.Param{Name: "other.weight", Params: 4, Dims: 2})
			if f == emit.SpectrumYAML || f == emit.AxolotlPlugin {
				model = nil // their reader matches any part of a name
			}
			made, err := emit.Make(f, sel, emit.Training{Model: model, Blocks: 1, Name: "org/name", LearningRate: 1e-5})
			if err != nil {
				require.ErrorIs(t, err, emit.ErrInexpressible, "%s %q", f, name)
				continue
			}
			if name == "tame" {
				tame[f] = len(files)
			}
			written[f]++
			files = append(files, file{languages[f], made.Text, f, name})
		}
		if f != emit.LLaMAFactory && f != emit.LLaMAFactoryV1 { // which train only whole modules
			require.Contains(t, tame, f)
		}
	}
	keys, err := json.Marshal([]string{"unfrozen_parameters", "target_modules", "r", "lora_alpha"})
	require.NoError(t, err)
	in, err := json.Marshal(files)
	require.NoError(t, err)
	cmd := exec.Command("python3", "testdata/skeleton.py", string(keys))
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var read [][2]json.RawMessage
	require.NoError(t, json.Unmarshal(out, &read))
	for i, f := range files {
		base, ok := tame[f.format]
		if !ok {
			continue
		}
		require.Equal(t, string(read[base][0]), string(read[i][0]), "%s %q:\n%s", f.format, f.name, f.Text)
		if f.Language == "csv" {
			var cells []string
			require.NoError(t, json.Unmarshal(read[i][1], &cells))
			for _, c := range cells {
				assert.False(t, c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])), "%s: a spreadsheet computes %q", f.format, c)
			}
		}
	}
	assert.NoFileExists(t, touched)
	for _, f := range []emit.Format{emit.Axolotl, emit.Python, emit.TRL, emit.MSSwift, emit.MSSwiftArgs, emit.JSON, emit.CSV} {
		assert.Greater(t, written[f], 100, "%s says most names", f)
	}
	_, err = os.Stat(touched)
	assert.True(t, os.IsNotExist(err))
	t.Log(fmt.Sprint(written))
}
