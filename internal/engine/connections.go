package engine

import "sync/atomic"

// Connections counts the errors of servers. From any goroutine.
type Connections struct {
	Failed   atomic.Uint64 // by an error or panic of the handler
	Reset    atomic.Uint64 // by the other side
	TimedOut atomic.Uint64 // at a deadline
	Closed   atomic.Uint64 // by the server itself, while the handler used them
	Accept   atomic.Uint64 // errors of accepting
}
