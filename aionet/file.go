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
// The open file does not block until the connection is closed, or its loop has ended;
// then it has its former mode again. All descriptors of the open file share the mode,
// also those of other processes, such as the shell that started the program: until then
// a read or write there may fail with EAGAIN, and f.Fd() may have the file block, so
// that a read of the connection would block the loop. Use f.SyscallConn.
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
