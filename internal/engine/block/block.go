// Package block holds the matrices of the native engine, in blocks and panels that
// the kernels of package kernel work on, and the products of whole matrices: what
// BLAS calls level 3. [Gram] is its dsyrk, for weights as they are stored, and
// [MulSym] its dsymm.
//
// Everything is row-major but for [BandMatrix], and everything beyond the last row
// and column of a matrix, up to the end of its blocks or panels, is zero.
package block
