package aionet

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// chunk is how much of a long Write is encrypted before it is sent: with what TLS adds
// it fits into a buffer of the loop.
const chunk = 48 << 10

// Read reads what is there, suspending the task until something is.
func (t *TLSConn) Read(p []byte) (int, error) {
	if caller, ok, err := t.conn.loop.Suspending(); ok && err == nil {
		return t.readBy(caller, p)
	}
	return t.do("read", p, t.readBy)
}

// Write encrypts and writes all of p, suspending the task while the other side is slow.
// If it fails, or the task is cancelled, it returns how much was accepted. What was
// accepted is sent still, as long as the connection lives, and what follows comes after
// it.
func (t *TLSConn) Write(p []byte) (int, error) {
	if caller, ok, err := t.conn.loop.Suspending(); ok && err == nil {
		return t.writeBy(caller, p)
	}
	return t.do("write", p, t.writeBy)
}

// CloseWrite tells the other side that nothing more will come (close_notify), as a Write
// would; Read goes on. Later Writes fail.
func (t *TLSConn) CloseWrite() error {
	_, err := t.do("close", nil, t.closeWriteBy)
	return err
}

// do calls op for the calling task, or in a task of the loop for a caller that is not
// on it.
func (t *TLSConn) do(name string, p []byte, op func(caller engine.Caller, p []byte) (int, error)) (int, error) {
	caller, ok, err := t.conn.loop.Suspending()
	switch {
	case err != nil:
		return 0, t.conn.opError(name, err)
	case !ok:
		return t.conn.elsewhere(name, func(ctx context.Context) (int, error) { return t.doWith(ctx, name, p, op) })
	}
	return op(caller, p)
}

func (t *TLSConn) doWith(ctx context.Context, name string, p []byte, op func(caller engine.Caller, p []byte) (int, error)) (int, error) {
	caller, err := t.conn.enter(ctx)
	if err != nil {
		return 0, t.conn.opError(name, err)
	}
	return op(caller, p)
}

// admit refuses a caller that is cancelled, a second one, and any after Close.
func (t *TLSConn) admit(caller engine.Caller, name string, busy bool) error {
	switch err := caller.Err(); {
	case err != nil:
		return caller.Refuse(err)
	case t.wire.closed.Load():
		return t.conn.opError(name, refuse(caller, net.ErrClosed))
	case busy:
		return t.conn.opError(name, refuse(caller, ErrConnBusy))
	}
	return nil
}

// admitWriter is admit for those who write. A deadline that has passed is met here: the
// wire meets it only when there is no room.
func (t *TLSConn) admitWriter(caller engine.Caller, name string) error {
	if err := t.admit(caller, name, t.writing); err != nil {
		return err
	}
	_, err := t.conn.usable(caller, &t.conn.w)
	return t.conn.opError(name, err)
}

func (t *TLSConn) readBy(caller engine.Caller, p []byte) (int, error) {
	if err := t.admit(caller, "read", t.reading); err != nil {
		return 0, err
	}
	t.reading, t.wire.reader = true, caller
	n, err := t.tls.Read(p)
	t.reading = false
	t.wire.push() // the answers to what was read
	caller.Spend()
	if i, ok := err.(interrupted); ok {
		if err = i.error; n > 0 {
			err = nil // it is met again by the next Read
		}
	}
	return n, err
}

func (t *TLSConn) writeBy(caller engine.Caller, p []byte) (written int, err error) {
	if err := t.admitWriter(caller, "write"); err != nil {
		return 0, err
	}
	t.writing = true
	defer func() { t.writing = false }()
	if t.wire.pending != nil { // of an earlier Write that was interrupted, say
		if err := t.wire.flush(caller); err != nil {
			return 0, err
		}
	}
	for {
		n, err := t.tls.Write(p[written:min(len(p), written+chunk)])
		written += n
		if err != nil {
			return written, refuse(caller, err)
		}
		if err := t.wire.flush(caller); err != nil || written == len(p) {
			return written, err
		}
	}
}

func (t *TLSConn) closeWriteBy(caller engine.Caller, _ []byte) (int, error) {
	if err := t.admitWriter(caller, "close"); err != nil {
		return 0, err
	}
	t.writing = true
	defer func() { t.writing = false }()
	if err := t.tls.CloseWrite(); err != nil {
		return 0, err
	}
	return 0, t.wire.flush(caller)
}

// closeTimeout is how long Close waits for room, as crypto/tls does.
const closeTimeout = 5 * time.Second

// Close tells the other side that nothing more will come, and closes the connection. A
// call that waits returns net.ErrClosed; so does a second Close. It may be called from
// any goroutine.
//
// If the other side is so slow that there is no room for the message, Close suspends
// the calling task until there is, until the deadline of writing, or for 5 s at most. It
// does not wait if the task is cancelled; and if it is called elsewhere than in a task
// of the loop, the rest is done there. A Write that waits is cut off, and the other
// side is not told: it gets io.ErrUnexpectedEOF or io.EOF, as the cut happens to fall.
func (t *TLSConn) Close() error {
	if !t.wire.closed.CompareAndSwap(false, true) {
		return t.conn.opError("close", net.ErrClosed)
	}
	caller, ok, err := t.conn.loop.Suspending()
	if !ok || err != nil {
		if t.conn.loop.Do(t.closeLater) != nil {
			return t.conn.Close() // the loop has ended
		}
		return nil
	}
	t.part(caller)
	return t.conn.Close()
}

// finish is Close for a connection that Serve closes. It is called in a task of the loop.
func (t *TLSConn) finish() {
	if !t.wire.closed.CompareAndSwap(false, true) {
		return
	}
	caller, ok, err := t.conn.loop.Suspending()
	if !ok || err != nil {
		t.conn.Close()
		return
	}
	t.part(caller)
}

// part sends the closing message, and ends a send that is under way.
func (t *TLSConn) part(caller engine.Caller) {
	if t.farewell() {
		t.linger(caller)
	}
}

// linger waits until what is pending is sent, but not long.
func (t *TLSConn) linger(caller engine.Caller) {
	t.hurry()
	if caller.Err() == nil {
		t.wire.flush(caller)
	}
}

// hurry brings the deadline of writing forward to closeTimeout from now.
func (t *TLSConn) hurry() {
	last := t.conn.loop.After(closeTimeout)
	if d := t.conn.w.deadline.Load(); d == 0 || d > last {
		t.conn.w.deadline.Store(last)
	}
}

// farewell says that nothing more will come, and reports whether there is something
// to be sent that there is no room for yet.
func (t *TLSConn) farewell() bool {
	t.conn.r.wait.WakeAll() // who reads leaves
	if t.writing || t.conn.closed.Load() {
		return false
	}
	t.tls.CloseWrite()
	return t.wire.try() == netport.ErrAgain
}

// closeLater is Close outside of a task, where it cannot wait.
func (t *TLSConn) closeLater() {
	if !t.farewell() {
		t.conn.Close()
		return
	}
	t.hurry()
	t.wire.senders++
	asyncio.Submit(t.conn.loop.Public.(*asyncio.Loop), func(ctx context.Context) (struct{}, error) {
		if caller, err := engine.Enter(ctx); err == nil {
			t.wire.send(caller)
		}
		t.wire.senders--
		t.conn.Close()
		return struct{}{}, nil
	}, asyncio.Name("close of a TLS connection"))
}

// WithContext returns a view of the connection whose Read and Write also end when ctx
// does, as Conn.WithContext does.
func (t *TLSConn) WithContext(ctx context.Context) net.Conn { return tlsView{t, ctx} }

type tlsView struct {
	*TLSConn
	ctx context.Context
}

func (v tlsView) Read(p []byte) (int, error)  { return v.doWith(v.ctx, "read", p, v.readBy) }
func (v tlsView) Write(p []byte) (int, error) { return v.doWith(v.ctx, "write", p, v.writeBy) }

var _ interface {
	net.Conn
	ConnectionState() tls.ConnectionState
	CloseWrite() error
} = tlsView{}
