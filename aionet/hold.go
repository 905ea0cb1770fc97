package aionet

import (
	"context"
	"io"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// A hold reserves one direction of an endpoint for a call of several parts, such as io.Copy.
// Other tasks get ErrConnBusy until it ends, also between the parts.
type hold struct {
	e     *endpoint
	d     *direction
	outer *engine.Task // the former holder: the same task, or nil

	// For a caller that is not on the loop: each part runs in its own task, and offLoop is
	// the holder between the parts. It is nil for a task of the loop.
	offLoop *engine.Task
}

// hold begins a call of several parts, for any caller.
func (e *endpoint) hold(op string, d *direction) (hold, error) {
	caller, ok, err := e.loop.Suspending()
	switch {
	case err != nil:
		return hold{}, e.opError(op, err)
	case ok:
		return e.holdBy(caller, op, d)
	}
	h := hold{e: e, d: d, offLoop: new(engine.Task)}
	_, err = e.doInTask(op, func(ctx context.Context) (int, error) {
		caller, err := e.enter(ctx)
		if err == nil {
			err = d.admit(caller)
		}
		if err == nil {
			d.holder = h.offLoop
		}
		return 0, e.opError(op, err)
	})
	if err != nil { // the caller may be cancelled after the task has taken the direction
		h.end()
		return hold{}, err
	}
	return h, nil
}

// holdBy is hold for a task of the loop.
func (e *endpoint) holdBy(caller engine.Caller, op string, d *direction) (hold, error) {
	if err := d.admit(caller); err != nil {
		return hold{}, e.opError(op, err)
	}
	h := hold{e: e, d: d, outer: d.holder}
	d.holder = caller.Task()
	return h, nil
}

// end frees the direction. The zero hold has none.
func (h hold) end() {
	if h.e == nil {
		return
	}
	h.e.loop.Do(func() {
		if h.offLoop == nil || h.d.holder == h.offLoop {
			h.d.holder = h.outer
		}
	})
}

// part calls do, one part of the call, in a task of the loop.
func (h hold) part(op string, do func(caller engine.Caller) (int, error)) (int, error) {
	if h.offLoop == nil {
		caller, _, err := h.e.loop.Suspending()
		if err != nil {
			return 0, h.e.opError(op, err)
		}
		return do(caller)
	}
	return h.e.doInTask(op, func(ctx context.Context) (int, error) {
		caller, err := h.e.enter(ctx)
		if err != nil {
			return 0, h.e.opError(op, err)
		}
		h.d.holder = caller.Task()
		defer func() { h.d.holder = h.offLoop }()
		return do(caller)
	})
}

// holdForWriting returns a writer of the connection for a call of several parts. On a
// connection of messages it holds nothing, because each message is whole.
func (c *Conn) holdForWriting() (io.Writer, hold, error) {
	if c.messages {
		return struct{ io.Writer }{c}, hold{}, nil
	}
	h, err := c.hold("write", &c.w)
	return partWriter{h, c}, h, err
}

func (v view) holdForWriting() (io.Writer, hold, error) {
	if v.messages {
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
	if w.offLoop == nil {
		return w.c.Write(p) // does not allocate
	}
	return w.part("write", func(caller engine.Caller) (int, error) { return w.c.writeBy(caller, p) })
}

// writeToOffLoop is WriteTo for a caller that is not on the loop.
func (c *Conn) writeToOffLoop(w io.Writer, h hold) (total int64, err error) {
	var buf []byte
	for {
		_, err := h.part("read", func(caller engine.Caller) (int, error) {
			b, err := c.nextBy(caller)
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
