package results

import (
	"time"

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
	Model    string    `json:"model"` // path as it was given
	Config   *Config   `json:"config,omitempty"`
	Files    []Source  `json:"files"`
	Settings Settings  `json:"options"`

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

// Source is one weight file that was read.
type Source struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
}

// Settings are the settings of a scan that decide or explain its numbers. Names
// are strings, so that files with names of a later version still read.
type Settings struct {
	Noise   string `json:"noise"`             // name of the [spectrum.NoiseScale]
	Edge    string `json:"edge,omitempty"`    // text of the rmt.EdgeRule that was used
	Ratio   string `json:"ratio"`             // name of the [spectrum.Ratio]
	Divisor string `json:"divisor,omitempty"` // name of the [spectrum.Divisor]
	Backend string `json:"backend,omitempty"` // as asked for; each layer says what ran
	// Precision is the arithmetic as asked for; each layer says what ran.
	Precision string `json:"precision,omitempty"`
	Tolerance Number `json:"tolerance,omitzero"` // as asked for; 0 is the default of 1e-4

	Jobs    int      `json:"jobs"`              // workers
	Memory  int64    `json:"memory,omitempty"`  // cap in bytes, 0 if none
	Include []string `json:"include,omitempty"` // name patterns
	Exclude []string `json:"exclude,omitempty"`
	Vectors bool     `json:"vectors"` // 1-D weights are ranked too
}

// newProvenance describes a scan of m that begins now; opt is resolved.
func newProvenance(m *checkpoint.Model, opt scan.Options) Provenance {
	p := Provenance{
		Started: time.Now().UTC(),
		Model:   m.Path(),
		Settings: Settings{
			Noise:     opt.Analyzer.Noise.String(),
			Edge:      opt.Analyzer.ResolvedEdge().String(),
			Ratio:     opt.Analyzer.Ratio.String(),
			Divisor:   opt.Analyzer.Divisor.String(),
			Backend:   opt.Analyzer.Backend.Name(),
			Precision: opt.Analyzer.Precision.String(),
			Tolerance: Number(opt.Analyzer.Tolerance),
			Jobs:      opt.Jobs,
			Memory:    opt.Memory,
			Include:   opt.Include,
			Exclude:   opt.Exclude,
			Vectors:   opt.Vectors,
		},
	}
	if c := m.Config(); c.SHA256 != "" {
		p.Config = &Config{SHA256: c.SHA256, ModelType: c.ModelType, Architectures: c.Architectures, TextType: c.TextType, Blocks: c.Blocks}
	}
	if names, err := m.Loaded(opt.Transformers); err == nil && names.Known() {
		p.Transformers = names.Version()
	}
	for _, f := range m.Files() {
		p.Files = append(p.Files, Source{Name: f.Name, Size: f.Size})
	}
	return p
}

// finish enters the time at which the scan ended.
func (p *Provenance) finish() {
	p.Finished = time.Now().UTC()
	p.Seconds = Number(p.Finished.Sub(p.Started).Seconds())
}
