package kernel

// The sizes that kernels, the assembly and the matrices of package block agree on,
// each written here alone: the generators in _gen read this file. TestSizes holds
// every kernel to these rules, and those who cut matrices rely on them:
//
//   - lanes, the elements of a vector register, divide NR, Band and MaxLanes;
//   - MR divides NR, and NR divides Band: a window or a panel of Band columns is a
//     whole number of panels, and a panel a whole number of register tiles;
//   - Band divides every block size, so none of these straddles two blocks;
//   - MR divides GramDepth, PairDepth and every other number of rows that a matrix
//     is cut into.
const (
	// Band is the number of subdiagonals, or superdiagonals, of the band matrix
	// between a dense one and one of two diagonals, the order of the windows that
	// the band kernels work on, and the number of columns that are eliminated at a
	// time. An update of the dense matrix then has 2·Band terms for each element,
	// enough to hide its memory traffic; chasing the band costs 6·Band·n² flops.
	Band = 48

	// MaxLanes is the number of elements in the widest vector register.
	MaxLanes = 16

	// SymStride is the distance of the columns of a symmetric band matrix: room for
	// the diagonal, Band elements below it, Band−1 of a bulge, and a gap as wide as
	// the widest vector register, so that a store which starts above the diagonal
	// hits nothing.
	SymStride = 2*Band + MaxLanes

	// widenUnit is what the number of elements of a bulk conversion is a multiple of.
	widenUnit = 16

	// peakChains is the number of independent multiply-adds that hide each other's
	// latency in Peak: two a cycle with a latency of five need ten.
	peakChains = 12

	// Shifts is the number of QL sweeps that a [Sweeper] makes at once.
	Shifts = 8

	// wavePad is the number of rows between one that enters the wave and the one
	// that leaves it in the same step: each sweep follows two rows behind the one
	// before.
	wavePad = 2 * Shifts

	// waveFloor keeps p, by which r is divided, above zero, and c below waveSmall
	// means that p was zero.
	waveFloor = 0x1p-1000
	waveSmall = 0x1p-900
)

const (
	// GramDepth is the number of terms summed in registers before they are added to
	// a Gram matrix. The panels of two blocks of it stay in a 1 MiB L2 cache, from
	// which the register tiles read fast enough; half of it would read and write the
	// matrix more often than that is worth.
	GramDepth = 384

	// PairDepth is GramDepth for pairs of terms: the more of them, the larger the
	// partial sums that each rounding error is relative to. It is at most GramDepth,
	// for which panels have room.
	PairDepth = 256
)
