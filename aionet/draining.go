package aionet

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// Draining returns a channel that is closed when the Shutdown of a server begins: that of
// the listener whose Serve runs the handler of ctx, the end of ServeLoops, and Shutdown of
// the http.Server in front of an aiohttp.Handler. A protocol asks with Transport.Context.
// Close, and a cancelled Serve, do not close the channel.
//
// A handler that keeps a connection for further requests selects it, to end the connection
// when it is idle: else Shutdown waits for the connection until its ctx ends. asyncio.Recv
// awaits the channel; a select with a default looks at it.
//
// With a ctx of no server Draining returns nil, a channel that is never closed. It may be
// called from any goroutine.
func Draining(ctx context.Context) <-chan struct{} {
	if of, ok := ctx.Value(netport.DrainingKey{}).(func() <-chan struct{}); ok {
		return of()
	}
	return nil
}

// withDraining is ctx for the handlers of the listener.
func (l *Listener) withDraining(ctx context.Context) context.Context {
	return context.WithValue(ctx, netport.DrainingKey{}, l.drainingChannel)
}

func (l *Listener) drainingChannel() <-chan struct{} { return l.server.draining }

// startDraining closes the channel of Draining, once. On the loop.
func (l *Listener) startDraining() {
	if !l.server.drains {
		l.server.drains = true
		close(l.server.draining)
	}
}
