package coro

import (
	"iter"
	"reflect"
)

// A Coro is a coroutine. Start must be called first.
type Coro struct {
	next  func() (struct{}, bool)
	yield func(struct{}) bool
}

// Start sets the body of the coroutine. The body must call Begin with its argument first. It runs
// at the first Resume.
func (c *Coro) Start(body func(yield func(struct{}) bool)) { c.next, _ = iter.Pull(body) }

// Begin must be the first call of the body. If Start called it, each coroutine would need another
// closure.
func (c *Coro) Begin(yield func(struct{}) bool) { c.yield = yield }

// Resume switches to the coroutine, and returns when the coroutine suspends or ends. It reports
// whether the coroutine can be resumed again. A panic or a runtime.Goexit of the body continues in
// Resume.
func (c *Coro) Resume() bool {
	_, ok := c.next()
	return ok
}

// Suspend switches back to the goroutine that called Resume. It must be called in the coroutine. It
// returns at the next Resume.
func (c *Coro) Suspend() { c.yield(struct{}{}) }

// Suspended returns the address of a function on the stack of a coroutine that stays suspended
// until stop is called. A profile of all goroutines with that function shows the stack of a
// suspended coroutine.
func Suspended() (entry uintptr, stop func()) {
	next, stop := iter.Pull(suspend)
	next()
	return reflect.ValueOf(suspend).Pointer(), stop
}

//go:noinline
func suspend(yield func(struct{}) bool) { yield(struct{}{}) }
