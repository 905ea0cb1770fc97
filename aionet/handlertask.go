package aionet

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"slices"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A handlerTask runs the handler of one connection of Serve. Its tasks have a scope of their own,
// so they may fail without ending the server. It is not kept on the task's stack: with few and
// small frames the stack has half the size.
type handlerTask struct {
	l        *Listener
	conn     *Conn
	handler  func(ctx context.Context, conn *Conn) error
	caller   engine.Caller
	ctx      context.Context // of the connection's task
	scope    *engine.Scope
	errs     []error
	returned bool // the handler has returned: it did not panic
}

// start creates the task of a connection.
func (l *Listener) start(ctx context.Context, stream netport.Stream, handler func(ctx context.Context, conn *Conn) error, site coro.Site) {
	h := &handlerTask{l: l, conn: newConn(l.loop, l.network, stream), handler: handler}
	h.conn.closedByServe = true
	t := asyncio.CreateTask(ctx, h.run, createdAt{asyncio.Name("connection " + h.conn.RemoteAddr().String()), site})
	t.OnDone(h.done)
}

// createdAt is a task's name with the user's call at which the task counts as created.
type createdAt struct {
	asyncio.TaskOption
	site coro.Site
}

// CreatedAt returns the site. Package asyncio calls it.
func (c createdAt) CreatedAt() coro.Site { return c.site }

// run calls the handler and then ends its connection.
func (h *handlerTask) run(ctx context.Context) (none struct{}, _ error) {
	if !h.openScope(ctx) {
		return none, nil
	}
	defer h.end()
	h.addHandlerError(h.handler(h.scope.Context(), h.conn))
	h.returned = true
	return none, nil
}

// openScope opens the scope of the connection's tasks. It returns false if the task is already
// cancelled.
func (h *handlerTask) openScope(ctx context.Context) bool {
	var err error
	if h.caller, err = engine.Enter(ctx); err != nil {
		return false
	}
	h.ctx = ctx
	h.scope = engine.OpenScope(ctx, func(err error) {
		h.errs = append(h.errs, err)
		h.caller.Task().Cancel(err)
	})
	return true
}

// addHandlerError puts the handler's error before those of its tasks. It ignores io.EOF and the
// error of the task's cancellation.
func (h *handlerTask) addHandlerError(err error) {
	if err == nil || err == io.EOF || h.ctx.Err() != nil && (errors.Is(err, h.ctx.Err()) || errors.Is(err, context.Cause(h.ctx))) {
		return
	}
	h.errs = slices.Insert(h.errs, 0, err)
}

// end waits for the connection's tasks, closes the connection and reports the errors. It must be
// deferred, as it recovers a panic of the handler. It does not stop runtime.Goexit.
func (h *handlerTask) end() {
	if !h.returned {
		if v := recover(); v != nil {
			h.addHandlerError(&asyncio.PanicError{Value: v, Stack: debug.Stack()})
		}
	}
	var empty bool
	var waiters engine.WaitList
	h.scope.Close(asyncio.ErrScopeEnded, func() {
		empty = true
		waiters.WakeAll()
	})
	for !empty {
		h.caller.Shielded().Park(&waiters, engine.ForConnections)
	}
	h.conn.release()
	if h.returned && h.ctx.Err() == nil {
		h.l.linger(h.conn)
	} else {
		h.conn.Close()
	}
	switch len(h.errs) {
	case 0:
	case 1:
		h.l.report(h.conn.RemoteAddr(), h.errs[0])
	default:
		h.l.report(h.conn.RemoteAddr(), errors.Join(h.errs...))
	}
}

// done is called when the task has ended, also if it was cancelled before its first step.
func (h *handlerTask) done() {
	h.conn.Close()
	h.l.server.handlerEnded()
}
