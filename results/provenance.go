package results

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/scan"
)

// Provenance says what was scanned, by what, how and when.
type Provenance struct {
	Tool     string    `json:"tool"`
	Version  string    `json:"version"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"`
	Seconds  Number    `json:"seconds"`
	Model    string    `json:"model"` // name of its folder or file, or its address on a hub with the commit
	Config   *Config   `json:"config,omitempty"`
	Files    []Source  `json:"files"`
	Base     *Base     `json:"base,omitempty"` // what the model was compared with
	Settings Settings  `json:"options"`
	Shard    string    `json:"shard,omitempty"` // which part of the matrices was scanned, such as 2/8; empty for all

	// Transformers is the oldest version of transformers whose names the parameters of
	// the rows have; empty for a type of model that is not known, whose parameters
	// have the names of the file.
	Transformers string `json:"transformers,omitempty"`
}

// Config identifies a model by its config.json.
type Config struct {
	SHA256        string   `json:"sha256"` // of the file, in hexadecimal
	ModelType     string   `json:"model_type,omitempty"`
	Architectures []string `json:"architectures,omitempty"`
	TextType      string   `json:"text_type,omitempty"` // model_type of text_config
	Blocks        int      `json:"blocks,omitempty"`    // of the language model
}

// Base identifies the model with which another was compared.
type Base struct {
	Model  string   `json:"model"` // as in Provenance
	Config *Config  `json:"config,omitempty"`
	Files  []Source `json:"files"`
}

// Source is one weight file that was read.
type Source struct {
	Name   string `json:"name"`                    // relative to the folder of the model
	Size   int64  `json:"size"`                    // bytes
	Header string `json:"header_sha256,omitempty"` // of what was read of it to list its tensors
}

// Settings are the settings of a scan that decide its numbers or its rows; those that
// decide only how it ran, such as the number of workers, are not among them. Names
// are strings, so that files with names of a later version still read.
type Settings struct {
	Noise   string `json:"noise"`             // name of the [spectrum.NoiseScale]
	Edge    string `json:"edge,omitempty"`    // text of the rmt.EdgeRule that was used
	Ratio   string `json:"ratio"`             // name of the [spectrum.Ratio]
	Divisor string `json:"divisor,omitempty"` // name of the [spectrum.Divisor]
	Backend string `json:"backend,omitempty"` // as asked for; each layer says what ran
	Kernel  string `json:"kernel,omitempty"`  // of the native back-end
	// Precision is the arithmetic as asked for; each layer says what ran.
	Precision string `json:"precision,omitempty"`
	Tolerance Number `json:"tolerance,omitzero"` // as asked for; 0 is the default of 1e-4

	Types   string   `json:"types,omitempty"`   // rule by which layers are grouped
	Split   bool     `json:"split,omitempty"`   // fused projections were taken apart
	Include []string `json:"include,omitempty"` // name patterns
	Exclude []string `json:"exclude,omitempty"`
	Vectors bool     `json:"vectors"` // 1-D weights are ranked too

	SingularValues bool `json:"singular_values,omitempty"` // the rows have them
	Rescored       bool `json:"rescored,omitempty"`        // computed from them, see [Rescore]
}

// provenance describes a scan of m that begins now; opt is resolved.
func (rec Recorder) provenance(m *checkpoint.Model, opt scan.Options) Provenance {
	p := Provenance{
		Tool: rec.Tool, Version: rec.Version,
		Started: time.Now().UTC(),
		Model:   modelName(m.Path()),
		Shard:   opt.Shard.String(),
		Settings: Settings{
			Noise:          opt.Analyzer.Noise.String(),
			Edge:           opt.Analyzer.ResolvedEdge().String(),
			Ratio:          opt.Analyzer.Ratio.String(),
			Divisor:        opt.Analyzer.Divisor.String(),
			Backend:        opt.Analyzer.Backend.Name(),
			Kernel:         kernelOf(opt.Analyzer.Backend),
			Precision:      opt.Analyzer.Precision.String(),
			Tolerance:      Number(opt.Analyzer.Tolerance),
			Types:          rec.Types,
			Split:          m.Split(),
			Include:        opt.Include,
			Exclude:        opt.Exclude,
			Vectors:        opt.Vectors,
			SingularValues: rec.SingularValues,
		},
	}
	p.Config, p.Files = configOf(m), filesOf(m)
	if names, err := m.Loaded(opt.Transformers); err == nil && names.Known() {
		p.Transformers = names.Version()
	}
	return p
}

// configOf identifies the config.json of a model, nil for one without.
func configOf(m *checkpoint.Model) *Config {
	c := m.Config()
	if c.SHA256 == "" {
		return nil
	}
	return &Config{SHA256: c.SHA256, ModelType: c.ModelType, Architectures: c.Architectures, TextType: c.TextType, Blocks: c.Blocks}
}

// filesOf lists the files of a model.
func filesOf(m *checkpoint.Model) (files []Source) {
	for _, f := range m.Files() {
		files = append(files, Source{Name: f.Name, Size: f.Size, Header: f.Header})
	}
	return files
}

// modelName is what a result calls a model: the last component of its path, which may be
// another on every machine, or the whole address of a hub.
func modelName(path string) string {
	if strings.Contains(path, "://") || path == "" {
		return path
	}
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	return filepath.Base(path)
}

// kernelOf returns the name of the kernel that a native back-end runs, "" for others. The
// one that is preferred comes first among the back-ends of this machine.
func kernelOf(b spectrum.Backend) string {
	const native = "native"
	if kernel, ok := strings.CutPrefix(b.Name(), native+"/"); ok || b.Name() != native {
		return kernel
	}
	for _, b := range spectrum.Backends() {
		if kernel, ok := strings.CutPrefix(b.Name(), native+"/"); ok {
			return kernel
		}
	}
	return ""
}

// finish enters the time at which the scan ended.
func (p *Provenance) finish() {
	p.Finished = time.Now().UTC()
	p.Seconds = Number(p.Finished.Sub(p.Started).Seconds())
}
