package aionet

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// FileConn returns a connection of ctx's loop for the open file f: a pipe, a terminal, or a
// connected socket. The connection has its own descriptor, and the caller must still close f. For
// a regular file it returns an error, because a read may block: use asyncio.ToThread.
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
