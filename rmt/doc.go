// Package rmt holds what random-matrix theory says of noise and of signal in
// noise: the Marchenko–Pastur law of the singular values of noise, the
// Tracy–Widom law of the largest of them, and the spiked model, which says what
// becomes of a signal in noise and how to undo it.
//
// [MarchenkoPastur], [MarchenkoPasturSV] and [TracyWidom] follow gonum's
// stat/distuv. Nothing here panics: what has no meaning is NaN.
package rmt
