package aionet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// Shutdown gracefully shuts down a server. It stops listening and waits until the handlers
// have ended. If ctx ends first, Shutdown cancels the handlers, waits for them, and returns
// ctx.Err(). A second call waits as the first does. Both return an error if connections in
// the accept backlog were reset.
//
// Shutdown serves the connections in the accept backlog. If descriptors run out, it accepts
// the others when handlers have ended, until ctx ends. The remaining connections are then
// reset, and the error matches ctx.Err() and the error of accepting. A TCP client is reset if
// it connects after the backlog was found empty and before the socket is closed, as with any
// server. For unix sockets on Linux there is no such interval.
//
// Shutdown closes the channel that Draining returns to the handlers. It is called in a task of
// the listener's loop. In a handler of the listener it would wait for itself, and returns an
// error that matches asyncio.ErrWrongTask; a handler may call Close.
func (l *Listener) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return engine.NilContext()
	}
	shielded, err := l.enter(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	s := &l.server
	if slices.ContainsFunc(s.groups, shielded.Within) {
		return fmt.Errorf("%w: Shutdown in a handler of the listener would wait for itself; Close the listener there", asyncio.ErrWrongTask)
	}
	l.startDraining()
	err = l.emptyBacklog(ctx)
	ended := func() bool { return s.idle() && s.serving == 0 }
	if err == nil {
		var caller engine.Caller
		if caller, err = l.enter(ctx); err == nil {
			err = s.waitUntil(caller, ended)
		}
	}
	if err != nil {
		s.forced = true
		l.discard()
		s.endLingers()
		s.changed.WakeAll()
		s.waitUntil(shielded, ended)
	}
	if s.resetErr != nil { // this call or another call of Shutdown has set it
		err = errors.Join(err, s.resetErr)
	}
	return err
}

// emptyBacklog accepts the whole accept backlog and closes the listener. If ctx ends first, closing
// resets the connections that are left in the backlog.
func (l *Listener) emptyBacklog(ctx context.Context) error {
	var p backoff
	for !l.closed.Load() && l.server.serving > 0 {
		l.server.emptying = true
		taken, failed := l.port.Drain(maxBacklog - len(l.taken))
		l.taken = append(l.taken, taken...)
		l.waiters.WakeAll()
		if failed == nil {
			break
		}
		if err := l.pause(ctx, &p, failed); err != nil {
			l.Close()
			l.server.resetErr = errBacklogReset(l.opError("accept", failed))
			return err
		}
	}
	if !l.closed.Load() {
		l.Close()
	}
	return nil
}

// maxBacklog is more than any system's accept backlog holds.
const maxBacklog = 1 << 16

// discard closes the connections that emptyBacklog has accepted and no handler serves.
func (l *Listener) discard() {
	for _, c := range l.taken {
		c.Close()
	}
	l.taken = nil
}
