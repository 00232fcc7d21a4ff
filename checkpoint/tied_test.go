package checkpoint

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTiedHead(t *testing.T) {
	for _, c := range []struct{ config, tensor, head, embedding string }{
		{`{"tie_word_embeddings": true}`, "model.embed_tokens.weight", "lm_head.weight", "model.embed_tokens.weight"},
		{`{"tie_word_embeddings": true}`, "wte.weight", "lm_head.weight", "wte.weight"},
		{`{"tie_word_embeddings": true}`, "model.not_wte.weight", "", ""},
		{`{"tie_word_embeddings": false}`, "model.embed_tokens.weight", "", ""},
		{`{}`, "model.embed_tokens.weight", "", ""},
	} {
		dir := t.TempDir()
		writeFile(t, dir, "config.json", c.config)
		writeShard(t, dir, "model.safetensors", f32(c.tensor, 2, 3))
		head, embedding := open(t, dir).TiedHead()
		assert.Equal(t, [2]string{c.head, c.embedding}, [2]string{head, embedding}, "%s %s", c.config, c.tensor)
	}
}
