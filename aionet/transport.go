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

// A Transport is the connection of a Protocol: it writes, buffers what the other side
// does not take yet, and calls the protocol.
//
// Its methods are for the loop, callbacks and tasks alike, but for Close, Abort, the
// addresses and Control, which may be used from any goroutine. None of them waits.
// Elsewhere than on the loop Write returns asyncio.ErrWrongTask, and the others panic
// with it; Loop.CallSoonThreadsafe leads there.
type Transport struct {
	loop   *engine.Loop
	host   *host
	stream netport.Stream
	proto  Protocol      // nil: not made yet
	turn   func()        // run, as a value
	scope  *engine.Scope // made when it is asked for
	out    backlog
	cause  error // of the loss

	high, low  int        // marks of the backlog
	next, prev *Transport // in the host's list

	queued  bool // a turn is in the ready queue
	made    bool // ConnectionMade was called
	lost    bool // nothing more is read or written
	gone    bool // ConnectionLost has returned
	closing bool // Close was called
	paused  bool // reading is
	full    bool // PauseWriting was called, and ResumeWriting was not
	canRead bool // as far as is known
	canSend bool
	ended   bool // the other side sends no more
	sealed  bool // WriteEOF was called
	ending  bool // and is to be told to the other side
}

const (
	defaultHigh = 64 << 10

	// mostPerTurn bounds what one connection reads, or sends of its backlog, before the
	// others have their turn.
	mostPerTurn = 256 << 10
	// leastPerRead is what a read counts at least.
	leastPerRead = 4 << 10
)

// newTransport makes the transport of a stream and gives it its first turn.
func newTransport(h *host, s netport.Stream) *Transport {
	t := &Transport{
		loop: h.loop, host: h, stream: s,
		high: defaultHigh, low: defaultHigh / 4, canRead: true, canSend: true,
	}
	t.turn = t.run
	h.join(t)
	s.Watch((*transportWatcher)(t))
	t.schedule()
	return t
}

// transportWatcher is the side of a Transport that the network sees.
type transportWatcher Transport

func (w *transportWatcher) Ready(readable, writable bool) {
	t := (*Transport)(w)
	t.canRead = t.canRead || readable
	t.canSend = t.canSend || writable
	if t.mayRead() || t.canSend && t.out.len() > 0 {
		t.schedule()
	}
}

// schedule gives the transport a turn: everything that calls the protocol, but for
// PauseWriting, is done there.
func (t *Transport) schedule() {
	if !t.queued {
		t.queued = true
		t.loop.Soon(t.turn)
	}
}

// run is one turn.
func (t *Transport) run() {
	t.queued = false
	defer t.survive()
	switch {
	case t.gone:
	case t.lost:
		t.leave()
	case !t.made:
		t.begin()
	default:
		t.send()
		t.receive()
	}
}

// survive keeps a panic of a callback from going further than the connection. It must
// be deferred itself.
func (t *Transport) survive() {
	if v := recover(); v != nil {
		p, ok := v.(*asyncio.PanicError)
		if !ok {
			p = &asyncio.PanicError{Value: v, Stack: debug.Stack()}
		}
		t.host.report(t.RemoteAddr(), p)
		t.lose(p)
		if t.cause == nil && !t.gone { // it was aborted before the panic
			t.cause = p
		}
	}
}

func (t *Transport) begin() {
	if t.proto = t.host.factory(); t.proto == nil {
		panic(errors.New("aionet: the factory returned a nil Protocol"))
	}
	t.made = true
	defer t.schedule()
	t.proto.ConnectionMade(t)
	if t.host.made != nil {
		t.host.made()
	}
}

func (t *Transport) mayRead() bool {
	return t.canRead && t.made && !t.lost && !t.closing && !t.paused && !t.ended
}

// receive gives the protocol what is there, in the loop's buffer.
func (t *Transport) receive() {
	if !t.mayRead() {
		return
	}
	pool := buffersOf(t.loop)
	buf := pool.take()
	for left := mostPerTurn; t.mayRead(); {
		if left <= 0 {
			t.schedule()
			break
		}
		b, err := readInto(t.stream, isWhole(t.host.network), buf[:])
		switch {
		case err == nil:
			left -= max(len(b), leastPerRead)
			t.proto.DataReceived(b)
		case err == netport.ErrAgain:
			t.canRead = false
		case err == io.EOF:
			t.ended = true
			if !t.proto.EOFReceived() {
				t.close()
			}
		default:
			t.lose(t.host.opError("read", t.stream, err))
		}
	}
	pool.give(buf)
}

// send sends what there is room for of the backlog.
func (t *Transport) send() {
	for left := mostPerTurn; t.out.len() > 0 && t.canSend && !t.lost; {
		if left <= 0 {
			t.schedule()
			break
		}
		p := t.out.bytes()
		n, err := t.stream.Write(p[:min(len(p), left)])
		left -= n
		t.out.sent(n)
		switch err {
		case nil:
		case netport.ErrAgain:
			t.canSend = false
		default:
			t.lose(t.host.opError("write", t.stream, err))
		}
	}
	if t.full && t.out.len() <= t.low && !t.lost {
		t.full = false
		t.proto.ResumeWriting() // may write
	}
	if t.out.len() == 0 && !t.lost {
		t.drained()
	}
}

// drained does what had to wait for the backlog.
func (t *Transport) drained() {
	switch {
	case t.closing:
		t.lose(nil)
	case t.ending:
		t.endWriting()
	}
}

func (t *Transport) endWriting() {
	t.ending = false
	if err := t.stream.CloseWrite(); err != nil {
		t.lose(t.host.opError("close", t.stream, err))
	}
}

// lose ends the connection: the protocol is told in the next turn.
func (t *Transport) lose(err error) {
	if !t.lost {
		t.lost, t.cause, t.out = true, err, backlog{}
		t.schedule()
	}
}

// leave is the end. It is done whatever the protocol does.
func (t *Transport) leave() {
	t.stream.Close()
	defer func() {
		t.gone = true
		if t.scope == nil {
			t.host.part(t)
			return
		}
		t.scope.Close(t.why(), func() { t.host.part(t) })
	}()
	if t.made {
		t.proto.ConnectionLost(t.cause)
	}
}

// why is what the connection's context is cancelled with.
func (t *Transport) why() error {
	if t.cause != nil {
		return t.cause
	}
	return net.ErrClosed
}

// Write sends p: at once what the system has room for, the rest when there is room.
// It never waits, and keeps no part of p. It returns len(p) and nil, also if a part is
// buffered. After Close it returns net.ErrClosed, after WriteEOF another error; if the
// network fails, that error, which ConnectionLost will have too.
func (t *Transport) Write(p []byte) (int, error) {
	switch {
	case !t.loop.Here():
		return 0, t.host.opError("write", t.stream, offLoop("Write"))
	case t.closing || t.lost:
		return 0, t.host.opError("write", t.stream, net.ErrClosed)
	case t.sealed:
		return 0, t.host.opError("write", t.stream, errAfterEOF)
	}
	rest := p
	for t.out.len() == 0 && t.canSend && len(rest) > 0 {
		n, err := t.stream.Write(rest)
		rest = rest[n:]
		switch err {
		case nil:
		case netport.ErrAgain:
			t.canSend = false
		default:
			err = t.host.opError("write", t.stream, err)
			t.lose(err)
			return len(p) - len(rest), err
		}
	}
	if len(rest) > 0 {
		t.out.add(rest)
		t.checkHigh()
	}
	return len(p), nil
}

var errAfterEOF = errors.New("aionet: Write after WriteEOF")

// checkHigh tells the protocol if the backlog is too long.
func (t *Transport) checkHigh() {
	if !t.full && t.made && t.out.len() > t.high {
		t.full = true
		defer t.survive()
		t.proto.PauseWriting()
	}
}

// WriteEOF tells the other side, when all that was written has been sent, that no more
// will come; reading goes on. A second call does nothing.
func (t *Transport) WriteEOF() {
	t.mustBeHere("WriteEOF")
	if t.sealed || t.closing || t.lost {
		return
	}
	t.sealed, t.ending = true, true
	if t.out.len() == 0 {
		t.endWriting()
	}
}

// Close closes the connection when all that was written has been sent. No more is
// read; the protocol hears of nothing but ConnectionLost, and ResumeWriting before. If
// the other side does not read it may take for ever: see Abort. From any goroutine; a
// second call does nothing.
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

// Abort closes the connection and drops what was not sent. From any goroutine; a
// second call does nothing.
func (t *Transport) Abort() { t.loop.Do(func() { t.lose(nil) }) }

// IsClosing reports whether the connection was closed, aborted or lost.
func (t *Transport) IsClosing() bool {
	t.mustBeHere("IsClosing")
	return t.closing || t.lost
}

// PauseReading has DataReceived called no more until ResumeReading: what comes stays in
// the system, whose limits slow the other side down. The end of the other side, and
// that it has failed, are not noticed meanwhile. A second call does nothing.
func (t *Transport) PauseReading() {
	t.mustBeHere("PauseReading")
	t.paused = true
}

// ResumeReading ends PauseReading. Without one it does nothing.
func (t *Transport) ResumeReading() {
	t.mustBeHere("ResumeReading")
	t.paused = false
	if t.mayRead() {
		t.schedule()
	}
}

// SetWriteBufferLimits sets the marks, in bytes: PauseWriting is called when more than
// high is buffered, ResumeWriting when no more than low is. They are 64 KiB and 16 KiB
// at first; with a high of 0 the protocol is paused whenever anything is buffered. It
// panics unless 0 <= low <= high.
func (t *Transport) SetWriteBufferLimits(high, low int) {
	t.mustBeHere("SetWriteBufferLimits")
	if low < 0 || high < low {
		panic(fmt.Errorf("aionet: SetWriteBufferLimits(%d, %d): low must be at least 0 and at most high", high, low))
	}
	t.high, t.low = high, low
	t.checkHigh()
	if t.full && t.out.len() <= low && !t.lost {
		t.schedule()
	}
}

// WriteBufferSize returns how many bytes were written and not yet sent.
func (t *Transport) WriteBufferSize() int {
	t.mustBeHere("WriteBufferSize")
	return t.out.len()
}

// Context returns the connection's context, for tasks: they belong to the connection.
// When it has been lost they are cancelled, and its server waits for them. If one fails
// the error is reported with the remote address, and the connection is aborted. (A
// task that panics ends Run, as anywhere.) The context has the values of the one given
// to ServeProtocol or DialProtocol.
func (t *Transport) Context() context.Context {
	t.mustBeHere("Context")
	if t.scope == nil {
		t.scope = engine.OpenScope(t.host.ctx, func(err error) {
			t.host.report(t.RemoteAddr(), err)
			t.lose(err)
		})
		if t.gone {
			t.scope.Close(t.why(), func() {})
		}
	}
	return t.scope.Context()
}

// Loop returns the connection's loop, for CallLater and the like: a time-out, say,
// that calls Abort. From any goroutine.
func (t *Transport) Loop() *asyncio.Loop { return t.loop.Public.(*asyncio.Loop) }

// LocalAddr returns the address of this side. From any goroutine.
func (t *Transport) LocalAddr() net.Addr { return t.stream.LocalAddr() }

// RemoteAddr returns the address of the other side. From any goroutine.
func (t *Transport) RemoteAddr() net.Addr { return t.stream.RemoteAddr() }

// Control calls fn with the descriptor, to set options, say: from any goroutine, while
// it cannot be closed. The descriptor must not be closed, nor set to block; with an
// SO_LINGER of more than 0 the loop would be blocked at the connection's end. On a
// network without descriptors the error is errors.ErrUnsupported, and after the end
// net.ErrClosed.
func (t *Transport) Control(fn func(fd uintptr)) error {
	return t.host.opError("raw-control", t.stream, t.stream.Control(fn))
}

func (t *Transport) mustBeHere(call string) {
	if !t.loop.Here() {
		panic(offLoop(call))
	}
}

func offLoop(call string) error {
	return fmt.Errorf("%w: Transport.%s: call it on the loop, in a callback or a task; from elsewhere by Loop.CallSoonThreadsafe", asyncio.ErrWrongTask, call)
}
