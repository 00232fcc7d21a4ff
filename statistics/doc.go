// Package statistics computes what the field asks a spectrum besides its signal and
// noise: the exponent of a power law in its tail, ranks, its entropy, and what stands
// out of the noise by tests that no setting changes.
//
// [New] takes the singular values of a matrix with bounds on their errors; [Spectrum.Summary]
// returns every statistic at once. Each has a bound on what the errors of the singular
// values do to it, as an [Estimate], or as the range that a [Count] may lie in.
// [Definitions] says of each what it is, how it is computed and where it comes from;
// docs/statistics.md is made of that table.
//
// Nothing here panics: what is not defined is NaN, and the statistics of a nil Spectrum
// are those of an empty one.
package statistics
