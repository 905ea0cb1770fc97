package aionet

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// An endpoint is what connections and sockets for datagrams have in common.
type endpoint struct {
	loop    *engine.Loop
	socket  socket
	network string
	remote  net.Addr // nil: not connected
	closed  atomic.Bool
	abrupt  atomic.Bool // closing resets: SetLinger(0)
	noRead  bool        // CloseRead was called; owned by the loop
	whole   bool        // each read and each write is a message
	served  bool        // Serve closes it
	r, w    half
	onSpace func()           // called once when the socket is writable; nil: none
	cleanup *socketCleanup   // nil: its owner always closes it
	queue   *engine.WaitList // of writers of messages; nil: none has queued yet
}

// socket is what netport's kinds of sockets have in common.
type socket interface {
	Close() error
	LocalAddr() net.Addr
	Control(fn func(fd uintptr)) error
}

// half is one direction. Owned by the loop but for the deadline.
type half struct {
	wait     engine.WaitList
	holder   *engine.Task // the task whose call is under way; nil: none
	until    int64        // the deadline for which a task waits
	deadline atomic.Int64 // by the loop's clock; 0: none
}

// ErrConnBusy is returned at once by a call that reads while another task reads, and by
// one that writes while another writes. Nothing was read or written. A call of many
// parts, such as io.Copy, reads or writes from its first part to its last. Writers of
// datagrams, and of unixpacket messages, queue instead.
var ErrConnBusy = errors.New("aionet: another task is in a call of the same direction; a connection has one reader and one writer at a time")

// watcher is the side of an endpoint that the network sees.
type watcher endpoint

func (e *watcher) Ready(readable, writable bool) {
	if readable {
		e.r.wait.WakeAll()
	}
	if writable {
		e.w.wait.WakeAll()
		if fn := e.onSpace; fn != nil {
			e.onSpace = nil
			fn()
		}
	}
}

// enter admits a call with a ctx, which must be of the endpoint's loop.
func (e *endpoint) enter(ctx context.Context) (engine.Caller, error) {
	caller, err := engine.Enter(ctx)
	if err == nil && caller.L != e.loop {
		err = asyncio.ErrWrongLoop
	}
	return caller, err
}

// try calls fn until it returns something else than netport.ErrAgain, and suspends the
// task, or blocks the goroutine, in between.
func (e *endpoint) try(op string, h *half, why engine.Why, fn func() (int, error)) (int, error) {
	caller, ok, err := e.loop.Suspending()
	switch {
	case err != nil:
		return 0, e.opError(op, err)
	case ok:
		return e.tryBy(caller, op, h, why, fn)
	}
	return e.elsewhere(op, func(ctx context.Context) (int, error) {
		caller, err := e.enter(ctx)
		if err != nil {
			return 0, e.opError(op, err)
		}
		return e.tryBy(caller, op, h, why, fn)
	})
}

func (e *endpoint) tryBy(caller engine.Caller, op string, h *half, why engine.Why, fn func() (int, error)) (int, error) {
	if e.whole && h == &e.w {
		taken, err := e.enqueue(caller)
		if err != nil {
			return 0, e.opError(op, err)
		}
		if taken {
			defer e.leave()
		}
	}
	if err := h.admit(caller); err != nil {
		return 0, e.opError(op, err)
	}
	for {
		deadline, err := e.usable(caller, h)
		if err != nil {
			return 0, e.opError(op, err)
		}
		n, err := fn()
		if err != netport.ErrAgain {
			caller.Spend()
			return n, e.opError(op, err)
		}
		if err := h.await(caller, deadline, why); err != nil {
			return 0, err
		}
	}
}

// admit refuses a caller that is cancelled, and a second one.
func (h *half) admit(caller engine.Caller) error {
	if err := caller.Err(); err != nil {
		return caller.Refuse(err)
	}
	if h.holder != nil && h.holder != caller.Task() {
		return refuse(caller, ErrConnBusy)
	}
	return nil
}

// refuse returns err for a call that fails at once. The call counts as work, so a task that
// repeats it yields to other tasks.
func refuse(caller engine.Caller, err error) error {
	caller.Spend()
	return err
}

// usable returns the deadline, or why nothing more can be done.
func (e *endpoint) usable(caller engine.Caller, h *half) (deadline int64, err error) {
	if e.closed.Load() {
		return 0, refuse(caller, net.ErrClosed)
	}
	if e.noRead && h == &e.r {
		return 0, refuse(caller, io.EOF)
	}
	if deadline = h.deadline.Load(); deadline != 0 && deadline <= e.loop.Elapsed() {
		return 0, refuse(caller, os.ErrDeadlineExceeded)
	}
	return deadline, nil
}

// await suspends the task, which holds the direction, until the direction's state may have
// changed. The caller then tries again.
func (h *half) await(caller engine.Caller, deadline int64, why engine.Why) error {
	outer := h.holder
	h.holder = caller.Task()
	err := h.watch(caller, deadline, why)
	h.holder = outer
	return err
}

// watch is await for tasks that share the direction. If the task was cancelled while it
// yielded, watch returns at once.
func (h *half) watch(caller engine.Caller, deadline int64, why engine.Why) error {
	if err := caller.Err(); err != nil {
		return err
	}
	if caller.ParkUntil(&h.wait, deadline, why) == engine.WokenByCancel {
		return caller.Err()
	}
	return nil
}

// spend counts a part of an operation, and may give up a turn, in which no other task
// gets in between. It fails if the caller is cancelled then.
func (h *half) spend(caller engine.Caller) error {
	outer := h.holder
	h.holder = caller.Task()
	caller.Spend()
	h.holder = outer
	return caller.Err()
}

// elsewhere does the operation in a task of the endpoint's loop for a caller that is
// not on it: a goroutine, which is blocked, or a task of another loop.
func (e *endpoint) elsewhere(op string, do asyncio.Coroutine[int]) (int, error) {
	ctx, err := engine.SteppingTask()
	switch {
	case err != nil:
		return 0, e.opError(op, err)
	case ctx == nil:
		ctx = context.Background()
	}
	t := asyncio.Submit(e.loop.Public.(*asyncio.Loop), do, asyncio.Name(op+" for another goroutine"))
	n, err := t.Await(ctx)
	if err != nil && ctx.Err() != nil { // the caller leaves, and the buffer is its own again
		t.Cancel(nil)
		n, _ = t.Await(context.WithoutCancel(ctx))
		return n, ctx.Err()
	}
	if errors.Is(err, asyncio.ErrLoopClosed) || errors.Is(err, asyncio.ErrTaskCancelled) {
		return n, e.opError(op, net.ErrClosed)
	}
	return n, err
}

// park suspends the task, which was admitted in this step, until there is news or the
// deadline has come.
func (h *half) park(l *engine.Loop) {
	outer := h.holder
	h.holder = l.Current()
	l.ParkRunning(&h.wait, h.until, engine.ForRead)
	h.holder = outer
}

// opError describes an error as package net does. A ctx's own stays what it is, as
// do io.EOF and nil.
func (e *endpoint) opError(op string, err error) error {
	if err == nil || err == io.EOF || err == context.Canceled || err == context.DeadlineExceeded {
		return err
	}
	return &net.OpError{Op: op, Net: e.network, Source: e.socket.LocalAddr(), Addr: e.remote, Err: err}
}

// onLoop has fn run on the loop, and returns its error if the caller is there. A loop
// that has ended has closed its sockets: the error is net.ErrClosed.
func onLoop(l *engine.Loop, fn func() error) error {
	if l.Here() {
		return fn()
	}
	if l.Do(func() { fn() }) != nil {
		return net.ErrClosed
	}
	return nil
}

// Close closes the socket. A call that waits returns net.ErrClosed; so does a second
// Close. It may be called from any goroutine and does not wait: the descriptor is
// released by the loop, at once if Close is called there, else in its next turn, or
// when the last call of SyscallConn's Control that uses it has returned.
func (e *endpoint) Close() error {
	if !e.closed.CompareAndSwap(false, true) {
		return e.opError("close", net.ErrClosed)
	}
	if e.cleanup != nil {
		e.cleanup.closed.Store(true)
	}
	return e.opError("close", onLoop(e.loop, func() error {
		defer e.review()
		defer (*watcher)(e).Ready(true, true)
		return e.socket.Close()
	}))
}

// LocalAddr returns the address of this side.
func (e *endpoint) LocalAddr() net.Addr { return e.socket.LocalAddr() }

// SetDeadline sets the deadlines of reading and writing, by the loop's clock, for
// calls that wait as well as for later ones: they fail with an error that is
// os.ErrDeadlineExceeded. The zero time stands for none. It may be called from any
// goroutine and does not wait.
func (e *endpoint) SetDeadline(t time.Time) error {
	if err := e.setDeadline(&e.r, t); err != nil {
		return err
	}
	return e.setDeadline(&e.w, t)
}

// SetReadDeadline sets the deadline of reading, like SetDeadline.
func (e *endpoint) SetReadDeadline(t time.Time) error { return e.setDeadline(&e.r, t) }

// SetWriteDeadline sets the deadline of writing, like SetDeadline.
func (e *endpoint) SetWriteDeadline(t time.Time) error { return e.setDeadline(&e.w, t) }

func (e *endpoint) setDeadline(h *half, t time.Time) error {
	if e.closed.Load() {
		return e.opError("set", net.ErrClosed)
	}
	var stamp int64
	if !t.IsZero() {
		if stamp = e.loop.Stamp(t); stamp == 0 {
			stamp = -1 // the loop's first instant, which is in the past
		}
	}
	h.deadline.Store(stamp)
	if e.loop.Here() { // many set one before each call: it allocates nothing
		e.lookAgain(h)
		return nil
	}
	return onLoop(e.loop, func() error { e.lookAgain(h); return nil })
}

// lookAgain wakes the waiting tasks, which check the deadline again.
func (e *endpoint) lookAgain(h *half) {
	h.wait.WakeAll()
	if h == &e.w {
		e.review()
	}
}
