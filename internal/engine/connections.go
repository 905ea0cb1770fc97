package engine

import "sync/atomic"

// Connections counts the errors of servers: see asyncio.ConnectionMetrics. It may be used from
// any goroutine.
type Connections struct {
	Failed   atomic.Uint64 // another error, or a panic, of the handler
	Reset    atomic.Uint64 // ECONNRESET, EPIPE
	TimedOut atomic.Uint64 // a deadline of the connection
	Closed   atomic.Uint64 // net.ErrClosed: the server has closed the connection
	Accept   atomic.Uint64 // errors of accepting
}
