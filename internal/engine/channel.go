package engine

import (
	"context"
	"sync"
)

// Transfer runs one operation on a Go channel in a goroutine and waits for it. When
// the caller is cancelled the operation is stopped, and waited for still: only it
// knows whether it had happened by then.
func Transfer(caller Caller, op func(stop <-chan struct{}) bool) (happened bool) {
	var done Completion
	done.Init(caller.L, 0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	end := sync.OnceFunc(func() { close(stop) })
	go func() {
		defer close(stopped)
		happened = op(stop)
		done.Claim()
		done.SettleLater(nil)
	}()
	abandoned := caller.L.AtClose(func() { end(); <-stopped })
	if !done.WaitFor(caller, ForChannel) {
		end()
		done.Join(caller)
	}
	abandoned.Remove()
	return happened
}

// AwaitClosed waits until the channel is closed: a task by suspending, a goroutine of
// no loop by blocking. For a goroutine a channel that is closed already wins over a ctx
// that has ended; for a task S13 holds.
func AwaitClosed(ctx context.Context, ch <-chan struct{}) error {
	if ctx == nil {
		return NilContext()
	}
	isClosed := func() bool {
		select {
		case <-ch:
			return true
		default:
			return false
		}
	}
	closes := func(stop <-chan struct{}) bool {
		select {
		case <-ch:
			return true
		case <-stop:
			return isClosed()
		}
	}
	if NodeOf(ctx) == nil {
		if err := RefuseBlocking(PassOn); err != nil {
			return err
		}
		if !closes(ctx.Done()) {
			return ctx.Err()
		}
		return nil
	}
	caller, err := Enter(ctx)
	if err != nil {
		return err
	}
	if !isClosed() && !Transfer(caller, closes) {
		return caller.Err()
	}
	return nil
}
