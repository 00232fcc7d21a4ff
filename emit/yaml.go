package emit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gospectrum/spectrum/internal/escape"
)

// maxYAML bounds a file of settings, in bytes. Lists of the largest models take a
// tenth of it.
const maxYAML = 16 << 20

// listYAML writes a list of plain names under a key.
func listYAML(key string, items []string) string {
	var b strings.Builder
	b.WriteString(key + ":\n")
	for _, item := range items {
		b.WriteString("- " + escape.YAML(item) + "\n")
	}
	return b.String()
}

// settings are the members of a YAML mapping, as trainers read their configs.
type settings map[string]*yaml.Node

// yamlOf reads the first document of a YAML file that has one of the keys; with none
// in any, the first that is a mapping. An empty file has no settings.
func yamlOf(text string, keys ...string) (settings, error) {
	if len(text) > maxYAML {
		return nil, fmt.Errorf("more than %d MiB", maxYAML>>20)
	}
	dec := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix([]byte(text), []byte("\ufeff"))))
	var first settings
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		found, err := members(&doc)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			if found[key] != nil {
				return found, nil
			}
		}
		if first == nil {
			first = found
		}
	}
	if first == nil {
		return nil, errNoEntries
	}
	return first, nil
}

// members returns the members of the mapping in a document, nil if it holds none.
func members(doc *yaml.Node) (settings, error) {
	if len(doc.Content) == 0 {
		return nil, nil
	}
	return mapping(doc.Content[0])
}

// mapping returns the members of a mapping, nil for anything else.
func mapping(n *yaml.Node) (settings, error) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	found := make(settings)
	for m := n.Content; len(m) > 1; m = m[2:] {
		if found[m[0].Value] != nil {
			return nil, fmt.Errorf("line %d: %s is there twice", m[0].Line, m[0].Value)
		}
		found[m[0].Value] = m[1]
	}
	return found, nil
}

// text returns a scalar, "" for null, for none and for what is no scalar.
func (s settings) text(key string) string {
	n := resolve(s[key])
	if n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// flag returns a truth value, what is given for none.
func (s settings) flag(key string, none bool) (bool, error) {
	switch text := s.text(key); strings.ToLower(text) {
	case "":
		return none, nil
	case "true", "yes", "on":
		return true, nil
	case "false", "no", "off":
		return false, nil
	default:
		return none, fmt.Errorf("%s: %q is neither true nor false", key, text)
	}
}

// list returns the scalars of a list, or the one that stands in its place. The error
// names the line of what is neither.
func (s settings) list(key string) (items []string, err error) {
	n := resolve(s[key])
	switch {
	case n == nil || n.Tag == "!!null":
		return nil, nil
	case n.Kind == yaml.ScalarNode:
		return []string{n.Value}, nil
	case n.Kind != yaml.SequenceNode:
		return nil, fmt.Errorf("line %d: %s is no list", n.Line, key)
	}
	for _, item := range n.Content {
		if item = resolve(item); item == nil || item.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: an item of %s is no text", n.Line, key)
		}
		items = append(items, item.Value)
	}
	return items, nil
}

// oneOrMore returns a list or a text, which trainers take for a pattern.
func (s settings) oneOrMore(key string) (oneOrMore, error) {
	items, err := s.list(key)
	n := resolve(s[key])
	switch {
	case err != nil || len(items) == 0:
		return oneOrMore{}, err
	case n.Kind == yaml.ScalarNode:
		return oneOrMore{is: "text", text: items[0]}, nil
	}
	return oneOrMore{is: "list", list: items}, nil
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
