package aionet

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// FileConn returns a connection of ctx's loop for what f is open on: a pipe, a
// terminal, or a socket that is connected. It has a descriptor of its own: f stays the
// caller's, to close. A regular file is refused: it is always ready, and reading it may
// block; use asyncio.ToThread.
//
// FileConn sets the open file to non-blocking mode. Its former mode is restored when the
// connection is closed or its loop ends. All descriptors of the open file share the mode,
// including those of other processes, such as the shell that started the program. While the
// connection is open, a read or write by another process may fail with EAGAIN. f.Fd() may set
// the file to blocking mode, so that a read of the connection blocks the loop; call
// f.SyscallConn instead.
//
//go:noinline
func FileConn(ctx context.Context, f *os.File) (*Conn, error) {
	caller, n, err := enterNetwork(ctx)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, errors.New("aionet: FileConn: nil file")
	}
	stream, err := n.Adopt(ctx, f)
	if err != nil {
		return nil, &net.OpError{Op: "file", Net: "file", Err: err}
	}
	return newTracked(caller.L, stream.LocalAddr().Network(), stream, coro.CallSite()), nil
}
