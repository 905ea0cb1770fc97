package aionet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/netmake"
)

// A loopGroup is the loops of one call of ServeLoops.
type loopGroup struct {
	call       string // the name of the call, for errors
	network    string
	addr       string
	listenOpts []ListenOption
	opts       options
	serve      func(ctx context.Context, l *Listener) error
	acceptor   *acceptor // nil: each loop has a listener of the system

	stop      context.Context // ends when all loops are to end
	cancel    context.CancelCauseFunc
	loops     sync.WaitGroup
	boundAddr net.Addr    // of the first listener
	forced    atomic.Bool // handlers were cancelled

	mu        sync.Mutex
	resetErrs []error // why connections of accept backlogs were reset
}

// end ends all loops and waits for them. It is deferred, so that no loop runs on after a panic.
func (g *loopGroup) end() {
	g.cancel(nil)
	g.loops.Wait()
	if g.acceptor != nil {
		g.acceptor.end()
	}
}

// prepareSharing arranges how more than one loop listen on the address.
func (g *loopGroup) prepareSharing(ctx context.Context, n int) error {
	switch {
	case !spreadsConnections(g.network):
		socket, err := netmake.Listen(ctx, g.network, g.addr, g.opts.port)
		if err != nil {
			return err
		}
		g.acceptor = newAcceptor(socket, n)
		go g.acceptor.run()
		context.AfterFunc(g.stop, g.acceptor.stop)
	case !g.opts.port.ReusePort:
		// Without this check ReusePort would share the address with another program.
		cfg := net.ListenConfig{Control: g.opts.port.Control}
		probe, err := cfg.Listen(ctx, g.network, g.addr)
		if err != nil {
			return err
		}
		probe.Close()
		g.listenOpts = append([]ListenOption{ReusePort()}, g.listenOpts...)
	}
	return nil
}

// spreadsConnections reports whether the system spreads connections over several listeners.
func spreadsConnections(network string) bool {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return runtime.GOOS == "linux" || runtime.GOOS == "dragonfly"
	}
	return false
}

// listen makes the listener of a loop. The loops call it one after the other.
func (g *loopGroup) listen(ctx context.Context) (l *Listener, err error) {
	switch {
	case g.acceptor != nil:
		l, err = g.acceptor.listen(ctx, g.network, g.opts)
	case g.boundAddr != nil:
		return Listen(ctx, g.network, g.boundAddr.String(), g.listenOpts...)
	default:
		l, err = Listen(ctx, g.network, g.addr, g.listenOpts...)
	}
	if err == nil && g.boundAddr == nil {
		g.boundAddr = l.Addr()
	}
	return l, err
}

// loopResult is how a loop ended.
type loopResult struct {
	err    error
	panic  any
	exited bool // by runtime.Goexit
}

// runAll starts the loops one after the other and waits until all have ended.
func (g *loopGroup) runAll(ctx context.Context, n int) []loopResult {
	results := make([]loopResult, n)
	for i := range results {
		listens := make(chan struct{})
		g.loops.Go(func() {
			ready := sync.OnceFunc(func() { close(listens) })
			returned := false
			defer func() {
				if !returned {
					results[i].panic = recover()
					results[i].exited = results[i].panic == nil
				}
				g.cancel(results[i].err)
				ready()
			}()
			results[i].err = g.run(ctx, i, ready)
			returned = true
		})
		<-listens
		if g.stop.Err() != nil {
			break
		}
	}
	if g.opts.onListen != nil && g.stop.Err() == nil {
		g.opts.onListen(g.boundAddr)
	}
	g.loops.Wait()
	return results
}

// run runs one loop. It returns when g.stop ends or serve fails.
func (g *loopGroup) run(ctx context.Context, i int, ready func()) error {
	opts := append([]asyncio.Option{asyncio.WithName(fmt.Sprintf("loop %d", i))}, g.opts.loop...)
	return asyncio.Run(ctx, func(ctx context.Context) error {
		l, err := g.listen(ctx)
		if err != nil {
			return err
		}
		ready()
		serve := asyncio.Go(ctx, func(ctx context.Context) error { return g.serve(ctx, l) }, asyncio.Name("serve"))
		stop := asyncio.Go(ctx, func(ctx context.Context) error {
			_, _, err := asyncio.Recv(ctx, g.stop.Done())
			return err
		}, asyncio.Name("stop"))
		if _, _, err := asyncio.Wait(ctx, asyncio.FirstCompleted, serve, stop); err != nil {
			return err
		}
		stop.Cancel(nil)
		g.shutdown(ctx, l)
		_, err = serve.Await(ctx)
		if errors.Is(err, net.ErrClosed) && g.stop.Err() != nil { // the shutdown began before Serve
			return nil
		}
		return err
	}, opts...)
}

// shutdown calls Shutdown of a loop's listener, with Grace as the time-out.
func (g *loopGroup) shutdown(ctx context.Context, l *Listener) {
	l.startDraining()
	limited, cancel := asyncio.WithTimeout(ctx, g.opts.grace)
	defer cancel()
	if g.acceptor != nil && g.stop.Err() != nil { // wait until the accept backlog is served
		if _, _, err := asyncio.Recv(limited, g.acceptor.done); err != nil {
			g.acceptor.abandon()
		}
	}
	if l.Shutdown(limited) != nil {
		g.forced.Store(true)
	}
	if err := l.server.resetErr; err != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.resetErrs = append(g.resetErrs, err)
	}
}

// join returns the error of ServeLoops. If a loop ended by a panic or by runtime.Goexit, join
// does the same.
func (g *loopGroup) join(results []loopResult) error {
	var errs []error
	for _, r := range results {
		if r.panic != nil {
			panic(r.panic)
		}
		errs = append(errs, r.err)
	}
	for _, r := range results {
		if r.exited {
			runtime.Goexit()
		}
	}
	if g.acceptor != nil {
		g.acceptor.end()
		g.resetErrs = append(g.resetErrs, g.acceptor.resetError())
	}
	errs = append(errs, g.resetErrs...)
	if g.forced.Load() {
		errs = append(errs, fmt.Errorf("aionet: %s: handlers that had not ended after %v were cancelled: %w", g.call, g.opts.grace, context.DeadlineExceeded))
	}
	return errors.Join(errs...)
}
