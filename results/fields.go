package results

// field is one JSON field of a [Layer]. The table below drives the CSV columns
// and the reader; a test holds it to the struct.
type field struct {
	name     string
	required bool // a file without it is malformed
	of       func(*Layer) any
}

// layerFields lists the fields in the order they are written.
func layerFields() []field {
	return []field{
		{"name", true, func(l *Layer) any { return &l.Name }},
		{"type", true, func(l *Layer) any { return &l.Type }},
		{"rows", false, func(l *Layer) any { return &l.Rows }},
		{"cols", false, func(l *Layer) any { return &l.Cols }},
		{"dtype", false, func(l *Layer) any { return &l.DType }},
		{"params", false, func(l *Layer) any { return &l.Params }},
		{"snr", true, func(l *Layer) any { return &l.SNR }},
		{"ratio_sum", false, func(l *Layer) any { return &l.RatioSum }},
		{"ratio_count", false, func(l *Layer) any { return &l.RatioCount }},
		{"signal_count", false, func(l *Layer) any { return &l.SignalCount }},
		{"noise_count", false, func(l *Layer) any { return &l.NoiseCount }},
		{"signal_sum", false, func(l *Layer) any { return &l.SignalSum }},
		{"noise_sum", false, func(l *Layer) any { return &l.NoiseSum }},
		{"sigma", false, func(l *Layer) any { return &l.Sigma }},
		{"threshold", false, func(l *Layer) any { return &l.Threshold }},
		{"s_max", false, func(l *Layer) any { return &l.SMax }},
		{"s_min", false, func(l *Layer) any { return &l.SMin }},
		{"frobenius", false, func(l *Layer) any { return &l.Frobenius }},
		{"stable_rank", false, func(l *Layer) any { return &l.StableRank }},
		{"effective_rank", false, func(l *Layer) any { return &l.EffectiveRank }},
		{"saturated", false, func(l *Layer) any { return &l.Saturated }},
		{"zero", false, func(l *Layer) any { return &l.Zero }},
		{"ranked", true, func(l *Layer) any { return &l.Ranked }},
		{"tied_to", false, func(l *Layer) any { return &l.TiedTo }},
		{"backend", false, func(l *Layer) any { return &l.Backend }},
		{"kernel", false, func(l *Layer) any { return &l.Kernel }},
		{"precision", false, func(l *Layer) any { return &l.Precision }},
		{"snr_error", false, func(l *Layer) any { return &l.SNRError }},
		{"seconds", false, func(l *Layer) any { return &l.Seconds }},
		{"error", false, func(l *Layer) any { return &l.Error }},
		{"ratio_energy", false, func(l *Layer) any { return &l.RatioEnergy }},
		{"fit", false, func(l *Layer) any { return &l.Fit }},
		{"fit_limit", false, func(l *Layer) any { return &l.FitLimit }},
		{"singular_values", false, func(l *Layer) any { return &l.SingularValues }},
	}
}
