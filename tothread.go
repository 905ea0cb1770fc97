package asyncio

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A ThreadOption is an option of one ToThread call: Via or Abandon.
type ThreadOption interface{ applyThread(*threadOptions) }

type threadOptions struct {
	limiter *Limiter
	abandon bool
}

// with applies the options. It is a separate function so that a call without options does not
// allocate.
func (o threadOptions) with(opts []ThreadOption) threadOptions {
	for _, opt := range opts {
		if opt != nil {
			opt.applyThread(&o)
		}
	}
	return o
}

type limiterOption struct{ l *Limiter }

func (o limiterOption) applyThread(t *threadOptions) { t.limiter = o.l }

// Via makes the call use the limiter l instead of the loop's own, which has 512 places. It panics if
// l is nil or was not created by NewLimiter.
func Via(l *Limiter) ThreadOption {
	switch {
	case l == nil:
		panic("asyncio: Via(nil): l must not be nil; omit the option to use the loop's own limiter")
	case l.places == 0:
		panic("asyncio: Via: the limiter has no places; create it with NewLimiter")
	}
	return limiterOption{l}
}

type abandonOption struct{}

func (abandonOption) applyThread(t *threadOptions) { t.abandon = true }

// Abandon makes ToThread return at once when ctx is cancelled, while fn still runs in its goroutine.
// An error or a panic of fn is then reported as unhandled.
func Abandon() ThreadOption { return abandonOption{} }

// ToThread runs fn in another goroutine, and suspends the calling task until fn has returned. fn may
// block or compute for a long time: it does not block the loop.
//
// The ctx of fn has the values of ctx, and is cancelled with it. It has no loop: LoopOf returns nil.
// If ctx is cancelled, ToThread still waits for fn, and returns the result of fn. With Abandon it
// does not wait. A limiter bounds the number of calls that run at once: see Via. Other calls wait
// in a queue. If ctx is cancelled there, ToThread returns ctx.Err().
//
// A panic in fn continues in the calling task, as a *PanicError with the stack of fn. A
// runtime.Goexit in fn ends the calling task. Without a loop in ctx ToThread returns ErrNoLoop.
//
//go:noinline
func ToThread[T any](ctx context.Context, fn func(ctx context.Context) (T, error), opts ...ThreadOption) (T, error) {
	var zero T
	if fn == nil {
		return zero, errors.New("asyncio: ToThread: nil function")
	}
	caller, err := engine.Enter(ctx)
	if err != nil {
		return zero, err
	}
	l := caller.L
	o := threadOptions{limiter: l.Public.(*Loop).threads}
	if len(opts) > 0 {
		o = o.with(opts)
	}
	if err := o.limiter.acquire(caller); err != nil {
		return zero, err
	}
	bound, end := caller.Context(ctx)
	defer end()
	call := &threadCall[T]{fn: fn, ctx: engine.OffLoop{Context: bound}, limiter: o.limiter, site: coro.CallSite()}
	call.done.Init(l, 0)
	go call.run()
	l.YieldProcessor()

	if o.abandon {
		err := caller.Err() // ctx may have been cancelled while the call waited for a place
		if err == nil && !call.done.WaitFor(caller, engine.ForThread) {
			err = caller.Err()
		}
		if err != nil {
			call.left(l)
			return zero, err
		}
	} else {
		call.done.Join(caller)
	}
	switch {
	case call.exited:
		runtime.Goexit()
	case call.panic != nil:
		panic(call.panic)
	}
	return call.value, call.done.Receive()
}

// A threadCall is one call of ToThread. The completion orders the accesses to the other fields: the
// goroutine writes them before it settles done, and the task reads them after.
type threadCall[T any] struct {
	fn      func(ctx context.Context) (T, error)
	ctx     engine.OffLoop
	limiter *Limiter
	site    coro.Site
	done    engine.Completion
	value   T
	panic   *PanicError
	exited  bool
}

func (c *threadCall[T]) run() {
	var err error
	returned := false
	began := time.Now()
	defer func() {
		c.limiter.ran.Add(time.Since(began))
		if !returned {
			if v := recover(); v != nil {
				c.panic = newPanicError(v, debug.Stack()).(*PanicError)
				err = c.panic
			} else {
				c.exited = true
			}
		}
		c.limiter.release()
		c.done.Claim()
		if !c.done.SettleLater(err) && c.isFailure(err) {
			c.done.Loop().ReportLate(err, "ToThread", c.site)
		}
	}()
	c.value, err = c.fn(&c.ctx)
	returned = true
}

// left is called when the task no longer waits. It makes the loop report an error of fn, unless the
// error is the cancellation.
func (c *threadCall[T]) left(l *engine.Loop) {
	c.done.OnSettled(func(err error) {
		if c.isFailure(err) {
			l.ReportLost(err, "ToThread", c.site)
		}
	})
}

// isFailure reports whether err is an error other than the cancellation of fn.
func (c *threadCall[T]) isFailure(err error) bool {
	return err != nil && !engine.OnlyCancellation(&c.ctx, err)
}
