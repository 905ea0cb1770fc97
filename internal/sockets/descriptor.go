//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import (
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio/internal/netport"
	"github.com/asyncio-go/asyncio/internal/openfile"
	"github.com/asyncio-go/asyncio/internal/poll"
)

// A descriptor is watched by the loop's poller. It is used and closed on the loop, but
// for Control: closed, the number may stand for another file.
type descriptor struct {
	net     *network
	watcher netport.Watcher
	token   poll.Token
	fd      int
	shared  bool           // other descriptors may refer to the same open file
	mode    *openfile.Mode // restored at close; nil: the mode of the file is unchanged

	mu      sync.Mutex // guards what follows
	closed  bool
	users   int  // calls of Control under way: the last one closes, if Close came meanwhile
	lingers bool // closing waits for what was not sent
}

func (d *descriptor) Watch(w netport.Watcher) { d.watcher = w }

func (d *descriptor) tell(e poll.Events) {
	if d.watcher != nil {
		d.watcher.Ready(e&poll.Readable != 0, e&poll.Writable != 0)
	}
}

// Close closes the descriptor, once.
func (d *descriptor) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return net.ErrClosed
	}
	d.closed = true
	if d.shared {
		d.net.poller.RemoveShared(d.fd, d.token)
	} else {
		d.net.poller.Remove(d.token)
	}
	if d.users > 0 {
		return nil
	}
	return d.release()
}

// release gives the number back. With SO_LINGER the system waits, also for a socket
// that does not block: then the loop does not wait with it.
func (d *descriptor) release() error {
	d.mode.Restore()
	if d.lingers {
		go unix.Close(d.fd)
		return nil
	}
	return os.NewSyscallError("close", unix.Close(d.fd))
}

// Control calls fn with the descriptor, which is not closed meanwhile. It holds
// nothing that anybody waits for: fn may block, and may close the connection.
func (d *descriptor) Control(fn func(fd uintptr)) error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return net.ErrClosed
	}
	d.users++
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.users--; d.users == 0 && d.closed {
			d.release()
		}
	}()
	fn(uintptr(d.fd))
	return nil
}

// call does a system call with the descriptor, under the name of the call.
func (d *descriptor) call(name string, fn func(fd int) error) (err error) {
	if e := d.Control(func(fd uintptr) { err = fn(int(fd)) }); e != nil {
		return e
	}
	return os.NewSyscallError(name, err)
}

// again tells of an operation that is to be done again at once, or later.
func again(err error) (now bool, _ error) {
	switch err {
	case unix.EINTR:
		return true, nil
	case unix.EAGAIN:
		return false, netport.ErrAgain
	}
	return false, err
}

// wrap names the system call in an error of the system's.
func wrap(call string, err error) error {
	if errno, ok := err.(unix.Errno); ok {
		return os.NewSyscallError(call, errno)
	}
	return err
}
