package coro

import (
	"iter"
	"reflect"
)

// A Coro is one coroutine. Start must be called before anything else.
type Coro struct {
	next  func() (struct{}, bool)
	yield func(struct{}) bool
}

// Start gives the coroutine its body, which must first hand its argument to
// Begin. The body runs at the first Resume.
func (c *Coro) Start(body func(yield func(struct{}) bool)) { c.next, _ = iter.Pull(body) }

// Begin is the first call of the body. (That Start does not do it by itself
// saves a closure for each coroutine.)
func (c *Coro) Begin(yield func(struct{}) bool) { c.yield = yield }

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

// Suspended returns the address of a function that is on the stack of a coroutine which
// stays suspended until stop is called: in a profile of all goroutines it shows what a
// suspended one looks like.
func Suspended() (entry uintptr, stop func()) {
	next, stop := iter.Pull(suspend)
	next()
	return reflect.ValueOf(suspend).Pointer(), stop
}

//go:noinline
func suspend(yield func(struct{}) bool) { yield(struct{}{}) }
