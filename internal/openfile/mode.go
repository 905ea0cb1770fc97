//go:build unix && !aix

// Package openfile keeps the mode of open files that a loop shares with others.
//
// Whether an open file blocks is a property of the file, not of a descriptor: all
// descriptors of it have the same mode, also those of other processes. Unblock has a
// file not block, and Restore gives the former mode back when the last user in this
// process is done.
package openfile

import (
	"os"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Mode is a descriptor's share in the mode of its open file.
type Mode struct {
	fd      int
	of      inode
	blocked bool // the file blocked before; the last user has this to restore
}

// An inode is what descriptors of one open file have in common, though not they alone.
type inode struct{ dev, ino uint64 }

// users are the descriptors of this process under Unblock.
var (
	mu    sync.Mutex // guards users, and the mode of their files
	users = map[inode][]*Mode{}
)

// Unblock has the open file of fd not block until Restore. From any goroutine.
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
	unix.Fstat(fd, &stat) // where it fails, all such files count as one inode
	m := &Mode{fd, inode{uint64(stat.Dev), uint64(stat.Ino)}, blocked}
	users[m.of] = append(users[m.of], m)
	return m, nil
}

// Of is Unblock for the open file of c, which has a descriptor of its own.
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

// Restore gives the open file its former mode, unless another user has a descriptor of
// it, whose Restore does so then. It is called once, before the descriptor is closed.
// From any goroutine. A nil Mode has nothing to restore.
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
	// No call tells which descriptors share a file: those that block now do.
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
