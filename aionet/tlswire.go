package aionet

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A wire is what crypto/tls has for a connection. Write only keeps the bytes: crypto/tls
// calls it with its mutex of writing locked, and a second task that waited for that
// mutex would stop the loop. Read waits, with the mutex of reading locked; the TLSConn
// admits one reader, so that nobody waits for that one.
//
// While anything is pending some task is in flush, or Conn.onSpace is set.
//
// It is used on the loop only.
type wire struct {
	conn    *Conn
	closed  atomic.Bool   // TLSConn.Close was called
	reader  engine.Caller // the caller on whose behalf crypto/tls reads
	pending []byte        // bytes to send, in a buffer of the loop
	sent    int           // number of bytes of pending that were sent
	senders int           // number of tasks in flush
	failed  error         // of sending: final
}

// mostPending bounds what the answers of crypto/tls to the other side may add to a chunk
// that is being written: beyond it nothing more is read, until some of it is sent. (The
// other side may ask for a KeyUpdate again and again, and read none of the answers.)
const mostPending = lentLen

// Read waits for what comes. The answers to what was read before go out first.
func (w *wire) Read(p []byte) (int, error) {
	c := w.conn
	for {
		w.push()
		deadline, err := c.usable(w.reader, &c.r)
		if w.closed.Load() {
			err = net.ErrClosed
		}
		if err != nil {
			return 0, interrupted{c.opError("read", err)}
		}
		if w.unsent() <= mostPending {
			n, err := c.stream.Read(p)
			if err != netport.ErrAgain {
				w.reader.Spend()
				return n, c.opError("read", err)
			}
		}
		if err := c.r.watch(w.reader, deadline, engine.ForRead); err != nil {
			return 0, interrupted{err}
		}
	}
}

// interrupted is an error after which crypto/tls may be asked again, as nothing was
// lost: it wants a temporary net.Error for that.
type interrupted struct{ error }

func (interrupted) Timeout() bool   { return false }
func (interrupted) Temporary() bool { return true }

// Write keeps p for flush.
func (w *wire) Write(p []byte) (int, error) {
	if w.failed != nil {
		return 0, w.failed
	}
	if w.pending == nil {
		w.pending = buffersOf(w.conn.loop).take()[:0:lentLen]
	}
	if w.sent > 0 && len(w.pending)+len(p) > cap(w.pending) {
		w.pending = w.pending[:copy(w.pending, w.pending[w.sent:])]
		w.sent = 0
	}
	w.pending = append(w.pending, p...)
	return len(p), nil
}

func (w *wire) unsent() int { return len(w.pending) - w.sent }

// try sends what there is room for. netport.ErrAgain: not all of it; nil: nothing is
// pending any more.
func (w *wire) try() error {
	for w.pending != nil {
		if w.conn.closed.Load() {
			w.fail(net.ErrClosed)
			break
		}
		n, err := w.conn.stream.Write(w.pending[w.sent:])
		if err == netport.ErrAgain {
			return err
		}
		held := w.unsent() > mostPending
		w.sent += n
		if err != nil {
			w.fail(err)
			break
		}
		if w.unsent() == 0 {
			w.drop()
			w.conn.w.wait.WakeAll() // other senders
		}
		if held && w.unsent() <= mostPending {
			w.conn.r.wait.WakeAll() // the reader goes on
		}
	}
	return w.failed
}

// fail notes that nothing can be sent any more.
func (w *wire) fail(err error) {
	w.failed = w.conn.opError("write", err)
	w.drop()
	w.conn.w.wait.WakeAll()
	w.conn.r.wait.WakeAll()
}

// drop gives the buffer back to the loop.
func (w *wire) drop() {
	if cap(w.pending) == lentLen {
		buffersOf(w.conn.loop).give((*lentBuffer)(w.pending[:lentLen]))
	}
	w.pending, w.sent = nil, 0
}

// push sends as much as the socket takes. If no task is in flush, the loop sends the rest.
func (w *wire) push() {
	if w.try() == netport.ErrAgain && w.senders == 0 {
		w.conn.onSpace = w.push
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
	h := &w.conn.w
	for {
		if err := w.try(); err != netport.ErrAgain {
			caller.Spend()
			return err
		}
		deadline, err := w.conn.usable(caller, h)
		if err != nil {
			return w.conn.opError("write", err)
		}
		if err := h.watch(caller, deadline, engine.ForWrite); err != nil {
			return err
		}
	}
}

// The rest of a net.Conn. crypto/tls closes the connection if the ctx of a handshake
// ends, and sets deadlines to say good-bye: both are for the TLSConn to decide.

func (w *wire) Close() error                     { return nil }
func (w *wire) LocalAddr() net.Addr              { return w.conn.LocalAddr() }
func (w *wire) RemoteAddr() net.Addr             { return w.conn.RemoteAddr() }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
