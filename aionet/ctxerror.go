package aionet

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
)

// openError returns the error of a call that opens a socket. If ctx has ended, that is a
// *net.OpError with the error and the cause of ctx. Its address is that of err, or else the
// argument of the call.
func openError(ctx context.Context, op, network, addr string, err error) error {
	awaitDeadline(ctx, err)
	if ctx.Err() == nil {
		return err
	}
	wrapped := &net.OpError{Op: op, Net: network, Addr: targetAddr{network, addr}}
	var o *net.OpError
	if errors.As(err, &o) {
		wrapped.Source = o.Source
		if o.Addr != nil {
			wrapped.Addr = o.Addr
		}
	}
	wrapped.Err = ctxError{ctx.Err(), context.Cause(ctx)}
	return wrapped
}

// lateTimer bounds the delay between the deadline of a ctx and its end.
const lateTimer = 50 * time.Millisecond

// awaitDeadline suspends the task until ctx ends, if err is a time-out and the deadline of ctx
// has passed. Package net compares the deadline with the clock, and may return before ctx ends.
func awaitDeadline(ctx context.Context, err error) {
	var timeout net.Error
	if d, ok := ctx.Deadline(); ok && ctx.Err() == nil && errors.As(err, &timeout) && timeout.Timeout() && !time.Now().Before(d) {
		asyncio.Sleep(ctx, lateTimer)
	}
}

// targetAddr is the address argument of a call, as a net.Addr.
type targetAddr struct{ network, addr string }

func (t targetAddr) Network() string { return t.network }
func (t targetAddr) String() string  { return t.addr }

// ctxError is the error of an ended ctx within a *net.OpError. As in package net, a passed
// deadline is a time-out.
type ctxError struct{ err, cause error }

func (e ctxError) Error() string {
	if e.cause == e.err {
		return e.err.Error()
	}
	return e.err.Error() + ": " + e.cause.Error()
}

func (e ctxError) Unwrap() []error { return []error{e.err, e.cause} }

// Timeout reports whether the deadline has passed.
func (e ctxError) Timeout() bool { return e.err == context.DeadlineExceeded }

// Temporary implements net.Error.
func (e ctxError) Temporary() bool { return e.Timeout() }

func (e ctxError) Is(target error) bool { return e.Timeout() && target == os.ErrDeadlineExceeded }
