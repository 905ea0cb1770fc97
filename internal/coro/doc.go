// Package coro is the only place that touches iter.Pull: it turns a function
// into a coroutine that runs when resumed and stops when it suspends, and it
// tells goroutines apart.
//
// # Control transfer
//
// A [Coro] is a goroutine parked by the runtime's coroutine switch. Resume
// switches to it directly, without the scheduler, and returns when it calls
// Suspend or ends. Whoever calls Resume is blocked meanwhile, so at any time
// exactly one goroutine of the group runs. Any goroutine may resume a
// suspended coroutine, one at a time; it is the last resumer that Suspend
// switches back to.
//
// Two rules come from the runtime. A coroutine must not change the state of
// runtime.LockOSThread between two switches: that is a fatal error of the
// process. And a panic or runtime.Goexit that leaves the body continues in the
// resumer, with the stack of the coroutine lost: the body must recover itself.
//
// # Identity
//
// [G] returns a number that no two live goroutines share. On amd64 and arm64
// it is the address of the runtime's g, two instructions; elsewhere it is the
// number in the goroutine's stack trace, about a microsecond.
package coro
