package checkpoint

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// Config is what config.json says of the model.
type Config struct {
	ModelType     string   // model_type
	Architectures []string // architectures
	// TieWordEmbeddings says that the output head is the input embedding. In
	// multimodal models the value in text_config decides where there is one,
	// as in transformers. It is false when the file is silent, where
	// transformers takes a default that depends on ModelType.
	TieWordEmbeddings bool
	// Quantization is the quant_method of quantization_config: fp8, mxfp4, gptq,
	// awq, bitsandbytes, …; empty when there is none.
	Quantization string
	// SHA256 is the hash of the file in hexadecimal, empty when there is none.
	SHA256 string

	quantized bool       // there is a quantization_config, with a method or without
	blocks    [][2]int64 // sizes of blocks with a scale each, in weights
	sizes     sizes
}

// readConfig reads a config.json. A missing one gives the zero Config.
func readConfig(ctx context.Context, dir directory) (Config, error) {
	name := dir.path(configName)
	text, err := readText(ctx, dir, configName)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, nil
	}
	if err != nil {
		return Config{}, err
	}
	c, err := parseConfig(text)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w: %w", name, ErrFormat, err)
	}
	sum := sha256.Sum256(text)
	c.SHA256 = hex.EncodeToString(sum[:])
	return c, nil
}

func parseConfig(text []byte) (Config, error) {
	s, err := strictjson.New(text)
	if err != nil {
		return Config{}, err
	}
	s.AllowNonFinite() // Mamba-2 has time_step_limit: [0.0, Infinity]
	p := &configParser{Scanner: s}
	err = s.Object(func(name string) error {
		if name == "text_config" && s.Peek() == '{' {
			p.nested = true
			err := s.Object(p.member)
			p.nested = false
			return inField(name, err)
		}
		return inField(name, p.member(name))
	})
	if err == nil {
		err = s.End()
	}
	return p.config(), err
}

// configParser collects what config.json says, and, in multimodal models, what
// its text_config says, which comes first.
type configParser struct {
	*strictjson.Scanner
	nested    bool
	c         Config
	top, text configFields // of the model and of its text_config
}

// configFields are the values that text_config may hold instead.
type configFields struct {
	tied  *bool
	sizes sizes
}

func inField(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// member reads the value of one field.
func (p *configParser) member(name string) (err error) {
	f := &p.top
	if p.nested {
		f = &p.text
	}
	switch {
	case p.Null():
	case name == "model_type" && !p.nested:
		p.c.ModelType, err = p.String()
	case name == "architectures" && !p.nested:
		p.c.Architectures, err = stringList(p.Scanner)
	case name == "tie_word_embeddings":
		f.tied, err = boolean(p.Scanner)
	case slices.Contains(quantizationFields, name) && p.Peek() == '{':
		p.c.quantized = true
		err = p.Object(p.quantization)
	case f.sizes.field(name) != nil && '0' <= p.Peek() && p.Peek() <= '9':
		*f.sizes.field(name), err = p.size()
	default:
		err = p.Skip()
	}
	return err
}

// field returns where a number of this name belongs, nil for others. Families
// differ in what they call it.
func (z *sizes) field(name string) *int64 {
	switch name {
	case "hidden_size", "n_embd", "d_model":
		return &z.hidden
	case "num_attention_heads", "n_head":
		return &z.heads
	case "num_key_value_heads":
		return &z.keyHeads
	case "head_dim":
		return &z.headDim
	}
	return nil
}

// size reads a number; one that is no integer is no size.
func (p *configParser) size() (int64, error) {
	v, err := p.Number()
	if err != nil || v != math.Trunc(v) || v > math.MaxInt32 {
		return 0, err
	}
	return int64(v), nil
}

// config returns the config with what is not said filled in.
func (p *configParser) config() Config {
	c := p.c
	tied := cmp.Or(p.text.tied, p.top.tied)
	c.TieWordEmbeddings = tied != nil && *tied
	z, text := &c.sizes, &p.text.sizes
	*z = p.top.sizes
	if text.hidden != 0 {
		*z = *text
	}
	z.keyHeads = cmp.Or(z.keyHeads, z.heads)
	if z.headDim == 0 && z.heads > 0 {
		z.headDim = z.hidden / z.heads
	}
	return c
}

func boolean(s *strictjson.Scanner) (*bool, error) {
	b, err := s.Bool()
	return &b, err
}

func stringList(s *strictjson.Scanner) (list []string, err error) {
	err = s.Array(func() error {
		text, err := s.String()
		list = append(list, text)
		return err
	})
	return list, err
}
