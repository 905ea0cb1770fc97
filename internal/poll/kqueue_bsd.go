//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package poll

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// system is kqueue, and a pipe to be woken by. The token does not fit beside an
// event on every system, so that events are found by descriptor.
type system struct {
	kq     int
	wakefd [2]int // read, write
	events []unix.Kevent_t
	tokens map[uint64]Token // by descriptor
}

func (s *system) open() (err error) {
	if s.kq, err = unix.Kqueue(); err != nil {
		return os.NewSyscallError("kqueue", err)
	}
	unix.CloseOnExec(s.kq)
	if err := unix.Pipe(s.wakefd[:]); err != nil {
		unix.Close(s.kq)
		return os.NewSyscallError("pipe", err)
	}
	for _, fd := range s.wakefd {
		unix.CloseOnExec(fd)
		unix.SetNonblock(fd, true)
	}
	s.events, s.tokens = make([]unix.Kevent_t, mostEvents), map[uint64]Token{}
	if err := s.change(s.wakefd[0], unix.EVFILT_READ); err != nil {
		s.close()
		return err
	}
	return nil
}

func (s *system) change(fd int, filters ...int) error {
	changes := make([]unix.Kevent_t, len(filters))
	for i, filter := range filters {
		unix.SetKevent(&changes[i], fd, filter, unix.EV_ADD|unix.EV_CLEAR)
	}
	_, err := unix.Kevent(s.kq, changes, nil, nil)
	return os.NewSyscallError("kevent", err)
}

func (s *system) add(fd int, t Token) error {
	if err := s.change(fd, unix.EVFILT_READ, unix.EVFILT_WRITE); err != nil {
		return err
	}
	s.tokens[uint64(fd)] = t
	return nil
}

func (s *system) wait(d time.Duration, t *table) {
	var timeout *unix.Timespec
	if d >= 0 {
		ts := unix.NsecToTimespec(int64(d))
		timeout = &ts
	}
	n, err := unix.Kevent(s.kq, nil, s.events, timeout)
	if err != nil { // an interruption counts as being woken
		return
	}
	for _, e := range s.events[:n] {
		if uint64(e.Ident) == uint64(s.wakefd[0]) {
			var b [64]byte
			unix.Read(s.wakefd[0], b[:])
			continue
		}
		t.tell(s.tokens[uint64(e.Ident)], eventsOf(e))
	}
}

func eventsOf(e unix.Kevent_t) Events {
	switch {
	case e.Flags&(unix.EV_EOF|unix.EV_ERROR) != 0:
		return Readable | Writable
	case e.Filter == unix.EVFILT_WRITE:
		return Writable
	}
	return Readable
}

func (s *system) wake() { unix.Write(s.wakefd[1], []byte{1}) }

func (s *system) close() {
	unix.Close(s.wakefd[0])
	unix.Close(s.wakefd[1])
	unix.Close(s.kq)
}

func (s *system) slowClock() {}
