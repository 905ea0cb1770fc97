package sockets

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// SendFile calls sendfile.
func (s *stream) SendFile(f *os.File, n int) (sent int, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	n = min(n, maxBytes)
	for {
		if raw.Control(func(fd uintptr) { sent, err = unix.Sendfile(s.fd, int(fd), nil, n) }) != nil {
			return 0, os.ErrClosed
		}
		switch err {
		case nil:
			return sent, nil
		case unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP, unix.EPERM:
			return 0, errors.ErrUnsupported
		}
		if now, err := again(err); !now {
			return 0, syscallError("sendfile", err)
		}
	}
}
