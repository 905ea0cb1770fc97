package aionet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A Transport is the connection of a Protocol. It calls the protocol, writes, and buffers data
// that the system does not accept yet.
//
// Close, Abort, Loop, the addresses and Control may be called from any goroutine. The other
// methods must be called on the loop, in a callback or a task. Elsewhere Write returns
// asyncio.ErrWrongTask, and the others panic with it; Loop.CallSoonThreadsafe runs a function on
// the loop. No method waits.
type Transport struct {
	loop     *engine.Loop
	set      *transportSet
	stream   netport.Stream
	proto    Protocol      // nil: not made yet
	callback func()        // t.run; kept because a method value allocates
	scope    *engine.Scope // made by Context
	out      sendBuffer
	cause    error // why the connection was lost

	high, low  int        // water marks of out
	next, prev *Transport // in the set

	scheduled    bool // callback is in the ready queue
	made         bool // ConnectionMade was called
	lost         bool // nothing more is read or written
	finished     bool // ConnectionLost has returned
	closing      bool // Close was called
	readable     bool // a read has not returned netport.ErrAgain since the last event
	writable     bool // the same of writes
	readPaused   bool // PauseReading was called
	writePaused  bool // PauseWriting was called, and ResumeWriting was not
	eofReceived  bool
	writeClosed  bool // WriteEOF was called
	closePending bool // and the stream's writing direction is not closed yet
}

const (
	// maxPerRun bounds what one connection reads, or sends from its buffer, in one callback.
	// Other connections then have their turn.
	maxPerRun = 256 << 10
	// minReadCost is what each read counts at least.
	minReadCost = 4 << 10
)

// newTransport makes the transport of a stream and schedules its first callback.
func newTransport(set *transportSet, s netport.Stream) *Transport {
	t := &Transport{
		loop: set.loop, set: set, stream: s,
		high: defaultHigh, low: defaultHigh / 4, readable: true, writable: true,
	}
	t.callback = t.run
	set.add(t)
	s.Watch((*transportWatcher)(t))
	t.schedule()
	return t
}

// transportWatcher is the netport.Watcher of a Transport.
type transportWatcher Transport

func (w *transportWatcher) Ready(readable, writable bool) {
	t := (*Transport)(w)
	t.readable = t.readable || readable
	t.writable = t.writable || writable
	if t.mayRead() || t.writable && t.out.len() > 0 {
		t.schedule()
	}
}

// schedule schedules a call of run. Only run calls the protocol, except for PauseWriting.
func (t *Transport) schedule() {
	if !t.scheduled {
		t.scheduled = true
		t.loop.Soon(t.callback)
	}
}

// run is the callback of the transport in the loop.
func (t *Transport) run() {
	t.scheduled = false
	defer t.recoverPanic()
	switch {
	case t.finished:
	case t.lost:
		t.finish()
	case !t.made:
		t.begin()
	default:
		t.send()
		t.receive()
	}
}

// recoverPanic ends the connection, and not the loop, when a callback of the protocol panics. It
// must be deferred itself.
func (t *Transport) recoverPanic() {
	if v := recover(); v != nil {
		p, ok := v.(*asyncio.PanicError)
		if !ok {
			p = &asyncio.PanicError{Value: v, Stack: debug.Stack()}
		}
		t.set.report(t.RemoteAddr(), p)
		t.lose(p)
		if t.cause == nil && !t.finished { // it was aborted before the panic
			t.cause = p
		}
	}
}

func (t *Transport) begin() {
	if t.proto = t.set.factory(); t.proto == nil {
		panic(errors.New("aionet: the factory returned a nil Protocol"))
	}
	t.made = true
	defer t.schedule()
	t.proto.ConnectionMade(t)
	if t.set.onMade != nil {
		t.set.onMade()
	}
}

func (t *Transport) mayRead() bool {
	return t.readable && t.made && !t.lost && !t.closing && !t.readPaused && !t.eofReceived
}

// receive reads into a buffer of the loop's pool and passes the data to the protocol.
func (t *Transport) receive() {
	if !t.mayRead() {
		return
	}
	pool := bufferPoolOf(t.loop)
	buf := pool.get()
	for left := maxPerRun; t.mayRead(); {
		if left <= 0 {
			t.schedule()
			break
		}
		b, err := readInto(t.stream, hasMessages(t.set.network), buf[:])
		switch {
		case err == nil:
			left -= max(len(b), minReadCost)
			t.proto.DataReceived(b)
		case err == netport.ErrAgain:
			t.readable = false
		case err == io.EOF:
			t.eofReceived = true
			if !t.proto.EOFReceived() {
				t.close()
			}
		default:
			t.lose(t.set.opError("read", t.stream, err))
		}
	}
	pool.put(buf)
}

// lose ends the connection. The protocol's ConnectionLost is called in the next callback.
func (t *Transport) lose(err error) {
	if !t.lost {
		t.lost, t.cause, t.out = true, err, sendBuffer{}
		t.schedule()
	}
}

// finish closes the stream, calls ConnectionLost and ends the connection's tasks. It does so
// also if ConnectionLost panics.
func (t *Transport) finish() {
	t.stream.Close()
	defer func() {
		t.finished = true
		if t.scope == nil {
			t.set.remove(t)
			return
		}
		t.scope.Close(t.cancelCause(), func() { t.set.remove(t) })
	}()
	if t.made {
		t.proto.ConnectionLost(t.cause)
	}
}

// cancelCause is the cause with which the connection's context is cancelled.
func (t *Transport) cancelCause() error {
	if t.cause != nil {
		return t.cause
	}
	return net.ErrClosed
}

// Close closes the connection when all written data has been sent. Nothing more is read. Of the
// protocol only ConnectionLost is called, and ResumeWriting before it. If the peer does not read,
// the connection stays open: see Abort. Close may be called from any goroutine and does not wait.
// A second call does nothing.
func (t *Transport) Close() { t.loop.Do(t.close) }

func (t *Transport) close() {
	if t.closing || t.lost {
		return
	}
	t.closing = true
	if t.out.len() == 0 {
		t.lose(nil)
	}
}

// Abort closes the connection and discards unsent data. It may be called from any goroutine and
// does not wait. A second call does nothing.
func (t *Transport) Abort() { t.loop.Do(func() { t.lose(nil) }) }

// IsClosing reports whether the connection was closed, aborted or lost.
func (t *Transport) IsClosing() bool {
	t.mustBeOnLoop("IsClosing")
	return t.closing || t.lost
}

// PauseReading stops calls of DataReceived until ResumeReading. Received data stays in the
// system, whose limits slow the peer down. EOF and errors of the connection are not reported
// before ResumeReading. A second call does nothing.
func (t *Transport) PauseReading() {
	t.mustBeOnLoop("PauseReading")
	t.readPaused = true
}

// ResumeReading ends PauseReading. Without PauseReading it does nothing.
func (t *Transport) ResumeReading() {
	t.mustBeOnLoop("ResumeReading")
	t.readPaused = false
	if t.mayRead() {
		t.schedule()
	}
}

// Context returns a context for tasks that belong to the connection. It has the values of the
// ctx of ServeProtocol or DialProtocol. When the connection is lost the tasks are cancelled, and
// the server waits for them. If a task fails, the error is reported with the remote address and
// the connection is aborted. A task that panics ends Run, like any other task.
func (t *Transport) Context() context.Context {
	t.mustBeOnLoop("Context")
	if t.scope == nil {
		t.scope = engine.OpenScope(t.set.ctx, func(err error) {
			t.set.report(t.RemoteAddr(), err)
			t.lose(err)
		})
		if t.finished {
			t.scope.Close(t.cancelCause(), func() {})
		}
	}
	return t.scope.Context()
}

// Loop returns the connection's loop, for calls such as CallLater. It may be called from any
// goroutine.
func (t *Transport) Loop() *asyncio.Loop { return t.loop.Public.(*asyncio.Loop) }

// LocalAddr returns the local address. It may be called from any goroutine.
func (t *Transport) LocalAddr() net.Addr { return t.stream.LocalAddr() }

// RemoteAddr returns the peer's address. It may be called from any goroutine.
func (t *Transport) RemoteAddr() net.Addr { return t.stream.RemoteAddr() }

// Control calls fn with the file descriptor, for example to set socket options. The descriptor
// cannot be closed during the call. fn must not close it, set it to blocking mode, or set
// SO_LINGER to more than 0: that would block the loop when the connection ends. Control may be
// called from any goroutine. On a network without descriptors it returns errors.ErrUnsupported,
// and after the end of the connection net.ErrClosed.
func (t *Transport) Control(fn func(fd uintptr)) error {
	return t.set.opError("raw-control", t.stream, t.stream.Control(fn))
}

func (t *Transport) mustBeOnLoop(call string) {
	if !t.loop.Here() {
		panic(errOffLoop(call))
	}
}

func errOffLoop(call string) error {
	return fmt.Errorf("%w: Transport.%s: call it on the loop, in a callback or a task; from elsewhere by Loop.CallSoonThreadsafe", asyncio.ErrWrongTask, call)
}
