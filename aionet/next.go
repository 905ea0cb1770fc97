package aionet

import (
	"errors"
	"fmt"
	"io"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

var errNextOffLoop = fmt.Errorf("%w: Next is for tasks of the connection's loop; use Read", asyncio.ErrWrongTask)

// Next reads into a buffer of the loop's pool and returns the data. It suspends the task while
// the receive buffer is empty. The data is valid until the next call of Next or Release.
//
// A connection that waits in Next has no buffer, so many connections need far less memory than
// with a buffer each. On a connection of messages Next returns one whole message. At the end it
// returns io.EOF. It must be called in a task of the connection's loop; elsewhere the error
// matches asyncio.ErrWrongTask.
func (c *Conn) Next() ([]byte, error) {
	for {
		b, err := c.nextNow()
		if err != netport.ErrAgain {
			return b, err
		}
		c.r.park(c.loop)
	}
}

// nextNow is one attempt of Next: see readNow.
func (c *Conn) nextNow() ([]byte, error) {
	caller, ok, err := c.loop.Suspending()
	switch {
	case err != nil:
		return nil, c.opError("read", err)
	case !ok:
		return nil, c.opError("read", errNextOffLoop)
	}
	if err := c.r.admit(caller); err != nil {
		return nil, c.opError("read", err)
	}
	c.release()
	if err := c.usable(caller, &c.r); err != nil {
		return nil, c.opError("read", err)
	}
	b, err := c.borrow()
	if err == netport.ErrAgain {
		return nil, err
	}
	c.r.spend(caller) // holds the direction: another reader would release the buffer
	return b, c.opError("read", err)
}

// nextBy is Next for a caller whose ctx may differ from that of the running body.
func (c *Conn) nextBy(caller engine.Caller) (b []byte, err error) {
	if err := c.r.admit(caller); err != nil {
		return nil, c.opError("read", err)
	}
	c.release()
	_, err = c.retry(caller, "read", &c.r, engine.ForRead, func() (n int, err error) {
		b, err = c.borrow()
		return len(b), err
	})
	if err == nil {
		c.r.spend(caller)
	}
	return b, err
}

// borrow reads into a buffer of the pool without blocking. If the data is in the buffer, the
// connection keeps the buffer until release.
func (c *Conn) borrow() ([]byte, error) {
	pool := bufferPoolOf(c.loop)
	buf := pool.get()
	b, err := readInto(c.stream, c.messages, buf[:])
	switch {
	case len(b) == 0:
		pool.put(buf)
		return nil, err
	case len(b) > len(buf):
		pool.put(buf)
	default:
		c.borrowed = buf
	}
	return b, err
}

// readInto reads into buf without blocking. A message that does not fit gets a new buffer.
func readInto(s netport.Stream, messages bool, buf []byte) ([]byte, error) {
	if m, ok := s.(netport.MessageReader); messages && ok {
		return m.ReadMessage(buf)
	}
	n, err := s.Read(buf)
	return buf[:n], err
}

// Release returns the buffer of the last Next to the loop's pool. Without one it does nothing.
// It must be called on the loop: elsewhere it panics, unless the loop has ended.
func (c *Conn) Release() {
	if !c.loop.Here() {
		if err := c.loop.Refusal(); err != nil {
			if errors.Is(err, asyncio.ErrLoopClosed) {
				return
			}
			panic(fmt.Errorf("aionet: Release: %w", err))
		}
	}
	c.release()
}

func (c *Conn) release() {
	if c.borrowed != nil {
		bufferPoolOf(c.loop).put(c.borrowed)
		c.borrowed = nil
	}
}

// WriteTo reads until the end of the stream and writes the data to w, in buffers of the loop's
// pool. io.Copy calls it. Until it returns, another task that reads gets ErrConnBusy.
func (c *Conn) WriteTo(w io.Writer) (total int64, err error) {
	h, err := c.hold("read", &c.r)
	if err != nil {
		return 0, err
	}
	defer h.end()
	if h.offLoop != nil {
		return c.writeToOffLoop(w, h)
	}
	return c.writeTo(w, c.Next)
}

// writeTo is WriteTo for a task that holds the reading direction. If w is a connection, it
// also holds the writing direction of w.
func (c *Conn) writeTo(w io.Writer, next func() ([]byte, error)) (total int64, err error) {
	if to, ok := w.(interface {
		holdForWriting() (io.Writer, hold, error)
	}); ok {
		held, h, err := to.holdForWriting()
		if err != nil {
			return 0, err
		}
		defer h.end()
		w = held
	}
	for {
		b, err := next()
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		buf := c.borrowed // w has the data: a Next called in Write must not release the buffer
		c.borrowed = nil
		n, err := w.Write(b)
		bufferPoolOf(c.loop).put(buf)
		total += int64(n)
		if err != nil {
			return total, err
		}
		if n < len(b) {
			return total, io.ErrShortWrite
		}
	}
}
