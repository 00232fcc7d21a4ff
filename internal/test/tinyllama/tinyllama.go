// Package tinyllama makes the demonstration model: a small Llama-shaped
// checkpoint in bfloat16 whose every matrix has a prescribed spectrum, so that
// the ranking of the layers is known before anything is computed.
package tinyllama

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/test/planted"
	"github.com/gospectrum/spectrum/rmt"
)

// The shape of the model: grouped-query attention with 6 query heads and 2
// key/value heads of 16, and a tied output head.
const (
	Blocks       = 8
	Hidden       = 96
	KeyValue     = 32
	Intermediate = 256
	Vocabulary   = 512
)

const seed = 20241123

// SpikedLayer has the best spectrum of its type but for one value, its
// largest, which is ten times what it would be. The score divides by the
// largest value, so this layer ranks last.
const SpikedLayer = "model.layers.3.self_attn.o_proj.weight"

const spike = 10

// Matrix is one weight of the model.
type Matrix struct {
	Name       string
	Type       string // what repeats across blocks
	Rows, Cols int
	Spectrum   []float64 // prescribed singular values, descending
	Rank       int       // place within its type by SNR, 0 is best
}

// Matrices returns the matrices of the model in module order.
func Matrices() []Matrix {
	types := []struct {
		name       string
		rows, cols int
	}{
		{"self_attn.q_proj", Hidden, Hidden},
		{"self_attn.k_proj", KeyValue, Hidden},
		{"self_attn.v_proj", KeyValue, Hidden},
		{"self_attn.o_proj", Hidden, Hidden},
		{"mlp.gate_proj", Intermediate, Hidden},
		{"mlp.up_proj", Intermediate, Hidden},
		{"mlp.down_proj", Hidden, Intermediate},
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	ranks := make([][]int, len(types))
	for i, t := range types {
		ranks[i] = rnd.Perm(Blocks)
		if t.name == "self_attn.o_proj" {
			// The spiked layer is last; the others keep their order.
			spiked := ranks[i][3]
			for b, r := range ranks[i] {
				if r > spiked {
					ranks[i][b]--
				}
			}
			ranks[i][3] = Blocks - 1
		}
	}
	all := []Matrix{{
		Name: "model.embed_tokens.weight", Type: "model.embed_tokens",
		Rows: Vocabulary, Cols: Hidden, Spectrum: powerLaw(Hidden),
	}}
	for b := range Blocks {
		for i, t := range types {
			m := Matrix{
				Name: fmt.Sprintf("model.layers.%d.%s.weight", b, t.name), Type: t.name,
				Rows: t.rows, Cols: t.cols, Rank: ranks[i][b],
			}
			m.Spectrum = prescribe(m.Rows, m.Cols, m.Rank)
			if m.Name == SpikedLayer {
				m.Spectrum = prescribe(m.Rows, m.Cols, 0)
				m.Spectrum[0] *= spike
			}
			all = append(all, m)
		}
	}
	return all
}

// prescribe returns the spectrum of the rank-th best layer of its shape: a bulk
// at the quantiles of the Marchenko–Pastur law, and above it evenly spaced
// signal values, a fifth of all, where the interquartile range still measures
// the noise. The better the layer, the less its signal decays and the smaller
// its noise.
func prescribe(rows, cols, rank int) []float64 {
	n, m := min(rows, cols), max(rows, cols)
	signal := n / 5
	decay := 0.4 + 0.1*float64(rank)
	level := 0.06 * math.Pow(1.15, float64(rank))
	law := rmt.MarchenkoPasturSV{Aspect: float64(n) / float64(m), Sigma: level}
	s := make([]float64, n)
	for i := range s {
		if i < signal {
			s[i] = 2 - decay*float64(i)/float64(signal)
		} else {
			s[i] = law.Quantile(1 - (float64(i-signal)+0.5)/float64(n-signal))
		}
	}
	return s
}

// powerLaw returns 4/i, the kind of spectrum trained embeddings have.
func powerLaw(n int) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = 4 / float64(i+1)
	}
	return s
}

// Weights builds the matrix U·diag(Spectrum)·Vᵀ with random orthonormal U and
// V, rounded to bfloat16.
func (m *Matrix) Weights() []spectrum.BFloat16 {
	n := len(m.Spectrum)
	rnd := rand.New(rand.NewPCG(seed, nameSeed(m.Name)))
	u, v := planted.Orthonormal(rnd, m.Rows, n), planted.Orthonormal(rnd, m.Cols, n)
	u.Apply(func(_, j int, x float64) float64 { return x * m.Spectrum[j] }, u)
	var w mat.Dense
	w.Mul(u, v.T())
	data := make([]spectrum.BFloat16, 0, m.Rows*m.Cols)
	for i := range m.Rows {
		for _, x := range w.RawRowView(i) {
			data = append(data, spectrum.ToBFloat16(float32(x)))
		}
	}
	return data
}

// Norms returns the names of the 1-D weights, all of length Hidden.
func Norms() []string {
	var names []string
	for b := range Blocks {
		names = append(names, fmt.Sprintf("model.layers.%d.input_layernorm.weight", b),
			fmt.Sprintf("model.layers.%d.post_attention_layernorm.weight", b))
	}
	return append(names, "model.norm.weight")
}

// normWeights returns gains around 1, rounded to bfloat16.
func normWeights(name string) []spectrum.BFloat16 {
	rnd := rand.New(rand.NewPCG(seed, nameSeed(name)))
	data := make([]spectrum.BFloat16, Hidden)
	for i := range data {
		data[i] = spectrum.ToBFloat16(float32(1 + 0.1*rnd.NormFloat64()))
	}
	return data
}

// nameSeed gives every tensor weights of its own.
func nameSeed(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// Ranking returns the names of the matrices of one type, best first.
func Ranking(typ string) []string {
	var same []Matrix
	for _, m := range Matrices() {
		if m.Type == typ {
			same = append(same, m)
		}
	}
	slices.SortFunc(same, func(a, b Matrix) int { return a.Rank - b.Rank })
	names := make([]string, len(same))
	for i, m := range same {
		names[i] = m.Name
	}
	return names
}
