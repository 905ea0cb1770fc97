package asyncio

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// Recv awaits a value of a Go channel, as v, ok := <-ch does: ok is false when ch
// is closed. What is there already costs no turn; otherwise a goroutine waits in
// place of the task.
//
// If ctx is cancelled it returns ctx.Err(), and no value is lost: one that was
// received all the same is returned instead. Receiving from a nil channel waits
// for the cancellation.
//
// To wait for several channels at once, run the select in ToThread, with
// ctx.Done() as one of its cases.
func Recv[T any](ctx context.Context, ch <-chan T) (v T, ok bool, err error) {
	caller, err := engine.Enter(ctx)
	if err != nil {
		return v, false, err
	}
	select {
	case v, ok = <-ch:
		return v, ok, nil
	default:
	}
	took := engine.Transfer(caller, func(stop <-chan struct{}) bool {
		select {
		case v, ok = <-ch:
			return true
		case <-stop:
			return false
		}
	})
	if !took {
		return v, false, caller.Err()
	}
	return v, ok, nil
}

// Send awaits that a Go channel takes v. If ctx is cancelled before that it
// returns ctx.Err(), and v was not sent. Sending on a closed channel panics, as
// ch <- v does.
func Send[T any](ctx context.Context, ch chan<- T, v T) error {
	caller, err := engine.Enter(ctx)
	if err != nil {
		return err
	}
	select {
	case ch <- v:
		return nil
	default:
	}
	var failed any
	took := engine.Transfer(caller, func(stop <-chan struct{}) bool {
		defer func() { failed = recover() }() // ch was closed meanwhile
		select {
		case ch <- v:
			return true
		case <-stop:
			return false
		}
	})
	if failed != nil {
		panic(failed)
	}
	if !took {
		return caller.Err()
	}
	return nil
}
