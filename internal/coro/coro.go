package coro

import "iter"

// A Coro is one coroutine. Start must be called before anything else.
type Coro struct {
	next  func() (struct{}, bool)
	yield func(struct{}) bool
}

// Start gives the coroutine its body. The body runs at the first Resume.
func (c *Coro) Start(body func()) {
	c.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		c.yield = yield
		body()
	})
}

// Resume switches to the coroutine and returns when it suspends or ends. It
// reports whether the coroutine can be resumed again. If the body leaves by
// panic or Goexit, so does Resume.
func (c *Coro) Resume() bool {
	_, ok := c.next()
	return ok
}

// Suspend switches back to whoever resumed the coroutine. It is called from
// within the coroutine and returns at the next Resume.
func (c *Coro) Suspend() { c.yield(struct{}{}) }
