package aionet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// Shutdown ends a server in order: it stops listening, waits until the handlers have
// ended and, if ctx ends first, cancels them and waits for them still. It returns
// ctx.Err() in that case. A second call waits as the first does, and returns an error if
// the first has lost connections.
//
// The connections in the accept backlog are served before the handlers count as ended. If
// descriptors run out before all are accepted, Shutdown accepts the others as soon as
// handlers have ended, until ctx ends; those that are left then are reset, and the error
// matches ctx.Err() and that of accepting. A client of TCP that connects in the moment between
// the last look at the backlog and the end of listening is reset, as with any server; of
// unix sockets on Linux there is no such moment.
//
// Handlers see by Draining that Shutdown has begun. It is called in a task of the
// listener's loop, but not in one of its handlers, for which it would wait: they may Close
// it.
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
	err = l.stop(ctx)
	over := func() bool { return s.idle() && s.serving == 0 }
	if err == nil {
		var caller engine.Caller
		if caller, err = l.enter(ctx); err == nil {
			err = s.until(caller, over)
		}
	}
	if err != nil {
		s.forced = true
		l.discard()
		s.endLingers()
		s.changed.WakeAll()
		s.until(shielded, over)
	}
	if s.lost != nil { // perhaps by another call of Shutdown
		err = errors.Join(err, s.lost)
	}
	return err
}

// stop closes the listener, once all that is in the accept backlog is accepted: closing
// resets the rest.
func (l *Listener) stop(ctx context.Context) error {
	var p pauses
	for !l.closed.Load() && l.server.serving > 0 {
		l.server.emptying = true
		taken, failed := l.port.Drain(mostTaken - len(l.taken))
		l.taken = append(l.taken, taken...)
		l.wait.WakeAll()
		if failed == nil {
			break
		}
		if err := l.pause(ctx, &p, failed); err != nil {
			l.Close()
			l.server.lost = fmt.Errorf("aionet: connections in the accept backlog were reset: %w", l.opError("accept", failed))
			return err
		}
	}
	if !l.closed.Load() {
		l.Close()
	}
	return nil
}

// mostTaken is more than a system's accept backlog is long.
const mostTaken = 1 << 16

// discard closes what was taken and will not be served.
func (l *Listener) discard() {
	for _, c := range l.taken {
		c.Close()
	}
	l.taken = nil
}
