package aionet

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// An endpoint is the common part of Conn and PacketConn.
type endpoint struct {
	loop          *engine.Loop
	socket        socket
	network       string
	remote        net.Addr // nil: not connected
	messages      bool     // each read and each write is a message
	closedByServe bool     // Serve closes the connection when its handler returns
	cleanup       *socketCleanup
	closed        atomic.Bool
	resetOnClose  atomic.Bool // SetLinger(0) was called

	// Owned by the loop.
	r, w       direction
	readClosed bool             // CloseRead was called
	onWritable func()           // called once when the socket is writable; nil: none
	queue      *engine.WaitList // writers of messages; nil: none has queued yet
}

// socket is the common part of netport.Stream and netport.Packets.
type socket interface {
	Close() error
	LocalAddr() net.Addr
	Control(fn func(fd uintptr)) error
}

// A direction is the reading or the writing side of an endpoint. It is owned by the loop,
// except for deadline.
type direction struct {
	waiters  engine.WaitList
	holder   *engine.Task // the task whose call is in progress; nil: none
	until    int64        // the deadline that usable has returned last
	deadline atomic.Int64 // by the loop's clock; 0: none
}

// ErrConnBusy is returned at once by a call that reads while another task reads, and by a call
// that writes while another task writes. Nothing was read or written. A call of several parts,
// such as io.Copy, holds the direction from its first part to its last. Writers of datagrams and
// of unixpacket messages queue instead.
var ErrConnBusy = errors.New("aionet: another task is in a call of the same direction; a connection has one reader and one writer at a time")

// endpointWatcher is the netport.Watcher of an endpoint.
type endpointWatcher endpoint

func (e *endpointWatcher) Ready(readable, writable bool) {
	if readable {
		e.r.waiters.WakeAll()
	}
	if writable {
		e.w.waiters.WakeAll()
		if fn := e.onWritable; fn != nil {
			e.onWritable = nil
			fn()
		}
	}
}

// wakeAll wakes the waiting tasks of both directions. They try again, and return the error of
// a closed endpoint or direction.
func (e *endpoint) wakeAll() { (*endpointWatcher)(e).Ready(true, true) }

// enter admits a call with a ctx, which must belong to the endpoint's loop.
func (e *endpoint) enter(ctx context.Context) (engine.Caller, error) {
	caller, err := engine.Enter(ctx)
	if err == nil && caller.L != e.loop {
		err = asyncio.ErrWrongLoop
	}
	return caller, err
}

// do performs an operation for any caller. It suspends a task of the loop, and blocks another
// goroutine.
func (e *endpoint) do(op string, d *direction, why engine.Why, try func() (int, error)) (int, error) {
	caller, ok, err := e.loop.Suspending()
	switch {
	case err != nil:
		return 0, e.opError(op, err)
	case ok:
		return e.doBy(caller, op, d, why, try)
	}
	return e.doInTask(op, func(ctx context.Context) (int, error) {
		caller, err := e.enter(ctx)
		if err != nil {
			return 0, e.opError(op, err)
		}
		return e.doBy(caller, op, d, why, try)
	})
}

// doBy performs an operation for a task of the loop.
func (e *endpoint) doBy(caller engine.Caller, op string, d *direction, why engine.Why, try func() (int, error)) (int, error) {
	if e.messages && d == &e.w {
		taken, err := e.enqueue(caller)
		if err != nil {
			return 0, e.opError(op, err)
		}
		if taken {
			defer e.leave()
		}
	}
	if err := d.admit(caller); err != nil {
		return 0, e.opError(op, err)
	}
	n, err := e.retry(caller, op, d, why, try)
	if err == nil {
		caller.Spend()
	}
	return n, err
}

// doInTask performs an operation in a new task of the endpoint's loop. The caller is a
// goroutine without a loop, which blocks, or a task of another loop, which is suspended.
func (e *endpoint) doInTask(op string, do asyncio.Coroutine[int]) (int, error) {
	ctx, err := engine.SteppingTask()
	switch {
	case err != nil:
		return 0, e.opError(op, err)
	case ctx == nil:
		ctx = context.Background()
	}
	t := asyncio.Submit(e.loop.Public.(*asyncio.Loop), do, asyncio.Name(op+" for another goroutine"))
	n, err := t.Await(ctx)
	if err != nil && ctx.Err() != nil { // the task must not use the caller's buffer after the return
		t.Cancel(nil)
		n, _ = t.Await(context.WithoutCancel(ctx))
		return n, ctx.Err()
	}
	if errors.Is(err, asyncio.ErrLoopClosed) || errors.Is(err, asyncio.ErrTaskCancelled) {
		return n, e.opError(op, net.ErrClosed)
	}
	return n, err
}

// retry calls try until it returns another error than netport.ErrAgain. Between two calls it
// suspends the task, which holds the direction, until the direction may be ready. The caller
// must count a success as work with Spend.
func (e *endpoint) retry(caller engine.Caller, op string, d *direction, why engine.Why, try func() (int, error)) (int, error) {
	for {
		if err := e.usable(caller, d); err != nil {
			return 0, e.opError(op, err)
		}
		n, err := try()
		switch {
		case err == nil:
			return n, nil
		case err != netport.ErrAgain:
			return n, e.opError(op, refuse(caller, err))
		}
		outer := d.holder
		d.holder = caller.Task()
		err = d.wait(caller, why)
		d.holder = outer
		if err != nil {
			return 0, err
		}
	}
}

// admit returns an error if the caller is cancelled or another task holds the direction.
func (d *direction) admit(caller engine.Caller) error {
	if err := caller.Err(); err != nil {
		return caller.Refuse(err)
	}
	if d.holder != nil && d.holder != caller.Task() {
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

// usable returns an error if the endpoint or the direction is closed or the deadline has
// passed. It stores the deadline in d.until.
func (e *endpoint) usable(caller engine.Caller, d *direction) error {
	if e.closed.Load() {
		return refuse(caller, net.ErrClosed)
	}
	if e.readClosed && d == &e.r {
		return refuse(caller, io.EOF)
	}
	if d.until = d.deadline.Load(); d.until != 0 && d.until <= e.loop.Elapsed() {
		return refuse(caller, os.ErrDeadlineExceeded)
	}
	return nil
}

// wait suspends the task until the direction may be ready or d.until has come. The caller then
// tries again. If the task was cancelled while it yielded, wait returns at once.
func (d *direction) wait(caller engine.Caller, why engine.Why) error {
	if err := caller.Err(); err != nil {
		return err
	}
	if caller.ParkUntil(&d.waiters, d.until, why) == engine.WokenByCancel {
		return caller.Err()
	}
	return nil
}

// park is the wait of Read and Next. The task was admitted in the current step and holds the
// direction. park takes no Caller, so that the stack of a waiting task stays small.
func (d *direction) park(l *engine.Loop) {
	outer := d.holder
	d.holder = l.Current()
	l.ParkRunning(&d.waiters, d.until, engine.ForRead)
	d.holder = outer
}

// spend counts a part of an operation as work. The task may yield, and holds the direction
// then. spend returns an error if the caller is cancelled.
func (d *direction) spend(caller engine.Caller) error {
	outer := d.holder
	d.holder = caller.Task()
	caller.Spend()
	d.holder = outer
	return caller.Err()
}

// opError wraps an error as package net does. It returns nil, io.EOF and the errors of a ctx
// unchanged.
func (e *endpoint) opError(op string, err error) error {
	if err == nil || err == io.EOF || err == context.Canceled || err == context.DeadlineExceeded {
		return err
	}
	return &net.OpError{Op: op, Net: e.network, Source: e.socket.LocalAddr(), Addr: e.remote, Err: err}
}

// onLoop runs fn on the loop. If the caller is on the loop, onLoop returns the error of fn;
// otherwise it does not wait and returns nil. If the loop has ended, it returns net.ErrClosed:
// the loop has closed its sockets.
func onLoop(l *engine.Loop, fn func() error) error {
	if l.Here() {
		return fn()
	}
	if l.Do(func() { fn() }) != nil {
		return net.ErrClosed
	}
	return nil
}

// Close closes the socket. Calls that wait return net.ErrClosed, and so does a second Close.
// Close may be called from any goroutine and does not wait. The loop releases the descriptor: at
// once if Close is called on the loop, otherwise in its next turn. If a function of
// SyscallConn's Control uses the descriptor, the loop releases it after that.
func (e *endpoint) Close() error {
	if !e.closed.CompareAndSwap(false, true) {
		return e.opError("close", net.ErrClosed)
	}
	if e.cleanup != nil {
		e.cleanup.closed.Store(true)
	}
	return e.opError("close", onLoop(e.loop, func() error {
		defer e.wakeQueue()
		defer e.wakeAll()
		return e.socket.Close()
	}))
}

// LocalAddr returns the local address. It may be called from any goroutine.
func (e *endpoint) LocalAddr() net.Addr { return e.socket.LocalAddr() }
