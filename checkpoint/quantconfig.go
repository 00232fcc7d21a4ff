package checkpoint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// quantizationFields are where a config.json describes how weights were quantised:
// transformers, compressed-tensors before it, MLX.
var quantizationFields = []string{"quantization_config", "compression_config", "quantization"}

// quantizations reads a description. Where one is there twice the last counts.
func (p *configParser) quantizations(field string) error {
	if p.nested {
		field = "text_config." + field
	}
	if p.described == field {
		p.c.Quantization, p.c.blocks, p.c.noBlocks, p.c.quantized = "", nil, "", false
	}
	p.described = field
	return p.Object(p.quantization)
}

// quantization reads one field of a description.
func (p *configParser) quantization(name string) error {
	p.c.quantized = true // {} describes nothing
	if name == "config_groups" && p.Peek() == '{' {
		return p.Object(p.group)
	}
	raw, err := p.Raw()
	v := configValue{name, raw, p.notes}
	switch {
	case err != nil:
		return err
	case name == "quant_method":
		p.c.Quantization = v.text()
	case name == "weight_block_size":
		p.block(v)
	}
	return nil
}

// group reads one of the config_groups of compressed-tensors.
func (p *configParser) group(string) error {
	if p.Peek() != '{' {
		return p.Skip()
	}
	return p.Object(func(name string) error {
		if name != "weights" || p.Peek() != '{' {
			return p.Skip()
		}
		return p.Object(p.groupWeights)
	})
}

// groupWeights reads a field of how a group's weights are quantised.
func (p *configParser) groupWeights(name string) error {
	raw, err := p.Raw()
	v := configValue{name, raw, p.notes}
	switch {
	case err != nil:
		return err
	case name == "block_structure":
		p.block(v)
	case name == "group_size":
		if size := v.size(); size > 0 {
			p.addBlock([2]int64{1, size})
		}
	}
	return nil
}

// block reads the height and width of a block, [128, 128] or "128x128".
func (p *configParser) block(v configValue) {
	var block [2]int64
	ok := false
	if text, isText := v.str(); isText && v.name == "block_structure" {
		high, wide, _ := strings.Cut(strings.ToLower(text), "x")
		h, err1 := strconv.ParseInt(strings.TrimSpace(high), 10, 32)
		w, err2 := strconv.ParseInt(strings.TrimSpace(wide), 10, 32)
		block, ok = [2]int64{h, w}, err1 == nil && err2 == nil && h > 0 && w > 0
		if !ok {
			v.unused("HEIGHTxWIDTH")
		}
	} else {
		block, ok = v.pair()
	}
	switch {
	case !ok:
		p.c.noBlocks = fmt.Sprintf("%s in %s is %.40s", v.name, configName, v.raw)
	case block != [2]int64{}:
		p.addBlock(block)
	}
}

func (p *configParser) addBlock(block [2]int64) {
	if !slices.Contains(p.c.blocks, block) {
		p.c.blocks = append(p.c.blocks, block)
	}
}
