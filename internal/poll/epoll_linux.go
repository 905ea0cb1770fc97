package poll

import (
	"math"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// system is epoll, and an eventfd to be woken by.
type system struct {
	epfd, wakefd int
	events       []unix.EpollEvent
	millis       bool // the kernel knows no nanoseconds here
}

// wakeToken marks the eventfd: no table is that long.
const wakeToken Token = 1<<32 - 1

func (s *system) open() (err error) {
	if s.epfd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if s.wakefd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		unix.Close(s.epfd)
		return os.NewSyscallError("eventfd", err)
	}
	if err := s.control(s.wakefd, unix.EPOLLIN|unix.EPOLLET, wakeToken); err != nil {
		s.close()
		return err
	}
	s.events = make([]unix.EpollEvent, mostEvents)
	return nil
}

func (s *system) control(fd int, events uint32, t Token) error {
	e := unix.EpollEvent{Events: events, Fd: int32(uint32(t)), Pad: int32(uint32(t >> 32))}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(s.epfd, unix.EPOLL_CTL_ADD, fd, &e))
}

func (s *system) add(fd int, t Token) error {
	return s.control(fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLPRI|unix.EPOLLRDHUP|unix.EPOLLET, t)
}

func (s *system) forget(fd int) { unix.EpollCtl(s.epfd, unix.EPOLL_CTL_DEL, fd, nil) }

func (s *system) wait(d time.Duration, t *table) {
	n := s.look()
	if n == 0 && d != 0 {
		n = s.block(d)
	}
	for _, e := range s.events[:n] {
		k := Token(uint32(e.Pad))<<32 | Token(uint32(e.Fd))
		t.tell(k, eventsOf(e.Events))
	}
}

func eventsOf(bits uint32) (e Events) {
	const failed = unix.EPOLLERR | unix.EPOLLHUP
	if bits&(unix.EPOLLIN|unix.EPOLLRDHUP|failed) != 0 {
		e |= Readable
	}
	if bits&(unix.EPOLLOUT|failed) != 0 {
		e |= Writable
	}
	if bits&(unix.EPOLLRDHUP|failed) != 0 {
		e |= Ended
	}
	if bits&unix.EPOLLPRI != 0 {
		e |= Urgent
	}
	return e
}

// look asks without blocking, so that the scheduler need not be told.
func (s *system) look() int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(s.epfd), uintptr(unsafe.Pointer(&s.events[0])), uintptr(len(s.events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// block waits; an interruption counts as being woken.
func (s *system) block(d time.Duration) int {
	if d < 0 || s.millis {
		n, err := unix.EpollWait(s.epfd, s.events, millis(d))
		if err != nil {
			return 0
		}
		return n
	}
	ts := unix.NsecToTimespec(int64(d))
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(s.epfd), uintptr(unsafe.Pointer(&s.events[0])), uintptr(len(s.events)), uintptr(unsafe.Pointer(&ts)), 0, 0)
	switch errno {
	case 0:
		return int(n)
	case unix.ENOSYS, unix.EPERM: // before Linux 5.11, or a filter that does not know it
		s.millis = true
		return s.block(d)
	}
	return 0
}

// millis rounds up: to wake too early would be to ask again and again.
func millis(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int(min((d+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
}

// wake leaves the number in the eventfd: edges are counted by writes.
func (s *system) wake() {
	one := [8]byte{1}
	unix.Write(s.wakefd, one[:])
}

func (s *system) close() {
	unix.Close(s.wakefd)
	unix.Close(s.epfd)
}

// slowClock has waits measured in milliseconds, as on old kernels.
func (s *system) slowClock() { s.millis = true }
