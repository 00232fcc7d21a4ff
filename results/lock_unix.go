//go:build unix && !aix && !solaris && !illumos

package results

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the lock of an open file, which the system releases when the process ends,
// however it ends. It reports false where the file system has none.
func lock(f *os.File) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, ErrLocked
		default: // ENOLCK, ENOTSUP, ENOSYS and what else file systems say
			return false, nil
		}
	}
}
