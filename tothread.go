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

// with is apart from ToThread so that a call without options allocates none.
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

// Via makes the call take one of l's places instead of one of the loop's own
// limiter, which has 512. It panics if l is nil or was not made by NewLimiter.
func Via(l *Limiter) ThreadOption {
	switch {
	case l == nil:
		panic("asyncio: Via(nil): the limiter must not be nil; leave the option out for the loop's own")
	case l.places == 0:
		panic("asyncio: Via: the limiter has no places; make it with NewLimiter")
	}
	return limiterOption{l}
}

type abandonOption struct{}

func (abandonOption) applyThread(t *threadOptions) { t.abandon = true }

// Abandon makes ToThread return at once when ctx is cancelled, while fn goes on
// in its goroutine. An error or a panic of fn is then reported, not returned.
func Abandon() ThreadOption { return abandonOption{} }

// ToThread runs fn, which may block or compute for long, in another goroutine,
// and suspends the calling task until fn returns. Other tasks run meanwhile.
//
// The ctx of fn is cancelled when ctx is and has its values, but no loop:
// LoopOf is nil there. If ctx is cancelled, ToThread still waits for fn, which
// should watch its ctx, and returns what fn returns; see Abandon. At most so
// many calls run at once as the limiter allows; the others wait their turn, and
// a cancelled one leaves the queue with ctx.Err().
//
// A panic in fn continues in the calling task, with the stack of fn;
// runtime.Goexit does too. Without a loop in ctx it returns ErrNoLoop.
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
		err := caller.Err() // the place may have come before the cancellation
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

// threadCall is one call on its way through a goroutine. The completion orders the
// accesses: the goroutine writes before it settles, the task reads after.
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
		if !c.done.SettleLater(err) && c.isNews(err) {
			c.done.Loop().ReportLate(err, "ToThread", c.site)
		}
	}()
	c.value, err = c.fn(&c.ctx)
	returned = true
}

// left is called when the task no longer waits: then errors are reported, but
// for the cancellation that the function was told of.
func (c *threadCall[T]) left(l *engine.Loop) {
	c.done.OnSettled(func(err error) {
		if c.isNews(err) {
			l.ReportLost(err, "ToThread", c.site)
		}
	})
}

// isNews reports whether err says more than that the function was cancelled.
func (c *threadCall[T]) isNews(err error) bool {
	return err != nil && !engine.OnlyCancellation(&c.ctx, err)
}
