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

// chunk is how much of a long Write is encrypted before it is sent. With the overhead of TLS it
// fits in a buffer of the loop's pool.
const chunk = 48 << 10

// Read reads decrypted data. It suspends the task until some has arrived.
func (t *TLSConn) Read(p []byte) (int, error) {
	if caller, ok, err := t.conn.loop.Suspending(); ok && err == nil {
		return t.readBy(caller, p)
	}
	return t.do("read", p, t.readBy)
}

// Write encrypts and writes all of p. It suspends the task while the peer's receive buffer is
// full. If it fails or the task is cancelled, it returns the number of bytes accepted. Accepted
// data is still sent while the connection is open, before the data of later calls.
func (t *TLSConn) Write(p []byte) (int, error) {
	if caller, ok, err := t.conn.loop.Suspending(); ok && err == nil {
		return t.writeBy(caller, p)
	}
	return t.do("write", p, t.writeBy)
}

// CloseWrite sends close_notify and closes the writing direction. It waits like Write. Read still
// works, and later Writes fail.
func (t *TLSConn) CloseWrite() error {
	_, err := t.do("close", nil, t.closeWriteBy)
	return err
}

// do performs op for any caller: for the calling task, or in a new task of the loop.
func (t *TLSConn) do(name string, p []byte, op func(caller engine.Caller, p []byte) (int, error)) (int, error) {
	caller, ok, err := t.conn.loop.Suspending()
	switch {
	case err != nil:
		return 0, t.conn.opError(name, err)
	case !ok:
		return t.conn.doInTask(name, func(ctx context.Context) (int, error) { return t.doWith(ctx, name, p, op) })
	}
	return op(caller, p)
}

// doWith performs op with the ctx of a task of the loop.
func (t *TLSConn) doWith(ctx context.Context, name string, p []byte, op func(caller engine.Caller, p []byte) (int, error)) (int, error) {
	caller, err := t.conn.enter(ctx)
	if err != nil {
		return 0, t.conn.opError(name, err)
	}
	return op(caller, p)
}

// admit returns an error if the caller is cancelled, after Close, or if busy is true.
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

// admitWriter is admit for a writer. It also checks the deadline, which the wire checks only if
// it must wait.
func (t *TLSConn) admitWriter(caller engine.Caller, name string) error {
	if err := t.admit(caller, name, t.writing); err != nil {
		return err
	}
	return t.conn.opError(name, t.conn.usable(caller, &t.conn.w))
}

func (t *TLSConn) readBy(caller engine.Caller, p []byte) (int, error) {
	if err := t.admit(caller, "read", t.reading); err != nil {
		return 0, err
	}
	t.reading, t.wire.reader = true, caller
	n, err := t.tls.Read(p)
	t.reading = false
	t.wire.push() // the answers of crypto/tls to the records read
	caller.Spend()
	if i, ok := err.(interrupted); ok {
		if err = i.error; n > 0 {
			err = nil // the next Read returns it
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
	if t.wire.pending != nil { // for example of an earlier Write that was interrupted
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

// closeTimeout bounds how long Close waits to send close_notify. It is that of crypto/tls.
const closeTimeout = 5 * time.Second

// Close sends close_notify and closes the connection. Calls that wait return net.ErrClosed, and
// so does a second Close. It may be called from any goroutine.
//
// If the send buffer is full, Close suspends the calling task until close_notify is sent, until
// the deadline of writing, or for 5 s at most. If the task is cancelled, Close does not wait. If it
// is called outside of a task of the loop, it returns at once and the loop does the rest.
//
// If a Write is in progress, it fails and close_notify is not sent. The peer then reads
// io.ErrUnexpectedEOF or io.EOF.
func (t *TLSConn) Close() error {
	if !t.wire.closed.CompareAndSwap(false, true) {
		return t.conn.opError("close", net.ErrClosed)
	}
	caller, ok, err := t.conn.loop.Suspending()
	if !ok || err != nil {
		if t.conn.loop.Do(t.closeInTask) != nil {
			return t.conn.Close() // the loop has ended
		}
		return nil
	}
	t.notifyClose(caller)
	return t.conn.Close()
}

// closeByServe is Close for a connection that Serve closes. It is called in a task of the loop.
func (t *TLSConn) closeByServe() {
	if !t.wire.closed.CompareAndSwap(false, true) {
		return
	}
	caller, ok, err := t.conn.loop.Suspending()
	if !ok || err != nil {
		t.conn.Close()
		return
	}
	t.notifyClose(caller)
}

// notifyClose sends close_notify. It waits for at most closeTimeout.
func (t *TLSConn) notifyClose(caller engine.Caller) {
	if t.startCloseNotify() {
		t.flushBounded(caller)
	}
}

// flushBounded waits until the pending bytes are sent, for at most closeTimeout. If the caller is
// cancelled it does not wait.
func (t *TLSConn) flushBounded(caller engine.Caller) {
	t.boundWriteDeadline()
	if caller.Err() == nil {
		t.wire.flush(caller)
	}
}

// boundWriteDeadline sets the deadline of writing to closeTimeout from now, unless it is earlier.
func (t *TLSConn) boundWriteDeadline() {
	last := t.conn.loop.After(closeTimeout)
	if d := t.conn.w.deadline.Load(); d == 0 || d > last {
		t.conn.w.deadline.Store(last)
	}
}

// startCloseNotify sends close_notify without blocking, unless a Write is in progress. It reports
// whether pending bytes are left.
func (t *TLSConn) startCloseNotify() bool {
	t.conn.r.waiters.WakeAll() // a waiting Read returns net.ErrClosed
	if t.writing || t.conn.closed.Load() {
		return false
	}
	t.tls.CloseWrite()
	return t.wire.sendNow() == netport.ErrAgain
}

// closeInTask is Close for a caller that cannot wait. It is called on the loop, and waits in a
// new task.
func (t *TLSConn) closeInTask() {
	if !t.startCloseNotify() {
		t.conn.Close()
		return
	}
	t.boundWriteDeadline()
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

// WithContext returns a view of the connection whose Read and Write obey ctx, as Conn.WithContext
// does.
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
