package semantics_test

import (
	"syscall"

	"github.com/asyncio-go/asyncio"
)

// A call of nanosleep(2) is a system call, and not package time's sleep.
func init() {
	systemKinds = append(systemKinds, blocker{"nanosleep(2)", asyncio.StallSyscall, "syscall.Nanosleep", "ToThread", func(b *block) {
		for b.holds() {
			t := syscall.NsecToTimespec(int64(nap))
			b.next()
			syscall.Nanosleep(&t, nil)
		}
	}})
}
