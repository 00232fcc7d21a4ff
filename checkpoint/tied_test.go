package checkpoint

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTiedHead(t *testing.T) {
	const tied = `{"tie_word_embeddings":true}`
	for _, c := range []struct{ config, embedding, want string }{
		{tied, "model.embed_tokens.weight", "model.embed_tokens.weight"},
		{tied, "shared.weight", "shared.weight"},
		{tied, "gpt_neox.embed_in.weight", "gpt_neox.embed_in.weight"},
		{tied, "transformer.wpe.weight", ""},
		{tied, "model.embed_tokens", ""},
		{`{"tie_word_embeddings":false}`, "model.embed_tokens.weight", ""},
		{`{}`, "model.embed_tokens.weight", ""},
	} {
		dir := t.TempDir()
		writeShard(t, dir, "model.safetensors", f32(c.embedding, 2, 3), f32("a.0.w.weight", 2, 3))
		writeFile(t, dir, configName, c.config)
		head, embedding := open(t, dir).TiedHead()
		assert.Equal(t, c.want, embedding, "%v", c)
		assert.Equal(t, c.want != "", head == "lm_head.weight", "%v", c)
	}
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", count("model.embed_tokens.weight", 6))
	writeFile(t, dir, configName, tied)
	head, _ := open(t, dir).TiedHead()
	assert.Empty(t, head, "a vector is no embedding")
}
