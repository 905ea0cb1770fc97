//go:build unix && !aix

package portable

import "golang.org/x/sys/unix"

const truncated = unix.MSG_TRUNC // in the flags of a message that did not fit
