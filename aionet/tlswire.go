package aionet

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A wire is the net.Conn below crypto/tls. It is used on the loop only.
//
// Write does not wait, it only stores the bytes: crypto/tls calls it with its write mutex locked,
// and a second task that waits for the mutex would block the loop. Read waits with the read mutex
// locked. That is safe because TLSConn admits one reader.
//
// While bytes are pending, a task is in flush or Conn.onWritable is set.
type wire struct {
	conn    *Conn
	closed  atomic.Bool   // TLSConn.Close was called
	reader  engine.Caller // the caller of TLSConn.Read, or of the handshake
	pending []byte        // bytes to send, in a buffer of the loop's pool
	sent    int           // number of bytes of pending that were sent
	senders int           // number of tasks in flush
	failed  error         // the error of sending; nothing is sent after it
}

// maxPending bounds the pending bytes: above it nothing is read until some of them are sent.
// Otherwise a peer that sends many KeyUpdate requests, and reads none of the answers of
// crypto/tls, could make pending grow without bound.
const maxPending = readBufferLen

// Read waits for data. It first sends the answers of crypto/tls to earlier data.
func (w *wire) Read(p []byte) (int, error) {
	c := w.conn
	for {
		w.push()
		err := c.usable(w.reader, &c.r)
		if w.closed.Load() {
			err = net.ErrClosed
		}
		if err != nil {
			return 0, interrupted{c.opError("read", err)}
		}
		if w.unsent() <= maxPending {
			n, err := c.stream.Read(p)
			if err != netport.ErrAgain {
				w.reader.Spend()
				return n, c.opError("read", err)
			}
		}
		if err := c.r.wait(w.reader, engine.ForRead); err != nil {
			return 0, interrupted{err}
		}
	}
}

// interrupted is an error after which crypto/tls can continue. For that it must be a net.Error
// whose Temporary method returns true.
type interrupted struct{ error }

func (interrupted) Timeout() bool   { return false }
func (interrupted) Temporary() bool { return true }

// Write stores p for flush.
func (w *wire) Write(p []byte) (int, error) {
	if w.failed != nil {
		return 0, w.failed
	}
	if w.pending == nil {
		w.pending = bufferPoolOf(w.conn.loop).get()[:0:readBufferLen]
	}
	if w.sent > 0 && len(w.pending)+len(p) > cap(w.pending) {
		w.pending = w.pending[:copy(w.pending, w.pending[w.sent:])]
		w.sent = 0
	}
	w.pending = append(w.pending, p...)
	return len(p), nil
}

// unsent returns the number of pending bytes.
func (w *wire) unsent() int { return len(w.pending) - w.sent }

// sendNow sends pending bytes without blocking. It returns netport.ErrAgain if some are left, and
// nil if none are.
func (w *wire) sendNow() error {
	for w.pending != nil {
		if w.conn.closed.Load() {
			w.fail(net.ErrClosed)
			break
		}
		n, err := w.conn.stream.Write(w.pending[w.sent:])
		if err == netport.ErrAgain {
			return err
		}
		readHeld := w.unsent() > maxPending
		w.sent += n
		if err != nil {
			w.fail(err)
			break
		}
		if w.unsent() == 0 {
			w.releaseBuffer()
			w.conn.w.waiters.WakeAll() // other senders
		}
		if readHeld && w.unsent() <= maxPending {
			w.conn.r.waiters.WakeAll() // the reader continues
		}
	}
	return w.failed
}

// fail discards the pending bytes, because sending has failed.
func (w *wire) fail(err error) {
	w.failed = w.conn.opError("write", err)
	w.releaseBuffer()
	w.conn.w.waiters.WakeAll()
	w.conn.r.waiters.WakeAll()
}

// releaseBuffer returns the buffer to the loop's pool, unless append has replaced it by a larger
// one.
func (w *wire) releaseBuffer() {
	if cap(w.pending) == readBufferLen {
		bufferPoolOf(w.conn.loop).put((*readBuffer)(w.pending[:readBufferLen]))
	}
	w.pending, w.sent = nil, 0
}

// push sends pending bytes without blocking. If some are left and no task is in flush, the loop
// sends them when the socket is writable.
func (w *wire) push() {
	if w.sendNow() == netport.ErrAgain && w.senders == 0 {
		w.conn.onWritable = w.push
	}
}

// flush suspends the task until nothing is pending. If it is interrupted, another task or the
// loop sends the rest.
func (w *wire) flush(caller engine.Caller) error {
	w.senders++
	err := w.send(caller)
	w.senders--
	w.push()
	return err
}

// send suspends the task until all of pending is sent.
func (w *wire) send(caller engine.Caller) error {
	d := &w.conn.w
	for {
		if err := w.sendNow(); err != netport.ErrAgain {
			caller.Spend()
			return err
		}
		if err := w.conn.usable(caller, d); err != nil {
			return w.conn.opError("write", err)
		}
		if err := d.wait(caller, engine.ForWrite); err != nil {
			return err
		}
	}
}

// The other methods of net.Conn. crypto/tls calls Close if the ctx of a handshake ends, and sets
// a deadline to send close_notify. Both do nothing, because TLSConn does the same itself.

func (w *wire) Close() error                     { return nil }
func (w *wire) LocalAddr() net.Addr              { return w.conn.LocalAddr() }
func (w *wire) RemoteAddr() net.Addr             { return w.conn.RemoteAddr() }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
