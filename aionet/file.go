package aionet

import (
	"context"
	"errors"
	"net"
	"os"
)

// FileConn returns a connection of ctx's loop for what f is open on: a pipe, a
// terminal, or a socket that is connected. It has a descriptor of its own: f stays the
// caller's, to close. Both share the file's mode, which becomes non-blocking. A regular
// file is refused: it is always ready, and reading it may block; use asyncio.ToThread.
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
	return newConn(caller.L, stream.LocalAddr().Network(), stream), nil
}
