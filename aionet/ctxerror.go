package aionet

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
)

// makeError describes an error of a call that makes a socket, with the address that it
// was given where nothing else is known. If ctx has ended, that is why.
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

// lateTimer is how long a ctx may take to notice its deadline.
const lateTimer = 50 * time.Millisecond

// settle suspends the task until ctx has noticed its deadline, if err says that it has
// come: package net looks at the clock itself.
func settle(ctx context.Context, err error) {
	var timeout net.Error
	if d, ok := ctx.Deadline(); ok && ctx.Err() == nil && errors.As(err, &timeout) && timeout.Timeout() && !time.Now().Before(d) {
		asyncio.Sleep(ctx, lateTimer)
	}
}

// target is the address that a call was given.
type target struct{ network, addr string }

func (t target) Network() string { return t.network }
func (t target) String() string  { return t.addr }

// ended is the end of a ctx in a *net.OpError, as package net has it: a deadline is a
// time-out.
type ended struct{ err, cause error }

func (e ended) Error() string {
	if e.cause == e.err {
		return e.err.Error()
	}
	return e.err.Error() + ": " + e.cause.Error()
}

func (e ended) Unwrap() []error { return []error{e.err, e.cause} }

// Timeout reports whether the deadline has come.
func (e ended) Timeout() bool { return e.err == context.DeadlineExceeded }

// Temporary is a method of net.Error.
func (e ended) Temporary() bool { return e.Timeout() }

func (e ended) Is(target error) bool { return e.Timeout() && target == os.ErrDeadlineExceeded }
