package engine

import (
	"context"
	"sync"
)

// Transfer runs an operation on a Go channel in a goroutine and waits for it. If the caller is cancelled,
// Transfer closes stop and waits for op, which reports whether the operation has happened.
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

// AwaitClosed waits until the channel is closed. It suspends a task, and blocks a goroutine if ctx has no
// loop. If the channel is closed and ctx has ended, it returns nil to a goroutine, and the error of ctx
// to a task (S13).
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
