package aionet

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// Draining returns a channel that is closed when a server begins to shut down. ctx is that of
// a handler, and the shutdown begins at one of these:
//
//   - Shutdown of the listener whose Serve runs the handler,
//   - the cancellation of ServeLoops,
//   - Shutdown of the http.Server that calls the aiohttp.Handler.
//
// A Protocol passes Transport.Context. Close does not close the channel, nor does the
// cancellation of Serve.
//
// A handler that serves several requests on one connection should close an idle connection
// when the channel is closed. Otherwise Shutdown waits for the connection until the ctx of
// Shutdown ends. asyncio.Recv awaits the channel; a select with a default case polls it.
//
// If ctx is not that of a handler, Draining returns nil, a channel that is never closed. It
// may be called from any goroutine.
func Draining(ctx context.Context) <-chan struct{} {
	if of, ok := ctx.Value(netport.DrainingKey{}).(func() <-chan struct{}); ok {
		return of()
	}
	return nil
}

// withDraining returns ctx with the channel that Draining returns to the listener's handlers.
func (l *Listener) withDraining(ctx context.Context) context.Context {
	return context.WithValue(ctx, netport.DrainingKey{}, l.drainingChannel)
}

func (l *Listener) drainingChannel() <-chan struct{} { return l.server.draining }

// startDraining closes the channel of Draining. A second call does nothing. It is called on the
// loop.
func (l *Listener) startDraining() {
	if !l.server.isDraining {
		l.server.isDraining = true
		close(l.server.draining)
	}
}
