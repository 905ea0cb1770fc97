// Package coro is the only package that uses iter.Pull. It turns a function into a coroutine, which
// runs when it is resumed and stops when it suspends. It also identifies goroutines.
//
// # Control transfer
//
// A [Coro] is a goroutine that the runtime's coroutine switch has parked. Resume switches to it
// directly, without the scheduler. Resume returns when the coroutine calls Suspend or ends. The
// goroutine that calls Resume is blocked until then, so exactly one goroutine of the group runs at
// any time. Any goroutine may resume a suspended coroutine, one at a time. Suspend switches back to
// the goroutine that called Resume last.
//
// The runtime has two rules. A coroutine must not change the state of runtime.LockOSThread between
// two switches, which is a fatal error of the process. A panic or a runtime.Goexit that leaves the
// body continues in the goroutine that called Resume, without the stack of the coroutine. So the
// body must recover.
//
// # Identity
//
// [G] returns a number that no other live goroutine has. On amd64 and arm64 it is the address of
// the runtime's g, which takes two instructions. On other processors it is the number in the
// goroutine's stack trace, which takes about a microsecond.
package coro
