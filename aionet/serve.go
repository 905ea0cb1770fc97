package aionet

import (
	"context"
	"errors"
	"net"
	"slices"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// server is the state that Serve and Shutdown share. It is owned by the loop.
type server struct {
	serving    int             // running calls of Serve
	active     int             // running handlers
	ended      int             // handlers that have ended
	emptying   bool            // Shutdown accepts the connections in the accept backlog
	forced     bool            // the handlers are to be cancelled
	isDraining bool            // draining is closed
	draining   chan struct{}   // see Draining
	lingers    []*lingering    // connections in a lingering close
	resetErr   error           // why Shutdown reset connections of the accept backlog
	groups     []*engine.Scope // the task groups of the handlers, one for each call of Serve
	changed    engine.WaitList // tasks in waitUntil
}

// waitUntil suspends the task until cond is true. It calls cond after each change of the server.
func (s *server) waitUntil(caller engine.Caller, cond func() bool) error {
	for !cond() {
		if caller.ParkUntil(&s.changed, 0, engine.ForConnections) == engine.WokenByCancel {
			return caller.Err()
		}
	}
	return nil
}

// Serve accepts connections and runs handler for each in its own task, until the listener is
// closed or ctx is cancelled. The connection is closed when its handler returns: see Linger.
// Serve returns when all handlers have ended:
//
//   - nil after Close or Shutdown,
//   - ctx.Err() if ctx was cancelled, which cancels the handlers and leaves the listener open.
//
// If Shutdown was called before Serve, Serve returns nil at once. If Close was called before,
// Serve returns a *net.OpError with net.ErrClosed at once.
//
// Tasks that a handler creates with its ctx belong to its connection. They are cancelled and
// awaited when the handler returns, before the connection is closed. If one fails, the handler
// is cancelled.
//
// An error of the handler or of its tasks, or a panic of the handler, ends that connection
// only. It is logged with the remote address, or passed to OnError. This does not apply to io.EOF
// and to the handler's own cancellation. If the connection itself was reset, closed or timed out,
// the error is logged at debug level. Each error text, and each line that panics, is logged
// at most ten times a minute; a later log line counts those left out. asyncio.Metrics counts
// all errors.
//
// When descriptors run out, Serve reports it, pauses, and accepts again. A handler detects
// Shutdown by Draining. In dumps and reports the handlers' tasks count as created at the call
// of Serve.
//
//go:noinline
func (l *Listener) Serve(ctx context.Context, handler func(ctx context.Context, conn *Conn) error) error {
	if handler == nil {
		return errors.New("aionet: Serve: nil handler")
	}
	return l.serve(ctx, handler, coro.CallSite())
}

// serve is Serve. site is the user's call.
func (l *Listener) serve(ctx context.Context, handler func(ctx context.Context, conn *Conn) error, site coro.Site) error {
	if _, err := l.beginServe(ctx); err != nil {
		return l.errNotBegun(err)
	}
	defer l.endServe()
	s := &l.server
	err := asyncio.WithTaskGroup(l.withDraining(ctx), func(ctx context.Context) error {
		group := engine.ScopeOf(ctx)
		s.groups = append(s.groups, group)
		defer func() { s.groups = slices.DeleteFunc(s.groups, func(g *engine.Scope) bool { return g == group }) }()
		if err := l.acceptAll(ctx, func(stream netport.Stream) { l.start(ctx, stream, handler, site) }); err != nil {
			return err
		}
		caller, err := engine.Enter(ctx)
		if err != nil {
			return err
		}
		if err := s.waitUntil(caller, func() bool { return s.idle() || s.forced }); err != nil {
			return err
		}
		if s.forced {
			return errForced // cancels the handlers
		}
		return nil
	})
	if errors.Is(err, errForced) {
		return nil
	}
	return err
}

// errForced is the cause with which Shutdown cancels the handlers when its ctx ends.
var errForced = errors.New("aionet: the time to shut down is over")

// beginServe begins a call of Serve. The caller must call endServe.
func (l *Listener) beginServe(ctx context.Context) (engine.Caller, error) {
	caller, err := l.enter(ctx)
	switch {
	case err != nil:
		return caller, err
	case l.closed.Load():
		return caller, l.opError("accept", net.ErrClosed)
	}
	l.server.serving++
	return caller, nil
}

// errNotBegun returns what Serve returns after an error of beginServe. After Shutdown it is nil.
func (l *Listener) errNotBegun(err error) error {
	if l.server.isDraining && errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// endServe ends a call of Serve.
func (l *Listener) endServe() {
	if l.server.serving--; l.server.serving == 0 {
		l.discard()
		l.server.endLingers()
	}
	l.server.changed.WakeAll()
}

// acceptAll calls serve with each connection. It returns nil when the listener is closed.
func (l *Listener) acceptAll(ctx context.Context, serve func(netport.Stream)) error {
	var p backoff
	for {
		if limit := l.opts.maxConns; limit > 0 {
			caller, err := engine.Enter(ctx)
			if err != nil {
				return err
			}
			if err := l.server.waitUntil(caller, func() bool { return l.server.active < limit || l.server.forced }); err != nil {
				return err
			}
		}
		stream, err := l.accept(ctx)
		switch {
		case err == nil:
			l.server.active++
			serve(stream)
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, net.ErrClosed):
			return nil
		default: // such as EMFILE
			if err := l.pause(ctx, &p, err); err != nil {
				return err
			}
		}
	}
}

// idle reports whether no handler runs and no connection lingers.
func (s *server) idle() bool { return s.active == 0 && len(s.lingers) == 0 }

// handlerEnded counts a handler that has ended.
func (s *server) handlerEnded() {
	s.active--
	s.ended++
	s.changed.WakeAll()
}
