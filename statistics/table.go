package statistics

import "math"

// Summary is every statistic of a spectrum.
type Summary struct {
	PowerLaw               PowerLaw
	Hill, Entropy          Estimate
	Rank90, Rank95, Rank99 Count // see [Spectrum.EnergyRank]
	NumericalRank          Count
	Noise                  Noise
	HardRank               Count
}

// Summary computes every statistic. epsilon is that of [Spectrum.NumericalRank]; where it
// is negative or not finite, [Epsilon32] is taken.
func (s *Spectrum) Summary(epsilon float64) Summary {
	if !(epsilon >= 0) || math.IsInf(epsilon, 1) {
		epsilon = Epsilon32
	}
	return Summary{
		PowerLaw: s.PowerLaw(), Hill: s.Hill(), Entropy: s.Entropy(),
		Rank90: s.energyRank(0.90), Rank95: s.energyRank(0.95), Rank99: s.energyRank(0.99),
		NumericalRank: s.numericalRank(epsilon), Noise: s.Noise(), HardRank: s.HardRank(),
	}
}

// CertainRanks reports whether no rank and no number of spikes is another for any spectrum
// within the errors.
func (m Summary) CertainRanks() bool {
	for _, c := range []Count{m.Rank90, m.Rank95, m.Rank99, m.NumericalRank, m.Noise.Spikes, m.HardRank} {
		if !c.Certain() {
			return false
		}
	}
	return true
}

// Definition says what a statistic is. Its Name is that of the field and the column of
// result files.
type Definition struct {
	Name    string
	About   string // what it is
	Formula string // how it is computed
	Unit    string // of the weights, or empty for a pure number
	Source  string // where it comes from
	Flag    bool   // it is true or false, 1 or 0 as a number

	value func(*Summary) float64
}

// Of returns the statistic of a summary, NaN where it is not defined.
func (d Definition) Of(m *Summary) float64 {
	if m == nil || d.value == nil {
		return math.NaN()
	}
	return d.value(m)
}

// Sources that several statistics share.
const (
	clauset  = "Clauset, Shalizi & Newman 2009"
	martin   = "WeightWatcher (Martin, Peng & Mahoney 2021)"
	kritchm  = "Kritchman & Nadler 2009"
	ownBound = "here, from the bounds of the singular values"
)

// Definitions returns every statistic of a [Summary] that has a field in a result file, in
// the order of the fields.
func Definitions() []Definition {
	return append(tailDefinitions(), rankDefinitions()...)
}

func tailDefinitions() []Definition {
	return []Definition{
		{Name: "alpha", About: "exponent of the power law fitted to the tail of the eigenvalues λ = s²", Source: clauset,
			Formula: "α = 1 + k/Σ ln(λ/x_min) over the k eigenvalues from x_min on, zeros left out",
			value:   func(m *Summary) float64 { return m.PowerLaw.Alpha }},
		{Name: "alpha_xmin", About: "where the tail begins", Source: clauset, Unit: "weights²",
			Formula: "the x_min among the eigenvalues but the largest for which `alpha_ks` is least; the smaller one of equals",
			value:   func(m *Summary) float64 { return m.PowerLaw.XMin }},
		{Name: "alpha_ks", About: "Kolmogorov–Smirnov distance of the tail to the law", Source: clauset,
			Formula: "max \\|F(λ) − i/k\\|, i = 0…k−1 ascending from x_min, F(λ) = 1 − (λ/x_min)^(1−α)",
			value:   func(m *Summary) float64 { return m.PowerLaw.Distance }},
		{Name: "alpha_tail", About: "eigenvalues in the tail", Source: clauset, Formula: "k",
			value: func(m *Summary) float64 { return orNaN(m.PowerLaw.Tail, m.PowerLaw.Tail > 0) }},
		{Name: "alpha_error", About: "standard error of `alpha`, were the eigenvalues drawn independently", Source: clauset,
			Formula: "(α−1)/√k", value: func(m *Summary) float64 { return m.PowerLaw.StandardError }},
		{Name: "alpha_bound", About: "bound on the absolute error of `alpha` that the errors of the singular values make; infinite where `alpha_uncertain`", Source: ownBound,
			Formula: "max(1/(M−η) − 1/M, 1/M − 1/(M+η)), M = 1/(α−1), η = ηᵢ + mean ηⱼ, η of each ln λ from 2·ln(s±e)",
			value:   func(m *Summary) float64 { return m.PowerLaw.Bound }},
		{Name: "alpha_uncertain", Flag: true, About: "another x_min may be the best within the errors of the singular values", Source: ownBound,
			Formula: "a distance less (ηᵢ + max ηⱼ + η/e)/(M−η), by which it can move, is not above the least and what that can move by",
			value:   func(m *Summary) float64 { return number(m.PowerLaw.Uncertain) }},
		{Name: "alpha_rejected", Flag: true, About: "the tail is too far from any power law: `alpha` describes nothing", Source: "Stephens 1974, the exponential law with unknown scale, 5 %",
			Formula: "(alpha_ks − 0.2/k)·(√k + 0.26 + 0.5/√k) > 1.094",
			value:   func(m *Summary) float64 { return number(m.PowerLaw.Rejected) }},
		{Name: "alpha_weighted", About: "exponent weighted by the scale of the largest eigenvalue", Source: martin,
			Formula: "α·log₁₀ λ_max", value: func(m *Summary) float64 { return m.PowerLaw.Weighted.Value }},
		{Name: "log_alpha_norm", About: "logarithm of the norm of order α", Source: martin,
			Formula: "log₁₀ Σ λ^α", value: func(m *Summary) float64 { return m.PowerLaw.LogNorm.Value }},
		{Name: "hill_alpha", About: "Hill estimate of the exponent of the larger half of the eigenvalues", Source: "Hill 1975; as in AlphaPruning (Lu et al. 2024), TempBalance (Zhou et al. 2023) and AlphaDecay",
			Formula: "1 + (n−i)/(Σ_{j≥i} ln λⱼ − (n−i)·ln λᵢ), λ ascending, i = ⌊n/2⌋ from 0",
			value:   func(m *Summary) float64 { return m.Hill.Value }},
		{Name: "hill_alpha_error", About: "bound on the absolute error of `hill_alpha`", Source: ownBound,
			Formula: "the sum moved by the errors of its logarithms", value: func(m *Summary) float64 { return m.Hill.Error }},
	}
}

func rankDefinitions() []Definition {
	rank := func(name, share string, of func(m *Summary) Count) Definition {
		return Definition{Name: name, About: "fewest singular values with " + share + " of the energy", Source: "truncated SVD, Eckart & Young 1936",
			Formula: "least k with Σ_{i≤k} sᵢ² ≥ " + share + " of Σ sᵢ²", value: func(m *Summary) float64 { return float64(of(m).Value) }}
	}
	return []Definition{
		{Name: "spectral_entropy", About: "entropy of the singular values over that of equal ones", Source: "Roy & Vetterli 2007, normalised",
			Formula: "−Σ p·ln p / ln n, p = s/Σs; missing for a single value", value: func(m *Summary) float64 { return m.Entropy.Value }},
		{Name: "spectral_entropy_error", About: "bound on the absolute error of `spectral_entropy`", Source: ownBound,
			Formula: "sums moved by the errors of their terms", value: func(m *Summary) float64 { return m.Entropy.Error }},
		rank("rank_90", "90 %", func(m *Summary) Count { return m.Rank90 }),
		rank("rank_95", "95 %", func(m *Summary) Count { return m.Rank95 }),
		rank("rank_99", "99 %", func(m *Summary) Count { return m.Rank99 }),
		{Name: "numerical_rank", About: "singular values above the rounding of the type", Source: "NumPy's matrix_rank",
			Formula: "number of s > s₁·max(r, c)·ε; ε = 2⁻⁵² for weights stored in float64, else 2⁻²³, that of float32",
			value:   func(m *Summary) float64 { return float64(m.NumericalRank.Value) }},
		{Name: "spikes", About: "singular values above the edge of the noise at the level 0.01, whatever the score is made with", Source: kritchm,
			Formula: "number of s > edge, see [noise.md](noise.md), `kn`", value: func(m *Summary) float64 { return float64(m.Noise.Spikes.Value) }},
		{Name: "spike_strength", About: "the largest spike without what noise adds to it; missing without any", Unit: "weights", Source: "Benaych-Georges & Nadakuditi 2012",
			Formula: "the larger θ with s₁² = (θ² + nσ²)(θ² + mσ²)/θ²", value: func(m *Summary) float64 { return m.Noise.Strength.Value }},
		{Name: "gavish_donoho_rank", About: "singular values worth keeping, for noise of unknown scale", Source: "Gavish & Donoho 2014",
			Formula: "number of s > ω(β)·median(s)", value: func(m *Summary) float64 { return float64(m.HardRank.Value) }},
		{Name: "below_edge", About: "share of the singular values below the lower edge of the noise: lost directions; missing where there is no noise", Source: "Marchenko & Pastur 1967",
			Formula: "share of s < σ·(√(m−k) − √(n−k)), σ of `kn`, k = `spikes`", value: func(m *Summary) float64 { return m.Noise.Below.Value }},
		{Name: "ranks_uncertain", Flag: true, About: "a rank or `spikes` may be another within the errors of the singular values", Source: ownBound,
			Formula: "each is counted anew with the values and thresholds moved to their worst ends", value: func(m *Summary) float64 { return number(!m.CertainRanks()) }},
	}
}

// number is 1 for true.
func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func orNaN(n int, defined bool) float64 {
	if !defined {
		return math.NaN()
	}
	return float64(n)
}
