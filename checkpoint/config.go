package checkpoint

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/gospectrum/spectrum/internal/format/sniff"
	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// Config is what config.json says of the model.
type Config struct {
	ModelType     string   // model_type
	Architectures []string // architectures
	// TextType is the model_type of text_config, which multimodal models have.
	TextType string
	// Blocks is the number of blocks of the language model, 0 when the file does
	// not say it.
	Blocks int
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
	noBlocks  string     // why those are not known though the file may say them
	sizes     sizes
	unread    bool // the file is there and is not JSON
}

// readConfig reads a config.json. A missing one gives the zero Config, and so does
// one that is not JSON: only what needs it fails then. The notes say what was not
// read as it stands.
func readConfig(ctx context.Context, dir directory) (c Config, said notes, err error) {
	text, err := readText(ctx, dir, configName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Config{}, nil, nil
	case errors.Is(err, ErrFormat): // too long
		c.refuse(&said, err)
		return c, said, nil
	case err != nil:
		return Config{}, nil, err
	}
	c, said = parseConfig(text)
	sum := sha256.Sum256(text)
	c.SHA256 = hex.EncodeToString(sum[:])
	return c, said, nil
}

// parseConfig reads what a config.json says, as Python would where JSON leaves it open.
func parseConfig(text []byte) (c Config, said notes) {
	if kind := sniff.Sniff(text, int64(len(text))); kind == sniff.LFSPointer || kind == sniff.HTML || kind == sniff.Empty {
		c.refuse(&said, errors.New(kind.Describe(text)))
		return c, said
	}
	if rest, ok := bytes.CutPrefix(text, []byte("\ufeff")); ok {
		said.add("%s begins with a byte order mark", configName)
		text = rest
	}
	if !utf8.Valid(text) {
		said.add("%s is not UTF-8; what is not is read as %q", configName, utf8.RuneError)
		text = bytes.ToValidUTF8(text, []byte(string(utf8.RuneError)))
	}
	p := &configParser{notes: &said}
	err := p.parse(text)
	if err != nil {
		c.refuse(&said, err)
		return c, said
	}
	return p.config(), said
}

// refuse makes c the config of a file that is not read.
func (c *Config) refuse(said *notes, err error) {
	*c = Config{unread: true, noBlocks: configName + " cannot be read"}
	said.add("%s is not read (%v): whether the embeddings are tied, the block sizes of 8-bit weights and what --split needs are not known", configName, err)
}

// configParser collects what config.json says, and, in multimodal models, what
// its text_config says, which comes first.
type configParser struct {
	*strictjson.Scanner
	notes     *notes
	nested    bool
	c         Config
	described string       // the field that last described the quantisation
	noType    bool         // model_type is there and is not text
	top, text configFields // of the model and of its text_config
}

// configFields are the values that text_config may hold instead.
type configFields struct {
	tied   *bool
	blocks int64
	sizes  sizes
}

func (p *configParser) parse(text []byte) (err error) {
	if p.Scanner, err = strictjson.New(text); err != nil {
		return err
	}
	p.AllowNonFinite() // Mamba-2 has time_step_limit: [0.0, Infinity]
	p.AllowDuplicates(func(key string) {
		p.notes.add("%s: %.40q is there twice; the last one counts", configName, key)
	})
	err = p.Object(func(name string) error {
		if name != "text_config" || p.Peek() != '{' {
			return p.member(name)
		}
		p.text, p.nested = configFields{}, true
		err := p.Object(p.member)
		p.nested = false
		return err
	})
	return cmp.Or(err, p.End())
}

// member reads the value of one field.
func (p *configParser) member(name string) error {
	if slices.Contains(quantizationFields, name) && p.Peek() == '{' {
		return p.quantizations(name)
	}
	raw, err := p.Raw()
	if err != nil {
		return err
	}
	v := configValue{name, raw, p.notes}
	f := &p.top
	if p.nested {
		f = &p.text
	}
	switch {
	case name == "model_type" && !p.nested:
		p.c.ModelType = v.text()
		p.noType = p.c.ModelType == "" && !v.null()
	case name == "architectures" && !p.nested:
		p.c.Architectures = v.list()
	case name == "model_type":
		p.c.TextType = v.text()
	case name == "tie_word_embeddings":
		f.tied = v.flag()
	case name == "num_hidden_layers" || name == "n_layer" || name == "num_layers" || name == "n_layers":
		f.blocks = v.size()
	case slices.Contains(quantizationFields, name) && !v.null():
		v.unused("an object")
		p.c.noBlocks = fmt.Sprintf("%s in %s is no object", name, configName)
	case f.sizes.field(name) != nil:
		*f.sizes.field(name) = v.size()
	}
	return nil
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

// config returns the config with what is not said filled in.
func (p *configParser) config() Config {
	c := p.c
	tied := cmp.Or(p.text.tied, p.top.tied)
	c.TieWordEmbeddings = tied != nil && *tied
	c.Blocks = int(min(cmp.Or(p.text.blocks, p.top.blocks), math.MaxInt32))
	z, text := &c.sizes, &p.text.sizes
	*z = p.top.sizes
	if text.hidden != 0 {
		*z = *text
	}
	z.keyHeads = cmp.Or(z.keyHeads, z.heads)
	if z.headDim == 0 && z.heads > 0 {
		z.headDim = z.hidden / z.heads
	}
	if p.noType {
		*z = sizes{} // families differ in how they fuse
	}
	return c
}
