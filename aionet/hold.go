package aionet

import (
	"context"
	"io"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// A hold reserves one direction of an endpoint for a call of many parts. Other tasks get
// ErrConnBusy until it ends, also between the parts.
type hold struct {
	e     *endpoint
	h     *half
	outer *engine.Task // the holder before: the same task, or none
	off   *engine.Task // the holder between the parts of a call off the loop; each part is a task; nil: on the loop
}

// hold begins a call of many parts. The caller is a task of the loop or any other goroutine.
func (e *endpoint) hold(op string, h *half) (hold, error) {
	caller, ok, err := e.loop.Suspending()
	switch {
	case err != nil:
		return hold{}, e.opError(op, err)
	case ok:
		return e.holdBy(caller, op, h)
	}
	k := hold{e: e, h: h, off: new(engine.Task)}
	_, err = e.elsewhere(op, func(ctx context.Context) (int, error) {
		caller, err := e.enter(ctx)
		if err == nil {
			err = h.admit(caller)
		}
		if err == nil {
			h.holder = k.off
		}
		return 0, e.opError(op, err)
	})
	if err != nil { // the caller may be cancelled after the task has taken the direction
		k.end()
		return hold{}, err
	}
	return k, nil
}

// holdBy is hold for a task of the loop.
func (e *endpoint) holdBy(caller engine.Caller, op string, h *half) (hold, error) {
	if err := h.admit(caller); err != nil {
		return hold{}, e.opError(op, err)
	}
	k := hold{e: e, h: h, outer: h.holder}
	h.holder = caller.Task()
	return k, nil
}

// end frees the direction.
func (k hold) end() {
	if k.e == nil {
		return
	}
	k.e.loop.Do(func() {
		if k.off == nil || k.h.holder == k.off {
			k.h.holder = k.outer
		}
	})
}

// part runs do, one part of the call, in a task of the loop.
func (k hold) part(op string, do func(caller engine.Caller) (int, error)) (int, error) {
	if k.off == nil {
		caller, _, err := k.e.loop.Suspending()
		if err != nil {
			return 0, k.e.opError(op, err)
		}
		return do(caller)
	}
	return k.e.elsewhere(op, func(ctx context.Context) (int, error) {
		caller, err := k.e.enter(ctx)
		if err != nil {
			return 0, k.e.opError(op, err)
		}
		k.h.holder = caller.Task()
		defer func() { k.h.holder = k.off }()
		return do(caller)
	})
}

// heldForWriting returns a writer of the connection for a call of many parts.
// On a connection of messages other writers may write in between: each message is whole.
func (c *Conn) heldForWriting() (io.Writer, hold, error) {
	if c.whole {
		return struct{ io.Writer }{c}, hold{}, nil
	}
	h, err := c.hold("write", &c.w)
	return partWriter{h, c}, h, err
}

func (v view) heldForWriting() (io.Writer, hold, error) {
	if v.whole {
		return v, hold{}, nil
	}
	h, err := v.hold("write", &v.w)
	return v, h, err
}

// partWriter writes the parts of a ReadFrom.
type partWriter struct {
	hold
	c *Conn
}

func (w partWriter) Write(p []byte) (int, error) {
	if w.off == nil {
		return w.c.Write(p) // does not allocate
	}
	return w.part("write", func(caller engine.Caller) (int, error) { return w.c.writeBy(caller, p) })
}

// writeToOff is WriteTo for a caller off the loop.
func (c *Conn) writeToOff(w io.Writer, h hold) (total int64, err error) {
	var buf []byte
	for {
		_, err := h.part("read", func(caller engine.Caller) (int, error) {
			b, err := c.next(caller)
			buf = append(buf[:0], b...)
			c.release()
			return len(b), err
		})
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		n, err := w.Write(buf)
		total += int64(n)
		if err == nil && n < len(buf) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return total, err
		}
	}
}
