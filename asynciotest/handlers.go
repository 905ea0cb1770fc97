package asynciotest

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// AllowHandlerErrors makes Run log the errors of handlers, as a server does. Without it a
// panic or an error of a handler fails the test. Handlers are those of
// aionet.Listener.Serve and ServeProtocol, with the tasks that belong to their connections,
// and of aiohttp.Handler. An error that was passed to OnError does not fail the test. Neither
// do errors that report the end of a connection:
//
//   - io.EOF and a reset,
//   - a deadline of the connection or of a ctx,
//   - net.ErrClosed of a connection that this side has closed,
//   - the handler's own cancellation.
func AllowHandlerErrors() asyncio.Option {
	return func(c *engine.Config) { c.OnHandlerError = nil }
}

// failHandler fails the test. It reports false for an error that must be logged instead.
func failHandler(t *testing.T, what string, err error) bool {
	var p *asyncio.PanicError
	switch {
	case errors.As(err, &p):
		t.Errorf("asynciotest: %s: %v\n\n%s", what, err, p.Stack)
	case endsConnection(err):
		return false
	default:
		t.Errorf("asynciotest: %s: %v", what, err)
	}
	return true
}

// endsConnection reports whether the error describes how a connection ended.
func endsConnection(err error) bool {
	for _, end := range []error{io.EOF, net.ErrClosed, os.ErrDeadlineExceeded, context.DeadlineExceeded, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}
