package aionet

import (
	"syscall"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// SyscallConn gives access to the descriptor, as in package net. Control may be used
// from any goroutine; Read and Write wait as the socket's own do, and count as its one
// reader and one writer. Their function runs in a task of the loop, for another
// goroutine too, so that it must not block, and a panic in it is that task's. The
// descriptor must not be closed, nor set to block, and is given a time to linger by
// SetLinger only: else Close would block the loop. On a network without descriptors
// the methods return errors.ErrUnsupported.
func (e *endpoint) SyscallConn() (syscall.RawConn, error) { return rawConn{e}, nil }

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

func (e *endpoint) raw(op string, fn func(fd uintptr) (done bool), h *half, why engine.Why) error {
	_, err := e.try(op, h, why, func() (_ int, err error) {
		done := false
		if err = e.socket.Control(func(fd uintptr) { done = fn(fd) }); err == nil && !done {
			if p, ok := e.socket.(netport.Prompter); ok {
				p.Prompt(h == &e.r)
			}
			err = netport.ErrAgain
		}
		return 0, err
	})
	return err
}
