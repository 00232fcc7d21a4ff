package checkpoint

import "github.com/gospectrum/spectrum/internal/names"

const headName = "lm_head.weight"

// TiedHead returns the name of the output head of a model with tied embeddings
// and that of the token embedding it shares. Both are empty when config.json
// does not say tie_word_embeddings, or no embedding is found.
func (m *Model) TiedHead() (head, embedding string) {
	if m == nil || !m.config.TieWordEmbeddings {
		return "", ""
	}
	for i := range m.tensors {
		if t := &m.tensors[i]; len(t.rest.Shape) == 2 && names.IsTokenEmbedding(t.name) {
			return headName, t.name
		}
	}
	return "", ""
}
