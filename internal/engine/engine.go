// Package engine is the map of the rooms that compute singular values, and holds what
// they have in common. Each room imports only rooms below it:
//
//	native       the two roads: Gram, through the Gram matrix, and Direct, which does not square
//	symmetric    the rest of Gram's: dense → band → tridiagonal → eigenvalues
//	bidiagonal   Direct's: QR where the matrix is tall, band, bidiagonal, singular values
//	lapack       the reference: gonum's LAPACK, which also reduces Direct's small matrices
//	householder  what both reductions share: panels, reflectors, chasing bulges
//	sturm        corrects eigenvalues and singular values by Sturm counts
//	measure      how fast the kernels are
//	block        matrices in blocks and panels, and products of whole ones
//	kernel       micro-kernels in assembly and Go, which of them runs, packing
//	parallel     loops on an explicit number of workers
//	hugepage     large slices
package engine

import "errors"

// ErrConvergence reports that an iteration did not end within the steps it is allowed.
// Errors that wrap it say which.
var ErrConvergence = errors.New("no convergence")
