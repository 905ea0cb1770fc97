package poll

import (
	"math"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// system is an epoll instance, with an eventfd for wake.
type system struct {
	epfd, wakefd int
	events       []unix.EpollEvent
	millis       bool // the kernel has no epoll_pwait2
}

// wakeToken is the token of the eventfd. It is no valid index of the table.
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
	s.events = make([]unix.EpollEvent, maxEvents)
	return nil
}

func (s *system) control(fd int, events uint32, t Token) error {
	e := unix.EpollEvent{Events: events, Fd: int32(uint32(t)), Pad: int32(uint32(t >> 32))}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(s.epfd, unix.EPOLL_CTL_ADD, fd, &e))
}

func (s *system) add(fd int, t Token) error {
	return s.control(fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLPRI|unix.EPOLLRDHUP|unix.EPOLLET, t)
}

func (s *system) remove(fd int) { unix.EpollCtl(s.epfd, unix.EPOLL_CTL_DEL, fd, nil) }

func (s *system) wait(d time.Duration, t *table) {
	n := s.poll()
	if n == 0 && d != 0 {
		n = s.block(d)
	}
	for _, e := range s.events[:n] {
		k := Token(uint32(e.Pad))<<32 | Token(uint32(e.Fd))
		t.notify(k, eventsOf(e.Events))
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

// poll makes a non-blocking system call. As it does not block, it need not notify the scheduler.
func (s *system) poll() int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(s.epfd), uintptr(unsafe.Pointer(&s.events[0])), uintptr(len(s.events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// block makes a blocking system call. It also returns if a signal interrupts the call.
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
	case unix.ENOSYS, unix.EPERM: // before Linux 5.11, or rejected by a seccomp filter
		s.millis = true
		return s.block(d)
	}
	return 0
}

// millis rounds up. A Wait that ends too early would be repeated until the time has come.
func millis(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int(min((d+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
}

// wake writes to the eventfd. It need not be read: each write is an edge.
func (s *system) wake() {
	one := [8]byte{1}
	unix.Write(s.wakefd, one[:])
}

func (s *system) close() {
	unix.Close(s.wakefd)
	unix.Close(s.epfd)
}

// useMillis disables epoll_pwait2, for tests.
func (s *system) useMillis() { s.millis = true }
