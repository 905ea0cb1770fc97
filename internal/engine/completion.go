package engine

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync/atomic"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// A Completion is settled once: its owner has the value, or it has an error. Tasks of any loop and
// goroutines can await it. Tasks and futures have one.
//
//	pending --Claim--> settling --Settle--> done
//
// The caller that claims a completion writes the value and then settles it. Nothing changes after
// done: a reader that has seen done may read the other fields.
//
// The same word counts the waiters that are not tasks of the loop. A waiter that is counted when the
// completion is done cannot leave any more. It receives the error when the scheduler runs it, so the
// error counts as received at once (S9).
type Completion struct {
	loop    *Loop
	state   atomic.Uint32            // the flags below, and the number of receivers
	created coro.Site                // fixed
	fail    *failure                 // the error, if there is one; written while settling
	ended   atomic.Pointer[doneChan] // made on first use
	wait    WaitList                 // owned by the loop
}

const (
	completionSettling uint32 = 1 << iota
	completionDone
	completionReceived // the error counts as received, also one that is still to come
	completionReceiver // one receiver: the count is in the bits from here on
)

type doneChan struct {
	ch     chan struct{}
	closed atomic.Bool
}

func (d *doneChan) close() {
	if d.closed.CompareAndSwap(false, true) {
		close(d.ch)
	}
}

// Init binds the completion of a future to the loop.
func (c *Completion) Init(l *Loop, created coro.Site) { c.loop, c.created = l, created }

// Created returns where the future was made.
func (c *Completion) Created() string { return c.created.String() }

// Loop returns the loop that the completion belongs to.
func (c *Completion) Loop() *Loop { return c.loop }

// IsDone reports whether the completion is settled. From any goroutine.
func (c *Completion) IsDone() bool { return c.state.Load()&completionDone != 0 }

// Claim reserves the right to settle a future, and reports whether the caller got it. It can be called
// from any goroutine.
func (c *Completion) Claim() bool {
	return c.state.Or(completionSettling)&(completionSettling|completionDone) == 0
}

// Settle settles a claimed future and wakes the waiters: on the loop at once, from another goroutine
// in the next turn. It never runs them inline. If lost is true, an error that no caller receives is
// reported (S9).
func (c *Completion) Settle(err error, lost bool, name string) {
	l := c.loop
	if l == nil {
		panic(notMade(nil))
	}
	var f *failure
	switch {
	case err != nil && lost:
		f = l.newFailure(c, nil, err, name)
		l.reportUnreachable(c, f)
		c.fail = f
	case err != nil:
		c.fail = &failure{err: err}
	}
	c.publishEnd()
	if l.Here() {
		c.wakeWaiters(f)
	} else if l.post(func() { c.wakeWaiters(f) }) != nil && f != nil && !f.received.Load() {
		l.log(slog.LevelError, "asyncio: an error was set after the end of Run", "future", f.site(), "error", err)
	}
}

// wakeWaiters is the part of Settle that runs on the loop.
func (c *Completion) wakeWaiters(f *failure) {
	c.loop.failures.add(f)
	c.wait.WakeAll()
}

// SettleLater is Settle(err, false, ...) from another goroutine. The completion is pending until the
// next turn of the loop. SettleLater reports false if the loop has ended: then no task awaits the
// completion any more.
func (c *Completion) SettleLater(err error) bool {
	if err != nil {
		c.fail = &failure{err: err}
	}
	if c.loop.send((*lateCompletion)(c), 0) != nil {
		c.publishEnd()
		return false
	}
	return true
}

// A lateCompletion is the post that settles a completion.
type lateCompletion Completion

func (c *lateCompletion) arrive(*Loop) { (*Completion)(c).settled() }

// settled publishes the end and wakes the waiters. On the loop only.
func (c *Completion) settled() {
	if c.fail == nil {
		c.publish()
	} else {
		c.publishEnd()
	}
	if c.wait.head != nil {
		c.wait.WakeAll()
	}
}

func (c *Completion) publish() {
	c.state.Store(completionDone)
	if d := c.ended.Load(); d != nil {
		d.close()
	}
}

// publishEnd is publish for a completion that may have failed.
func (c *Completion) publishEnd() {
	if f := c.fail; f != nil {
		if c.state.Or(completionDone) >= completionReceived {
			f.receive(c.loop)
		}
		if c.ended.Load() != nil {
			f.watched.Store(true)
		}
	}
	c.publish()
}

// Receive returns the error of a settled completion and marks it as received (S9).
func (c *Completion) Receive() error {
	if c.fail == nil {
		return nil
	}
	c.fail.receive(c.loop)
	return c.fail.err
}

// Disregard makes the error, also a later one, count as received. It can be called from any goroutine.
func (c *Completion) Disregard() {
	if c.state.Or(completionReceived)&completionDone != 0 {
		c.Receive()
	}
}

// expect counts the caller as a receiver until it leaves or the completion is done. It reports false
// if the completion is done.
func (c *Completion) expect() bool { return c.state.Add(completionReceiver)&completionDone == 0 }

// leave undoes expect. It reports false if the completion is done: the caller must call Receive.
func (c *Completion) leave() bool {
	for {
		s := c.state.Load()
		if s&completionDone != 0 {
			return false
		}
		if c.state.CompareAndSwap(s, s-completionReceiver) {
			return true
		}
	}
}

// Failed reports whether the settled completion has an error, without receiving it.
func (c *Completion) Failed() bool { return c.fail != nil }

// WasCancelled reports whether the settled completion is that of a task that counts as cancelled
// (S14). A task that returns the cancellation of another one does not.
func (c *Completion) WasCancelled() bool { return c.fail != nil && c.fail.cancelled }

// Err is Receive, or returns ErrNotDone for a pending completion.
func (c *Completion) Err() error {
	if !c.IsDone() {
		return ErrNotDone
	}
	return c.Receive()
}

// Done returns a channel that is closed when the completion is settled.
func (c *Completion) Done() <-chan struct{} {
	d := c.ended.Load()
	if d == nil {
		d = &doneChan{ch: make(chan struct{})}
		if !c.ended.CompareAndSwap(nil, d) {
			d = c.ended.Load()
		}
	}
	if c.IsDone() {
		if c.fail != nil {
			c.fail.watched.Store(true)
		}
		d.close()
	}
	return d.ch
}

// OnDone registers fn, which the loop calls in a turn after the completion is settled. site is the call
// that registers it. OnDone can be called from any goroutine. After the loop has closed fn is not
// called.
func (c *Completion) OnDone(fn func(), owner *Task, site coro.Site) {
	l := c.loop
	if l == nil {
		panic(notMade(owner))
	}
	add := func() {
		if c.IsDone() {
			l.CallSoon(fn).From(site)
			return
		}
		c.wait.Push(&Waiter{notify: notifyFunc(func() { l.CallSoon(fn).From(site) })})
	}
	if l.Here() {
		add()
	} else {
		l.post(add)
	}
}

// Await waits for the completion and returns its error. With nil the owner has the value. waited
// reports whether the error is that of the completion, and not of the wait (cancellation, misuse).
// owner is the task of the completion; nil: a future.
func (c *Completion) Await(ctx context.Context, owner *Task) (err error, waited bool) {
	if ctx == nil {
		return NilContext(), false
	}
	if NodeOf(ctx) == nil {
		return c.awaitOffLoop(ctx, owner)
	}
	caller, err := Enter(ctx)
	if err != nil {
		return err, false
	}
	if c.IsDone() {
		return c.Receive(), true
	}
	if c.loop != caller.L {
		return c.awaitForeign(caller, owner)
	}
	why := forFuture
	if owner != nil {
		why = forAwait
		if owner.blocked() || owner == caller.Task() {
			if err := caller.refuseCycle(&c.wait, why); err != nil {
				return err, false
			}
		}
	}
	if !caller.Park(&c.wait, why) {
		return caller.left(), false
	}
	return c.Receive(), true
}

// WaitFor waits for a completion of the caller's loop. It reports false if the caller was cancelled
// first. Like Park it requires a caller that is not cancelled yet.
func (c *Completion) WaitFor(caller Caller, why why) bool {
	return c.IsDone() || caller.Park(&c.wait, why)
}

// Join waits for a completion of the caller's loop, also if the caller is cancelled.
func (c *Completion) Join(caller Caller) {
	for !c.IsDone() {
		caller.Shielded().Park(&c.wait, ForThread)
	}
}

// OnSettled registers fn, which is called inline with the error when the completion is settled. If it
// is settled already, OnSettled calls fn. On the loop only.
func (c *Completion) OnSettled(fn func(err error)) {
	if c.IsDone() {
		fn(c.Receive())
		return
	}
	c.wait.Push(&Waiter{notify: notifyFunc(func() { fn(c.Receive()) })})
}

// awaitForeign awaits a completion of another loop from a task of this one.
func (c *Completion) awaitForeign(caller Caller, owner *Task) (err error, waited bool) {
	if c.loop == nil {
		return notMade(owner), false
	}
	if !c.expect() {
		return c.Receive(), true
	}
	var own WaitList
	l := caller.L
	stop := c.whenDone(func() { l.post(func() { own.WakeAll() }) })
	if woken := caller.Park(&own, forOtherLoop); !woken {
		stop()
		err = caller.Err()
	} else { // also by the end of the other loop
		err = ErrLoopClosed
	}
	if c.leave() {
		return err, false
	}
	return c.Receive(), true
}

// awaitOffLoop blocks the goroutine.
func (c *Completion) awaitOffLoop(ctx context.Context, owner *Task) (err error, waited bool) {
	if c.loop == nil {
		return notMade(owner), false
	}
	if err := RefuseBlocking(PassOn); err != nil {
		return err, false
	}
	if err := ctx.Err(); err != nil {
		return err, false
	}
	if !c.expect() {
		return c.Receive(), true
	}
	select {
	case <-c.Done():
		return c.Receive(), true
	case <-ctx.Done():
		err = ctx.Err()
	case <-c.loop.closed:
		err = ErrLoopClosed
	}
	if c.leave() { // otherwise the result wins (S15)
		return err, false
	}
	return c.Receive(), true
}

// whenDone registers fn, which some goroutine calls once when the completion is settled or its loop
// closes. stop removes it.
func (c *Completion) whenDone(fn func()) (stop func()) {
	l := c.loop
	var settled, closed Waiter
	settled.notify = notifyFunc(func() { closed.Remove(); fn() })
	closed.notify = notifyFunc(func() { settled.Remove(); fn() })
	err := l.post(func() {
		if c.IsDone() {
			fn()
			return
		}
		c.wait.Push(&settled)
		l.closing.Push(&closed)
	})
	if err != nil {
		fn()
	}
	return func() {
		l.post(func() { settled.Remove(); closed.Remove() })
	}
}

// OnlyCancellation reports whether err says no more than that ctx was cancelled. From any
// goroutine.
func OnlyCancellation(ctx context.Context, err error) bool {
	return ctx.Err() != nil && stateOf(ctx).explains(err)
}

// explains reports whether err says no more than that the context which ended
// in state s was cancelled: only then may it be dropped (S7, S14). Of errors that
// were joined, all must. An error that panics when it is asked, or compared, says more.
func (s *cancelState) explains(err error) (yes bool) {
	if s == nil || err == nil {
		return false
	}
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	return s.explainsAll(err)
}

func (s *cancelState) explainsAll(err error) bool {
	if e, ok := err.(*relayedError); ok {
		err = e.err
	}
	switch {
	case err == nil:
		return false
	case matches(err, context.Canceled) || matches(err, s.cause) || matches(err, s.err):
		return true
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return s.explainsAll(errors.Unwrap(err))
	}
	some := false // one that wraps nothing has only its own words
	for _, e := range joined.Unwrap() {
		if e == nil {
			continue
		}
		if !s.explainsAll(e) {
			return false
		}
		some = true
	}
	return some
}

// matches is errors.Is for err alone, not for what it wraps.
func matches(err, target error) bool {
	if reflect.TypeOf(target).Comparable() && err == target {
		return true
	}
	is, ok := err.(interface{ Is(error) bool })
	return ok && is.Is(target)
}
