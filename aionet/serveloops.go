package aionet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netmake"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// ServeLoops serves the address on n loops at once, each in a goroutine of its own, so
// that a server uses n processors; n of 0 stands for GOMAXPROCS. A connection belongs
// to one loop: its handler is a task there, and shares variables without locks with the
// tasks of that loop only. What all are to share lives on one of the loops, or on one
// of its own, and is asked for by asyncio.Submit: tasks await tasks and futures of
// other loops.
//
// The networks are those of Listen. Where the system spreads connections over several
// listeners (SO_REUSEPORT: TCP on Linux) each loop has its own; elsewhere one goroutine
// accepts for all of them, and gives a connection to the loop that has waited for one
// longest. The options are those of Listen, and LoopOptions, OnListen and Grace.
// MaxConns bounds each loop; OnError is called on the loop that it concerns, so perhaps
// by several at once.
//
// It blocks until ctx is cancelled. Then it stops listening, serves the connections in the
// accept backlog, waits until the handlers have ended, and returns nil. Handlers that have
// not ended after Grace (10 s) are cancelled and awaited, and the error matches
// context.DeadlineExceeded. Connections of the backlog that could not be accepted by then
// are reset, and the error also matches that of accepting. The channel of Draining is closed
// when the shutdown begins.
//
// An error of one loop ends the others in the same way, and is returned. A panic or a
// runtime.Goexit that ends a loop also ends the others, and then continues in the caller.
//
// It is called in a plain goroutine, such as main's. In a task it would block that
// task's loop: it returns asyncio.ErrNoLoop. There it is called by asyncio.ToThread.
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
// Listener.ServeProtocol does. factory is called on the loop of the connection, so
// perhaps by several at once.
func ServeProtocolLoops(ctx context.Context, n int, network, addr string, factory func() Protocol, opts ...ListenOption) error {
	if factory == nil {
		return errNilFactory
	}
	return serveLoops(ctx, "ServeProtocolLoops", n, network, addr, opts, func(ctx context.Context, l *Listener) error {
		return l.ServeProtocol(ctx, factory)
	})
}

// LoopOptions are for the loops that ServeLoops makes.
func LoopOptions(opts ...asyncio.Option) Option {
	return func(o *options) { o.loop = append(o.loop, opts...) }
}

// OnListen has fn called by ServeLoops, in its caller's goroutine, when all its loops
// listen, with the address: the port, if 0 was asked for.
func OnListen(fn func(addr net.Addr)) Option { return func(o *options) { o.onListen = fn } }

// Grace is how long ServeLoops waits for handlers at its end before it cancels them. It
// panics if d is negative.
func Grace(d time.Duration) Option {
	if d < 0 {
		panic(fmt.Sprintf("aionet: Grace(%v): d must be at least 0", d))
	}
	return func(o *options) { o.grace = d }
}

const defaultGrace = 10 * time.Second

// fleet is what the loops of one ServeLoops share.
type fleet struct {
	call    string
	network string
	addr    string
	given   []ListenOption
	opts    options
	serve   func(ctx context.Context, l *Listener) error
	dealer  *dealer // nil: each loop has a listener of the system

	stop   context.Context // ends when all are to end
	cancel context.CancelCauseFunc
	all    sync.WaitGroup
	at     net.Addr    // of the first listener
	forced atomic.Bool // handlers were cancelled

	mu   sync.Mutex
	lost []error // why connections of accept backlogs were reset
}

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
	f := &fleet{call: call, network: network, addr: addr, given: opts, opts: listenOptions(opts), serve: serve}
	ctx = engine.OffLoop{Context: ctx}
	f.stop, f.cancel = context.WithCancelCause(ctx)
	defer f.end()
	if n > 1 {
		if err := f.share(ctx, n); err != nil {
			return err
		}
	}
	ends := f.runAll(context.WithoutCancel(ctx), n)
	return f.outcome(ends)
}

// end waits for the end of all, whatever the caller's functions did.
func (f *fleet) end() {
	f.cancel(nil)
	f.all.Wait()
	if f.dealer != nil {
		f.dealer.end()
	}
}

// share prepares for more loops than one.
func (f *fleet) share(ctx context.Context, n int) error {
	switch {
	case !spreads(f.network):
		from, err := netmake.Listen(ctx, f.network, f.addr, f.opts.port)
		if err != nil {
			return err
		}
		f.dealer = newDealer(from, n)
		go f.dealer.run()
		context.AfterFunc(f.stop, f.dealer.halt)
	case !f.opts.port.ReusePort:
		// An address that others use would be shared with them, silently.
		cfg := net.ListenConfig{Control: f.opts.port.Control}
		probe, err := cfg.Listen(ctx, f.network, f.addr)
		if err != nil {
			return err
		}
		probe.Close()
		f.given = append([]ListenOption{ReusePort()}, f.given...)
	}
	return nil
}

// spreads reports whether the system spreads connections over several listeners.
func spreads(network string) bool {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return runtime.GOOS == "linux" || runtime.GOOS == "dragonfly"
	}
	return false
}

// listen makes the listener of a loop. The first is there before the others begin.
func (f *fleet) listen(ctx context.Context) (l *Listener, err error) {
	switch {
	case f.dealer != nil:
		l, err = f.dealer.listen(ctx, f.network, f.opts)
	case f.at != nil:
		return Listen(ctx, f.network, f.at.String(), f.given...)
	default:
		l, err = Listen(ctx, f.network, f.addr, f.given...)
	}
	if err == nil && f.at == nil {
		f.at = l.Addr()
	}
	return l, err
}

// ending is how a loop ended.
type ending struct {
	err    error
	panic  any
	exited bool
}

// runAll starts the loops, one after the other, and waits until all have ended.
func (f *fleet) runAll(ctx context.Context, n int) []ending {
	ends := make([]ending, n)
	for i := range ends {
		listens := make(chan struct{})
		f.all.Go(func() {
			ready := sync.OnceFunc(func() { close(listens) })
			returned := false
			defer func() {
				if !returned {
					ends[i].panic = recover()
					ends[i].exited = ends[i].panic == nil
				}
				f.cancel(ends[i].err)
				ready()
			}()
			ends[i].err = f.run(ctx, i, ready)
			returned = true
		})
		<-listens
		if f.stop.Err() != nil {
			break
		}
	}
	if f.opts.onListen != nil && f.stop.Err() == nil {
		f.opts.onListen(f.at)
	}
	f.all.Wait()
	return ends
}

// run is one loop. It ends when all are to end, or by itself with an error.
func (f *fleet) run(ctx context.Context, i int, ready func()) error {
	opts := append([]asyncio.Option{asyncio.WithName(fmt.Sprintf("loop %d", i))}, f.opts.loop...)
	return asyncio.Run(ctx, func(ctx context.Context) error {
		l, err := f.listen(ctx)
		if err != nil {
			return err
		}
		ready()
		serve := asyncio.Go(ctx, func(ctx context.Context) error { return f.serve(ctx, l) }, asyncio.Name("serve"))
		stop := asyncio.Go(ctx, func(ctx context.Context) error {
			_, _, err := asyncio.Recv(ctx, f.stop.Done())
			return err
		}, asyncio.Name("stop"))
		if _, _, err := asyncio.Wait(ctx, asyncio.FirstCompleted, serve, stop); err != nil {
			return err
		}
		stop.Cancel(nil)
		f.shutdown(ctx, l)
		_, err = serve.Await(ctx)
		if errors.Is(err, net.ErrClosed) && f.stop.Err() != nil { // the shutdown began before Serve
			return nil
		}
		return err
	}, opts...)
}

// shutdown calls Shutdown of a loop's listener, with Grace as the time-out.
func (f *fleet) shutdown(ctx context.Context, l *Listener) {
	l.startDraining()
	limited, cancel := asyncio.WithTimeout(ctx, f.opts.grace)
	defer cancel()
	if f.dealer != nil && f.stop.Err() != nil { // the accept backlog is served
		if _, _, err := asyncio.Recv(limited, f.dealer.over); err != nil {
			f.dealer.abandon()
		}
	}
	if l.Shutdown(limited) != nil {
		f.forced.Store(true)
	}
	if lost := l.server.lost; lost != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.lost = append(f.lost, lost)
	}
}

// outcome is what ServeLoops returns, or panics with.
func (f *fleet) outcome(ends []ending) error {
	var errs []error
	for _, e := range ends {
		if e.panic != nil {
			panic(e.panic)
		}
		errs = append(errs, e.err)
	}
	for _, e := range ends {
		if e.exited {
			runtime.Goexit()
		}
	}
	if f.dealer != nil {
		f.dealer.end()
		f.lost = append(f.lost, f.dealer.lostError())
	}
	errs = append(errs, f.lost...)
	if f.forced.Load() {
		errs = append(errs, fmt.Errorf("aionet: %s: handlers that had not ended after %v were cancelled: %w", f.call, f.opts.grace, context.DeadlineExceeded))
	}
	return errors.Join(errs...)
}
