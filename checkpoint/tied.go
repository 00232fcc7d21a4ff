package checkpoint

import "strings"

// headName is what every family with tied embeddings calls its output head.
const headName = "lm_head.weight"

// embeddingNames end the names of token embeddings that an output head may share.
func embeddingNames() []string {
	return []string{"embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight", "shared.weight"}
}

// TiedHead returns the name of the output head of a model with tied embeddings
// and that of the token embedding it shares. Both are empty when config.json
// does not say tie_word_embeddings, or no embedding is found. The files may have
// a tensor of the head's name all the same; the model does not use it.
func (m *Model) TiedHead() (head, embedding string) {
	if !m.config.TieWordEmbeddings {
		return "", ""
	}
	for i := range m.tensors {
		t := &m.tensors[i]
		if len(t.Shape) != 2 {
			continue
		}
		for _, suffix := range embeddingNames() {
			if t.Name == suffix || strings.HasSuffix(t.Name, "."+suffix) {
				return headName, t.Name
			}
		}
	}
	return "", ""
}
