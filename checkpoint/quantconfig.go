package checkpoint

import (
	"fmt"
	"slices"
	"strings"
)

// quantizationFields are where a config.json describes how weights were quantised:
// transformers, compressed-tensors before it, MLX.
var quantizationFields = []string{"quantization_config", "compression_config", "quantization"}

// quantization reads one field of the description.
func (p *configParser) quantization(name string) (err error) {
	switch {
	case p.Null():
	case name == "quant_method" && p.Peek() == '"':
		p.c.Quantization, err = p.String()
	case name == "weight_block_size" && p.Peek() == '[':
		err = p.block()
	case name == "config_groups" && p.Peek() == '{':
		err = p.Object(p.group)
	default:
		err = p.Skip()
	}
	return inField(name, err)
}

// group reads one of the config_groups of compressed-tensors.
func (p *configParser) group(group string) error {
	if p.Peek() != '{' {
		return p.Skip()
	}
	return inField(group, p.Object(func(name string) error {
		if name != "weights" || p.Peek() != '{' {
			return p.Skip()
		}
		return inField(name, p.Object(p.groupWeights))
	}))
}

// groupWeights reads a field of how a group's weights are quantised.
func (p *configParser) groupWeights(name string) (err error) {
	switch {
	case p.Null():
	case name == "block_structure" && p.Peek() == '[':
		err = p.block()
	case name == "block_structure" && p.Peek() == '"':
		var text string
		if text, err = p.String(); err == nil {
			err = p.blockText(text)
		}
	case name == "group_size" && '0' <= p.Peek() && p.Peek() <= '9':
		var size int64
		if size, err = p.size(); err == nil && size > 0 {
			p.addBlock([2]int64{1, size})
		}
	default:
		err = p.Skip()
	}
	return inField(name, err)
}

// block reads the height and width of a block.
func (p *configParser) block() error {
	var block [2]int64
	n := 0
	err := p.Array(func() error {
		size, err := p.Natural()
		if err == nil && (n == 2 || size == 0) {
			err = p.Errorf("want two numbers above 0")
		}
		if err == nil {
			block[n] = size
		}
		n++
		return err
	})
	if err == nil && n != 2 {
		err = p.Errorf("want two numbers above 0")
	}
	if err == nil {
		p.addBlock(block)
	}
	return err
}

// blockText reads "128x128".
func (p *configParser) blockText(text string) error {
	var block [2]int64
	n, err := fmt.Sscanf(strings.ToLower(text), "%dx%d", &block[0], &block[1])
	if err != nil || n != 2 || block[0] <= 0 || block[1] <= 0 {
		return p.Errorf("%q is not HEIGHTxWIDTH", text)
	}
	p.addBlock(block)
	return nil
}

func (p *configParser) addBlock(block [2]int64) {
	if !slices.Contains(p.c.blocks, block) {
		p.c.blocks = append(p.c.blocks, block)
	}
}
