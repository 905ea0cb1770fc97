package aionet

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
)

// makeError returns the error of a call that makes a socket. If ctx has ended, that is a
// *net.OpError with the error and the cause of ctx. Its address is that of err, or else the
// argument of the call.
func makeError(ctx context.Context, op, network, addr string, err error) error {
	settle(ctx, err)
	if ctx.Err() == nil {
		return err
	}
	described := &net.OpError{Op: op, Net: network, Addr: target{network, addr}}
	var o *net.OpError
	if errors.As(err, &o) {
		described.Source = o.Source
		if o.Addr != nil {
			described.Addr = o.Addr
		}
	}
	described.Err = ended{ctx.Err(), context.Cause(ctx)}
	return described
}

// lateTimer bounds the delay between the deadline of a ctx and its end.
const lateTimer = 50 * time.Millisecond

// settle suspends the task until ctx ends, if err is a time-out and the deadline of ctx has
// passed. Package net compares the deadline with the clock, and may return before ctx ends.
func settle(ctx context.Context, err error) {
	var timeout net.Error
	if d, ok := ctx.Deadline(); ok && ctx.Err() == nil && errors.As(err, &timeout) && timeout.Timeout() && !time.Now().Before(d) {
		asyncio.Sleep(ctx, lateTimer)
	}
}

// target is the address argument of a call, as a net.Addr.
type target struct{ network, addr string }

func (t target) Network() string { return t.network }
func (t target) String() string  { return t.addr }

// ended is the error of an ended ctx within a *net.OpError. As in package net, a passed
// deadline is a time-out.
type ended struct{ err, cause error }

func (e ended) Error() string {
	if e.cause == e.err {
		return e.err.Error()
	}
	return e.err.Error() + ": " + e.cause.Error()
}

func (e ended) Unwrap() []error { return []error{e.err, e.cause} }

// Timeout reports whether the deadline has passed.
func (e ended) Timeout() bool { return e.err == context.DeadlineExceeded }

// Temporary implements net.Error.
func (e ended) Temporary() bool { return e.Timeout() }

func (e ended) Is(target error) bool { return e.Timeout() && target == os.ErrDeadlineExceeded }
