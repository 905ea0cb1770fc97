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

// A descriptor is watched by the loop's poller. It is used and closed on the loop, except by
// Control. After the close the number may belong to another file.
type descriptor struct {
	net     *network
	watcher netport.Watcher
	token   poll.Token
	fd      int
	shared  bool           // other descriptors may refer to the same open file
	mode    *openfile.Mode // restored at close; nil: the mode of the file is unchanged

	mu      sync.Mutex // guards the fields below
	closed  bool
	users   int  // running calls of Control; after Close the last one releases the descriptor
	lingers bool // SO_LINGER is set: close blocks until the data is sent
}

func (d *descriptor) Watch(w netport.Watcher) { d.watcher = w }

func (d *descriptor) notify(e poll.Events) {
	if d.watcher != nil {
		d.watcher.Ready(e&poll.Readable != 0, e&poll.Writable != 0)
	}
}

// Close removes the descriptor from the poller and closes it. A second call returns net.ErrClosed.
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

// release closes the descriptor. With SO_LINGER the system call blocks, even in non-blocking mode,
// so it is made in another goroutine.
func (d *descriptor) release() error {
	d.mode.Restore()
	if d.lingers {
		go unix.Close(d.fd)
		return nil
	}
	return os.NewSyscallError("close", unix.Close(d.fd))
}

// Control calls fn with the descriptor, which is not closed during the call. It holds no lock: fn
// may block, and may close the connection.
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

// call makes a system call with the descriptor. name is the name of the call, for the error.
func (d *descriptor) call(name string, fn func(fd int) error) (err error) {
	if e := d.Control(func(fd uintptr) { err = fn(int(fd)) }); e != nil {
		return e
	}
	return os.NewSyscallError(name, err)
}

// again reports whether the operation must be repeated at once. For EAGAIN it returns
// netport.ErrAgain.
func again(err error) (now bool, _ error) {
	switch err {
	case unix.EINTR:
		return true, nil
	case unix.EAGAIN:
		return false, netport.ErrAgain
	}
	return false, err
}

// syscallError adds the name of the system call to an errno.
func syscallError(call string, err error) error {
	if errno, ok := err.(unix.Errno); ok {
		return os.NewSyscallError(call, errno)
	}
	return err
}
