package aionet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// ServeLoops serves the address on n loops, each in its own goroutine, so that a server uses n
// processors. An n of 0 stands for GOMAXPROCS.
//
// A connection belongs to one loop. Its handler is a task of that loop, and shares variables
// without locks with the tasks of that loop only. State for all loops belongs to one of them, or
// to a separate loop. Handlers of the others use it by asyncio.Submit: a task may await tasks and
// futures of other loops.
//
// The networks are those of Listen. Where the system spreads connections over several listeners
// (SO_REUSEPORT: TCP on Linux), each loop has its own listener. Elsewhere one goroutine accepts
// for all loops, and gives each connection to the loop that has waited longest.
//
// The options are those of Listen, and LoopOptions, OnListen and Grace. MaxConns bounds each
// loop. OnError is called on the loop of the connection, so several loops may call it at once.
//
// ServeLoops blocks until ctx is cancelled. Then it stops listening, serves the connections in
// the accept backlog, waits until the handlers have ended, and returns nil. Handlers that have
// not ended after Grace (10 s) are cancelled and awaited, and the error matches
// context.DeadlineExceeded. Connections of the backlog that could not be accepted by then
// are reset, and the error also matches that of accepting. The channel of Draining is closed
// when the shutdown begins.
//
// An error of one loop ends the others in the same way, and is returned. A panic or a
// runtime.Goexit that ends a loop also ends the others, and then continues in the caller.
//
// ServeLoops must be called in a goroutine without a loop, such as main's. In a task it returns
// asyncio.ErrNoLoop, because it would block the task's loop. There, call it by asyncio.ToThread.
//
//go:noinline
func ServeLoops(ctx context.Context, n int, network, addr string, handler func(ctx context.Context, conn *Conn) error, opts ...ListenOption) error {
	if handler == nil {
		return errors.New("aionet: ServeLoops: nil handler")
	}
	site := coro.CallSite()
	return serveLoops(ctx, "ServeLoops", n, network, addr, opts, func(ctx context.Context, l *Listener) error {
		return l.serve(ctx, handler, site)
	})
}

// ServeProtocolLoops is ServeLoops for protocols: each loop serves its connections as
// Listener.ServeProtocol does. factory is called on the loop of the connection, so several loops
// may call it at once.
func ServeProtocolLoops(ctx context.Context, n int, network, addr string, factory func() Protocol, opts ...ListenOption) error {
	if factory == nil {
		return errNilFactory
	}
	return serveLoops(ctx, "ServeProtocolLoops", n, network, addr, opts, func(ctx context.Context, l *Listener) error {
		return l.ServeProtocol(ctx, factory)
	})
}

// LoopOptions sets the options of the loops that ServeLoops makes.
func LoopOptions(opts ...asyncio.Option) Option {
	return func(o *options) { o.loop = append(o.loop, opts...) }
}

// OnListen sets a function that ServeLoops calls, in its caller's goroutine, when all loops
// listen. addr has the port that the system chose if port 0 was given.
func OnListen(fn func(addr net.Addr)) Option { return func(o *options) { o.onListen = fn } }

// Grace sets how long ServeLoops waits for the handlers when it shuts down. After that it cancels
// them. The default is 10 s. Grace panics if d is negative.
func Grace(d time.Duration) Option {
	if d < 0 {
		panic(fmt.Sprintf("aionet: Grace(%v): d must be at least 0", d))
	}
	return func(o *options) { o.grace = d }
}

const defaultGrace = 10 * time.Second

func serveLoops(ctx context.Context, call string, n int, network, addr string, opts []ListenOption, serve func(ctx context.Context, l *Listener) error) error {
	if ctx == nil {
		return engine.NilContext()
	}
	if err := engine.RefuseBlocking("call it by ToThread"); err != nil {
		return err
	}
	if n < 0 {
		return fmt.Errorf("aionet: %s: %d loops: n must be at least 0", call, n)
	}
	if err := netport.RefuseUnknown("listen", call, network, netport.Streams...); err != nil {
		return err
	}
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	g := &loopGroup{call: call, network: network, addr: addr, listenOpts: opts, opts: listenOptions(opts), serve: serve}
	ctx = engine.OffLoop{Context: ctx}
	g.stop, g.cancel = context.WithCancelCause(ctx)
	defer g.end()
	if n > 1 {
		if err := g.prepareSharing(ctx, n); err != nil {
			return err
		}
	}
	return g.join(g.runAll(context.WithoutCancel(ctx), n))
}
