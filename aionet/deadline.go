package aionet

import (
	"net"
	"time"
)

// SetDeadline sets the deadlines of reading and writing, by the loop's clock. They apply to
// calls that wait and to later calls. After the deadline a call fails with an error that
// matches os.ErrDeadlineExceeded. The zero time removes the deadlines. SetDeadline may be called
// from any goroutine and does not wait.
func (e *endpoint) SetDeadline(t time.Time) error {
	if err := e.setDeadline(&e.r, t); err != nil {
		return err
	}
	return e.setDeadline(&e.w, t)
}

// SetReadDeadline sets the deadline of reading, like SetDeadline.
func (e *endpoint) SetReadDeadline(t time.Time) error { return e.setDeadline(&e.r, t) }

// SetWriteDeadline sets the deadline of writing, like SetDeadline.
func (e *endpoint) SetWriteDeadline(t time.Time) error { return e.setDeadline(&e.w, t) }

func (e *endpoint) setDeadline(d *direction, t time.Time) error {
	if e.closed.Load() {
		return e.opError("set", net.ErrClosed)
	}
	var stamp int64
	if !t.IsZero() {
		if stamp = e.loop.Stamp(t); stamp == 0 {
			stamp = -1 // 0 stands for no deadline; the loop's first instant has passed
		}
	}
	d.deadline.Store(stamp)
	if e.loop.Here() { // without a closure: this path does not allocate
		e.recheck(d)
		return nil
	}
	return onLoop(e.loop, func() error { e.recheck(d); return nil })
}

// recheck wakes the waiting tasks, which check the deadline again.
func (e *endpoint) recheck(d *direction) {
	d.waiters.WakeAll()
	if d == &e.w {
		e.wakeQueue()
	}
}
