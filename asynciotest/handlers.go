package asynciotest

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// AllowHandlerErrors lets handlers fail in Run, as in a server that goes on: the error is
// logged. Without it a panic or an error of a handler fails the test. Handlers are those of
// aionet.Listener.Serve and ServeProtocol, with the tasks that belong to their connections,
// and of aiohttp.Handler. An error that was given to OnError fails no test, and neither does
// one that tells how a connection ended: io.EOF, a reset, a deadline, a connection that this
// side has closed, and the handler's own cancellation.
func AllowHandlerErrors() asyncio.Option {
	return func(c *engine.Config) { c.OnHandlerError = nil }
}

// failHandler reports false for what is to be logged.
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

// endsConnection reports whether the error tells how a connection ended.
func endsConnection(err error) bool {
	for _, end := range []error{io.EOF, net.ErrClosed, os.ErrDeadlineExceeded, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}
