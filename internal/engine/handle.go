package engine

import (
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/timerheap"
)

// A Handle is one callback: queued by CallSoon, or waiting for its time.
type Handle struct {
	timerheap.Timer
	loop  *Loop
	fn    func()
	state handleState
	site  coro.Site // of the call that made it; 0: unknown
}

type handleState uint8

const (
	handlePending handleState = iota
	handleRun
	handleCancelled
)

// Clock implements timerheap.Item.
func (h *Handle) Clock() *timerheap.Timer { return &h.Timer }

// Expire implements timerheap.Item. It adds a callback whose time has come to the ready queue.
func (h *Handle) Expire() { h.loop.ready.pushCall(call{h: h}) }

// CallSoon queues fn for the next turn. On the loop only.
func (l *Loop) CallSoon(fn func()) *Handle {
	h := &Handle{loop: l, fn: fn}
	l.ready.pushCall(call{h: h})
	return h
}

// Soon is CallSoon without a handle. On the loop, its poller's callbacks included.
func (l *Loop) Soon(fn func()) { l.ready.pushCall(call{fn: fn}) }

// CallAt queues fn for the first turn that begins at or after when, in
// nanoseconds of the loop's clock. On the loop only.
func (l *Loop) CallAt(when int64, fn func()) *Handle {
	h := &Handle{loop: l, fn: fn}
	l.timers.Arm(when, h)
	return h
}

// From sets the call that made the callback, for reports.
func (h *Handle) From(site coro.Site) *Handle {
	h.site = site
	return h
}

// Cancel keeps the callback from running. It reports whether it was in time.
// On the loop only.
func (h *Handle) Cancel() bool {
	if h.state != handlePending {
		return false
	}
	h.state = handleCancelled
	h.fn = nil
	h.loop.timers.Disarm(h)
	return true
}

// Loop returns the loop that h belongs to.
func (h *Handle) Loop() *Loop { return h.loop }

// runCall runs the callback at the front of the ready queue, on the root.
func (l *Loop) runCall() {
	c := l.ready.nextCall()
	fn, site := c.fn, c.site
	if h := c.h; h != nil {
		if h.state != handlePending {
			return
		}
		h.state = handleRun
		fn, h.fn, site = h.fn, nil, h.site
	}
	l.calling = calling{entryPoint(fn), site}
	l.protect(fn)
}
