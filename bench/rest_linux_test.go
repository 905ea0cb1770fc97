package bench

import (
	"errors"
	"syscall"
	"time"
)

// rest blocks the calling thread in the kernel. time.Sleep would set a timer of
// the Go runtime, whose own wake-up would then be part of what is measured.
func rest(d time.Duration) error {
	left := syscall.NsecToTimespec(int64(d))
	for {
		if err := syscall.Nanosleep(&left, &left); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
