//go:build unix && !aix

// Package openfile sets open files to non-blocking mode, and restores their former mode.
//
// The blocking mode is a property of the open file, not of a descriptor. All descriptors of
// the file share it, including those of other processes. Unblock sets a file to non-blocking
// mode. The last Restore in this process sets it to its former mode.
package openfile

import (
	"os"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Mode is the use of an open file by one descriptor, from Unblock to Restore.
type Mode struct {
	fd      int
	of      inode
	blocked bool // Restore must set the file to blocking mode
}

// An inode identifies a file. Descriptors of one open file have the same inode, but several
// open files may share an inode.
type inode struct{ dev, ino uint64 }

// users holds the modes that were not restored yet, by inode.
var (
	mu    sync.Mutex // guards users, and the mode of their files
	users = map[inode][]*Mode{}
)

// Unblock sets the open file of fd to non-blocking mode until Restore. From any goroutine.
func Unblock(fd int) (*Mode, error) {
	mu.Lock()
	defer mu.Unlock()
	blocked, err := blocks(fd)
	if err == nil && blocked {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	var stat unix.Stat_t
	unix.Fstat(fd, &stat) // if it fails, the file has the zero inode
	m := &Mode{fd, inode{uint64(stat.Dev), uint64(stat.Ino)}, blocked}
	users[m.of] = append(users[m.of], m)
	return m, nil
}

// Of calls Unblock with the descriptor of c.
func Of(c syscall.Conn) (m *Mode, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	if raw.Control(func(fd uintptr) { m, err = Unblock(int(fd)) }) != nil {
		return nil, os.ErrClosed
	}
	return m, err
}

// Restore sets the open file to its former mode. If another Mode uses the same open file, the
// Restore of that Mode does so instead. Restore must be called once, before the descriptor is
// closed. From any goroutine. With a nil Mode it does nothing.
func (m *Mode) Restore() {
	if m == nil {
		return
	}
	mu.Lock()
	defer mu.Unlock()
	others := users[m.of]
	i := slices.Index(others, m)
	if others = slices.Delete(others, i, i+1); len(others) == 0 {
		delete(users, m.of)
	} else {
		users[m.of] = others
	}
	if !m.blocked || unix.SetNonblock(m.fd, false) != nil {
		return
	}
	// No system call reports which descriptors share an open file. Here they are those that are
	// in blocking mode now.
	for _, other := range others {
		if blocked, err := blocks(other.fd); err == nil && blocked {
			other.blocked = true
			unix.SetNonblock(other.fd, true)
			return
		}
	}
}

func blocks(fd int) (bool, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return flags&unix.O_NONBLOCK == 0, err
}
