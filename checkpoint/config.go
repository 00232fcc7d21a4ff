package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/gospectrum/spectrum/internal/strictjson"
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
	// SHA256 is the hash of the file in hexadecimal, empty when there is none.
	SHA256 string
}

// readConfig reads a config.json. A missing one gives the zero Config.
func readConfig(name string) (Config, error) {
	text, err := readText(name)
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
	var c Config
	s, err := strictjson.New(text)
	if err != nil {
		return c, err
	}
	s.AllowNonFinite() // Mamba-2 has time_step_limit: [0.0, Infinity]
	var tied, textTied *bool
	err = s.Object(func(name string) (err error) {
		switch {
		case s.Null():
		case name == "model_type":
			c.ModelType, err = s.String()
		case name == "architectures":
			c.Architectures, err = stringList(s)
		case name == tieName:
			tied, err = boolean(s)
		case name == "text_config":
			textTied, err = parseTextConfig(s)
		default:
			err = s.Skip()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	if textTied != nil {
		tied = textTied
	}
	c.TieWordEmbeddings = tied != nil && *tied
	if err == nil {
		err = s.End()
	}
	return c, err
}

const tieName = "tie_word_embeddings"

// parseTextConfig returns the nested tie_word_embeddings, nil without one.
func parseTextConfig(s *strictjson.Scanner) (tied *bool, err error) {
	if s.Peek() != '{' {
		return nil, s.Skip()
	}
	err = s.Object(func(name string) (err error) {
		switch {
		case s.Null():
		case name == tieName:
			tied, err = boolean(s)
		default:
			err = s.Skip()
		}
		return err
	})
	return tied, err
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
