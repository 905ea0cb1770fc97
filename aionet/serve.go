package aionet

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"slices"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// server is what Serve and Shutdown share. Owned by the loop.
type server struct {
	serving  int             // calls of Serve under way
	active   int             // handlers under way
	ended    int             // number of handlers that have ended
	emptying bool            // Shutdown accepts what is in the accept backlog
	forced   bool            // the handlers are to be cancelled
	drains   bool            // draining is closed
	draining chan struct{}   // see Draining
	lingers  []*lingering    // of connections whose handlers have returned
	lost     error           // why Shutdown reset connections of the accept backlog
	groups   []*engine.Scope // the task groups of the handlers, one for each call of Serve
	changed  engine.WaitList // tasks that wait for one of these to change
}

// until suspends the task until cond holds, which it asks whenever the server's
// numbers have changed.
func (s *server) until(caller engine.Caller, cond func() bool) error {
	for !cond() {
		if caller.ParkUntil(&s.changed, 0, engine.ForConnections) == engine.WokenByCancel {
			return caller.Err()
		}
	}
	return nil
}

// Serve accepts connections and runs handler for each in a task of its own, until
// the listener is closed or ctx is cancelled. The connection is closed when its
// handler returns: see Linger. Serve returns when all handlers have ended:
//
//   - nil after Close or Shutdown,
//   - ctx.Err() if ctx was cancelled, which cancels the handlers and leaves the listener open.
//
// If Shutdown was called before Serve, Serve returns nil at once. If Close was called before,
// Serve returns a *net.OpError with net.ErrClosed at once.
//
// Tasks that a handler makes with its ctx belong to its connection: they are cancelled
// and awaited when it returns, before the connection is closed, and one that fails
// cancels the handler.
//
// An error of the handler or of its tasks, or a panic of the handler, ends that connection
// only. It is logged with the remote address, or given to OnError. This does not apply to io.EOF
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

// serve is Serve, called at site by the user.
func (l *Listener) serve(ctx context.Context, handler func(ctx context.Context, conn *Conn) error, site coro.Site) error {
	if _, err := l.begin(ctx); err != nil {
		return l.stopped(err)
	}
	defer l.served()
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
		if err := s.until(caller, func() bool { return s.idle() || s.forced }); err != nil {
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

var errForced = errors.New("aionet: the time to shut down is over")

// begin begins a call of Serve. The caller must call served at the end.
func (l *Listener) begin(ctx context.Context) (engine.Caller, error) {
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

// stopped returns the error of a call of Serve that did not begin. After Shutdown it is nil.
func (l *Listener) stopped(err error) error {
	if l.server.drains && errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// acceptAll calls serve with each connection. It returns nil when the listener is
// closed.
func (l *Listener) acceptAll(ctx context.Context, serve func(netport.Stream)) error {
	var p backoff
	for {
		if most := l.opts.maxConns; most > 0 {
			caller, err := engine.Enter(ctx)
			if err != nil {
				return err
			}
			if err := l.server.until(caller, func() bool { return l.server.active < most || l.server.forced }); err != nil {
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
		default: // out of descriptors or memory, most likely
			if err := l.pause(ctx, &p, err); err != nil {
				return err
			}
		}
	}
}

// served ends a call of Serve.
func (l *Listener) served() {
	if l.server.serving--; l.server.serving == 0 {
		l.discard()
		l.server.endLingers()
	}
	l.server.changed.WakeAll()
}

// idle reports whether no handler is under way, and no connection lingers.
func (s *server) idle() bool { return s.active == 0 && len(s.lingers) == 0 }

// left tells of a connection that is served no more.
func (s *server) left() {
	s.active--
	s.ended++
	s.changed.WakeAll()
}

// start makes the task of a connection.
func (l *Listener) start(ctx context.Context, stream netport.Stream, handler func(ctx context.Context, conn *Conn) error, site coro.Site) {
	s := &served{l: l, conn: newConn(l.loop, l.network, stream), handler: handler}
	s.conn.served = true
	t := asyncio.CreateTask(ctx, s.run, createdAt{asyncio.Name("connection " + s.conn.RemoteAddr().String()), site})
	t.OnDone(s.over)
}

// createdAt is a task's name, and the user's call at which it counts as created.
type createdAt struct {
	asyncio.TaskOption
	site coro.Site
}

// CreatedAt is asked by package asyncio.
func (c createdAt) CreatedAt() coro.Site { return c.site }

// served is a connection that Serve has accepted: a scope of its own, whose tasks may
// fail without ending the server. It is not kept on the task's stack, which with few
// and small frames has half the size.
type served struct {
	l        *Listener
	conn     *Conn
	handler  func(ctx context.Context, conn *Conn) error
	caller   engine.Caller
	ctx      context.Context // of the connection's task
	scope    *engine.Scope
	errs     []error
	returned bool
}

// run calls the handler and ends its connection.
func (s *served) run(ctx context.Context) (none struct{}, _ error) {
	if !s.open(ctx) {
		return none, nil
	}
	defer s.end()
	s.keep(s.handler(s.scope.Context(), s.conn))
	s.returned = true
	return none, nil
}

// open opens the scope, unless the task is cancelled already.
func (s *served) open(ctx context.Context) bool {
	var err error
	if s.caller, err = engine.Enter(ctx); err != nil {
		return false
	}
	s.ctx = ctx
	s.scope = engine.OpenScope(ctx, func(err error) {
		s.errs = append(s.errs, err)
		s.caller.Task().Cancel(err)
	})
	return true
}

// keep remembers the handler's error, unless it says no more than that the connection
// has ended or its task was cancelled.
func (s *served) keep(err error) {
	if err == nil || err == io.EOF || s.ctx.Err() != nil && (errors.Is(err, s.ctx.Err()) || errors.Is(err, context.Cause(s.ctx))) {
		return
	}
	s.errs = slices.Insert(s.errs, 0, err)
}

// end is deferred: it makes an error of a panic, and waits for the connection's tasks.
// runtime.Goexit goes on.
func (s *served) end() {
	if !s.returned {
		if v := recover(); v != nil {
			s.keep(&asyncio.PanicError{Value: v, Stack: debug.Stack()})
		}
	}
	var empty bool
	var wait engine.WaitList
	s.scope.Close(asyncio.ErrScopeEnded, func() {
		empty = true
		wait.WakeAll()
	})
	for !empty {
		s.caller.Shielded().Park(&wait, engine.ForConnections)
	}
	s.conn.release()
	if s.returned && s.ctx.Err() == nil {
		s.l.linger(s.conn)
	} else {
		s.conn.Close()
	}
	switch len(s.errs) {
	case 0:
	case 1:
		s.l.report(s.conn.RemoteAddr(), s.errs[0])
	default:
		s.l.report(s.conn.RemoteAddr(), errors.Join(s.errs...))
	}
}

// over is called when the task has ended, also if it was cancelled before its first
// step.
func (s *served) over() {
	s.conn.Close()
	s.l.server.left()
}
