package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuildIsWhatGoRecorded(t *testing.T) {
	const commit = "37bf3f2a5b0c8d7e6f9012345678901234567890"
	vcs := []debug.BuildSetting{
		{Key: "vcs.revision", Value: commit}, {Key: "vcs.time", Value: "2026-11-25T01:21:00Z"}, {Key: "vcs.modified", Value: "true"},
	}
	info := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	for _, test := range []struct {
		about string
		info  *debug.BuildInfo
		want  build
	}{
		{"no record", nil, build{Version: "unknown"}},
		{"tag, installed as a module", info("v0.3.1"), build{Version: "v0.3.1"}},
		{"without version control", info("(devel)"), build{Version: "devel"}},
		{"older Go in a repository", info("(devel)", vcs[:2]...),
			build{Version: "devel+37bf3f2a5b0c", Commit: commit, Time: "2026-11-25T01:21:00Z"}},
		{"changed repository", info("v0.3.2-0.20261125012100-37bf3f2a5b0c+dirty", vcs...),
			build{Version: "v0.3.2-0.20261125012100-37bf3f2a5b0c+dirty", Commit: commit, Time: "2026-11-25T01:21:00Z", Modified: true}},
	} {
		assert.Equal(t, test.want, newBuild(test.info), test.about)
	}
}

func TestVersion(t *testing.T) {
	t.Setenv("SPECTRUM_BACKEND", "")
	t.Setenv("SPECTRUM_KERNEL", "generic")
	out, _ := ok(t, "version")
	assert.Regexp(t, `(?m)^version +\S`, out)
	assert.Regexp(t, `(?m)^go +`+runtime.Version()+`$`, out)
	assert.Regexp(t, `(?m)^platform +`+runtime.GOOS+"/"+runtime.GOARCH+`$`, out)
	assert.Regexp(t, `(?m)^back-end +native/generic$`, out)
	assert.Regexp(t, `(?m)^kernel +generic$`, out)

	out, _ = ok(t, "version", "--format", "json")
	var b build
	require.NoError(t, json.Unmarshal([]byte(out), &b))
	assert.Equal(t, thisBuild(), b)

	code, _, errs := command("version", "--format", "xml")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "want one of")
}

// The kernel that version names is the one that a scan reports.
func TestVersionNamesTheKernelOfAScan(t *testing.T) {
	t.Setenv("SPECTRUM_KERNEL", "")
	t.Setenv("SPECTRUM_BACKEND", "native")
	b := thisBuild()
	assert.Equal(t, "native", b.Backend)
	require.NotEmpty(t, b.Kernel)
	out, _ := ok(t, "scan", tiny, "--format", "json", "--include", "model.layers.0.self_attn.q_proj")
	var v struct {
		Layers []struct{ Kernel string }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &v))
	ran, _, _ := strings.Cut(v.Layers[0].Kernel, " ")
	assert.Contains(t, []string{ran, ran + "bf16"}, b.Kernel, "bfloat16 pairs have no float64, in which small matrices run")
}

func TestVersionAnswersWithoutABackend(t *testing.T) {
	t.Setenv("SPECTRUM_KERNEL", "")
	t.Setenv("SPECTRUM_BACKEND", "abacus")
	out, _ := ok(t, "version")
	assert.Regexp(t, `(?m)^back-end +none: SPECTRUM_BACKEND: .*"abacus"`, out)
	assert.NotRegexp(t, `(?m)^kernel`, out)
}
