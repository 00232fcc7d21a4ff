package hugepage

import "syscall"

// advise asks for huge pages. Without them everything works as well.
func advise(s []byte) {
	const hugePage = 14 // MADV_HUGEPAGE, the same on every architecture but parisc
	_ = syscall.Madvise(s, hugePage)
}
