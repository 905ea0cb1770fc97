package aionet

import (
	"syscall"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// SyscallConn returns a syscall.RawConn of the descriptor, as in package net. Its methods:
//
//   - Control may be called from any goroutine.
//   - Read and Write wait as the methods of the connection do, and count as its reader and its
//     writer. Their function always runs in a task of the loop: it must not block, and a panic in
//     it is a panic of that task.
//
// The function must not close the descriptor, set it to blocking mode, or set SO_LINGER to more
// than 0: Close would block the loop. Call SetLinger instead. On a network without descriptors
// the methods return errors.ErrUnsupported.
func (e *endpoint) SyscallConn() (syscall.RawConn, error) { return rawConn{e}, nil }

// rawConn implements syscall.RawConn.
type rawConn struct{ e *endpoint }

func (r rawConn) Control(fn func(fd uintptr)) error {
	return r.e.opError("raw-control", r.e.socket.Control(fn))
}

func (r rawConn) Read(fn func(fd uintptr) (done bool)) error {
	return r.e.raw("raw-read", fn, &r.e.r, engine.ForRead)
}

func (r rawConn) Write(fn func(fd uintptr) (done bool)) error {
	return r.e.raw("raw-write", fn, &r.e.w, engine.ForWrite)
}

func (e *endpoint) raw(op string, fn func(fd uintptr) (done bool), d *direction, why engine.Why) error {
	_, err := e.do(op, d, why, func() (_ int, err error) {
		done := false
		if err = e.socket.Control(func(fd uintptr) { done = fn(fd) }); err == nil && !done {
			if p, ok := e.socket.(netport.Prompter); ok {
				p.Prompt(d == &e.r)
			}
			err = netport.ErrAgain
		}
		return 0, err
	})
	return err
}
