//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package poll

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// system is a kqueue, with a pipe for wake.
type system struct {
	kqueue
	kq     int
	pipe   [2]int // read, write
	events [maxEvents]unix.Kevent_t
}

func (s *system) open() (err error) {
	if s.kq, err = unix.Kqueue(); err != nil {
		return os.NewSyscallError("kqueue", err)
	}
	unix.CloseOnExec(s.kq)
	if err := unix.Pipe(s.pipe[:]); err != nil {
		unix.Close(s.kq)
		return os.NewSyscallError("pipe", err)
	}
	for _, fd := range s.pipe {
		unix.CloseOnExec(fd)
		unix.SetNonblock(fd, true)
	}
	s.kqueue = kqueue{sys: (*calls)(s), wakefd: uint64(s.pipe[0]), tokens: map[uint64]Token{}}
	if err := s.sys.watch(s.wakefd, kread); err != nil {
		s.close()
		return err
	}
	return nil
}

func (s *system) add(fd int, t Token) error { return s.kqueue.add(uint64(fd), t) }

func (s *system) wait(d time.Duration, t *table) { s.kqueue.wait(d, t) }

// remove does nothing: kqueue removes a descriptor when it is closed.
func (s *system) remove(int) {}

func (s *system) wake() { unix.Write(s.pipe[1], []byte{1}) }

func (s *system) close() {
	unix.Close(s.pipe[0])
	unix.Close(s.pipe[1])
	unix.Close(s.kq)
}

func (s *system) useMillis() {}

// calls implements kevents with system calls.
type calls system

func (s *calls) watch(fd uint64, filter kfilter) error {
	var change [1]unix.Kevent_t
	unix.SetKevent(&change[0], int(fd), [...]int{kread: unix.EVFILT_READ, kwrite: unix.EVFILT_WRITE}[filter], unix.EV_ADD|unix.EV_CLEAR)
	_, err := unix.Kevent(s.kq, change[:], nil, nil)
	return os.NewSyscallError("kevent", err)
}

func (s *calls) wait(events *[maxEvents]kevent, d time.Duration) int {
	var timeout *unix.Timespec
	if d >= 0 {
		ts := unix.NsecToTimespec(int64(d))
		timeout = &ts
	}
	n, err := unix.Kevent(s.kq, nil, s.events[:], timeout)
	if err != nil { // such as EINTR
		return 0
	}
	for i, e := range s.events[:n] {
		events[i] = kevent{fd: uint64(e.Ident), ended: e.Flags&(unix.EV_EOF|unix.EV_ERROR) != 0}
		if e.Filter == unix.EVFILT_WRITE {
			events[i].filter = kwrite
		}
	}
	return n
}

func (s *calls) drainPipe() {
	var b [64]byte
	unix.Read(s.pipe[0], b[:])
}
