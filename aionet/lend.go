package aionet

import (
	"errors"
	"fmt"
	"io"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// lentLen is the size of the buffers that a loop lends.
const lentLen = 64 << 10

// buffers are the loop's, lent to connections for as long as there is something in
// them. So a thousand idle connections have none.
type buffers struct{ free []*lentBuffer }

type lentBuffer [lentLen]byte

const mostFree = 16

func (b *buffers) take() *lentBuffer {
	if k := len(b.free); k > 0 {
		buf := b.free[k-1]
		b.free = b.free[:k-1]
		return buf
	}
	return new(lentBuffer)
}

func (b *buffers) give(buf *lentBuffer) {
	if buf != nil && len(b.free) < mostFree {
		b.free = append(b.free, buf)
	}
}

// buffersOf returns the buffers of a loop that has connections.
func buffersOf(l *engine.Loop) *buffers { return &l.Net.(*state).buffers }

// Next reads what is there into a buffer of the loop and returns it, suspending the
// task until something is. The bytes are valid until the next call of Next or
// Release, and must not be used after. While it waits the connection has no buffer:
// with many connections that is far less memory than a buffer each. On a connection of
// messages it returns one whole message. It is used in tasks of the connection's loop only.
// At the end it returns io.EOF.
func (c *Conn) Next() ([]byte, error) {
	for {
		b, err := c.nextNow()
		if err != netport.ErrAgain {
			return b, err
		}
		c.r.park(c.loop)
	}
}

// nextNow is Next, but where it would have to wait: see readNow.
func (c *Conn) nextNow() ([]byte, error) {
	caller, ok, err := c.loop.Suspending()
	switch {
	case err != nil:
		return nil, c.opError("read", err)
	case !ok:
		return nil, c.opError("read", errNextElsewhere)
	}
	return c.lendNow(caller)
}

// lendNow reads into a buffer of the loop.
func (c *Conn) lendNow(caller engine.Caller) ([]byte, error) {
	if err := c.r.admit(caller); err != nil {
		return nil, c.opError("read", err)
	}
	c.release()
	deadline, err := c.usable(caller, &c.r)
	if err != nil {
		return nil, c.opError("read", err)
	}
	pool := buffersOf(c.loop)
	buf := pool.take()
	b, err := readInto(c.stream, c.whole, buf[:])
	switch {
	case len(b) == 0:
		b = nil
		fallthrough
	case len(b) > len(buf):
		pool.give(buf)
	default:
		c.lent = buf
	}
	if err == netport.ErrAgain {
		c.r.until = deadline
		return nil, err
	}
	c.r.spend(caller) // it may yield; without the direction, another reader could release the buffer
	return b, c.opError("read", err)
}

// readInto reads into buf. A message that does not fit gets a new buffer.
func readInto(s netport.Stream, whole bool, buf []byte) ([]byte, error) {
	if m, ok := s.(netport.MessageReader); whole && ok {
		return m.ReadMessage(buf)
	}
	n, err := s.Read(buf)
	return buf[:n], err
}

// next is Next for a caller that was admitted.
func (c *Conn) next(caller engine.Caller) ([]byte, error) {
	for {
		b, err := c.lendNow(caller)
		if err != netport.ErrAgain {
			return b, err
		}
		if err := c.r.await(caller, c.r.until, engine.ForRead); err != nil {
			return nil, err
		}
	}
}

// Release gives back the buffer that Next lent, if it did. On the loop only: elsewhere
// it panics, unless the loop has ended.
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
	if c.lent != nil {
		buffersOf(c.loop).give(c.lent)
		c.lent = nil
	}
}

// WriteTo writes all that comes to w, in the loop's buffers, until the end: io.Copy
// uses it. Until it returns, another task that reads gets ErrConnBusy.
func (c *Conn) WriteTo(w io.Writer) (total int64, err error) {
	h, err := c.hold("read", &c.r)
	if err != nil {
		return 0, err
	}
	defer h.end()
	if h.off != nil {
		return c.writeToOff(w, h)
	}
	return c.writeTo(w, c.Next)
}

// writeTo is WriteTo for a task that holds the reading direction. If w is a connection, it
// also holds the writing direction of w.
func (c *Conn) writeTo(w io.Writer, next func() ([]byte, error)) (total int64, err error) {
	if to, ok := w.(interface {
		heldForWriting() (io.Writer, hold, error)
	}); ok {
		held, h, err := to.heldForWriting()
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
		lent := c.lent // no call of Next takes it back while w has it
		c.lent = nil
		n, err := w.Write(b)
		buffersOf(c.loop).give(lent)
		total += int64(n)
		if err != nil {
			return total, err
		}
		if n < len(b) {
			return total, io.ErrShortWrite
		}
	}
}
