package executortest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/asyncio-go/asyncio"
)

// A remote is an executor that encodes arguments and results, and runs functions in goroutines of
// this process. It accepts all calls at once, and queues them. It breaks the rule flaw.
type remote struct {
	flaw  flaw
	slots chan struct{}
	all   sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	idle    chan struct{} // closed when the executor is and nothing runs
	stopped context.Context
	stop    context.CancelCauseFunc

	home atomic.Pointer[asyncio.Loop] // for oneLoopOnly
}

func newRemote(workers int, f flaw) *remote {
	r := &remote{flaw: f, slots: make(chan struct{}, workers), idle: make(chan struct{})}
	r.stopped, r.stop = context.WithCancelCause(context.Background())
	return r
}

func (r *remote) Local() bool { return false }

func (r *remote) Workers() int { return cap(r.slots) }

func (r *remote) Start(ctx context.Context, c *asyncio.Call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch r.flaw {
	case neverFinishes:
		return nil
	case oneLoopOnly:
		if !r.home.CompareAndSwap(nil, asyncio.LoopOf(ctx)) && r.home.Load() != asyncio.LoopOf(ctx) {
			return asyncio.ErrWrongLoop
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed && r.flaw != acceptsAfterClose {
		switch r.flaw {
		case finishesRefused:
			c.Finish(nil, nil)
		case refusesLate:
			c.Finish(nil, asyncio.ErrExecutorClosed)
			return nil
		}
		return asyncio.ErrExecutorClosed
	}
	r.all.Add(1)
	if r.flaw == blocksTheLoop {
		r.serve(c)
	} else {
		go r.serve(c)
	}
	return nil
}

func (r *remote) serve(c *asyncio.Call) {
	defer r.all.Done()
	ctx, cancel := context.WithCancelCause(r.contextOf(c))
	defer cancel(nil)
	defer context.AfterFunc(r.stopped, func() { cancel(context.Cause(r.stopped)) })()
	gone := ctx.Done()
	if r.flaw == keepsQueued {
		gone = nil
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
		if ctx.Err() != nil && gone != nil {
			break
		}
		c.Started("a goroutine")
		result, err := asyncio.Execute(asyncio.WithProgress(ctx, r.progressOf(c)), r.nameOf(c), r.argOf(c))
		r.finish(c, result, err)
		return
	case <-gone:
		if r.flaw == cancelsOthers { // before the check releases the other calls
			r.stop(errors.New("one was cancelled"))
			for range cap(r.slots) {
				r.slots <- struct{}{}
			}
			for range cap(r.slots) {
				<-r.slots
			}
		}
	}
	c.Finish(nil, ctx.Err())
}

func (r *remote) contextOf(c *asyncio.Call) context.Context {
	switch r.flaw {
	case dropsCancel:
		return context.WithoutCancel(c.Context())
	case dropsDeadline, dropsCause:
		ctx, cancel := context.WithCancelCause(context.Background())
		context.AfterFunc(c.Context(), func() {
			if r.flaw == dropsCause {
				cancel(nil)
			} else {
				cancel(context.Cause(c.Context()))
			}
		})
		return ctx
	case cancelsOthers:
		context.AfterFunc(c.Context(), func() { r.stop(errors.New("one was cancelled")) })
	}
	return c.Context()
}

func (r *remote) progressOf(c *asyncio.Call) func(done, total int64, note string) {
	var held func()
	return func(done, total int64, note string) {
		switch {
		case r.flaw == dropsProgress && done > 1:
		case r.flaw == swapsProgress && held == nil:
			held = func() { c.Progress(done, total, note) }
		default:
			c.Progress(done, total, note)
			if held != nil {
				held()
				held = nil
			}
		}
	}
}

func (r *remote) nameOf(c *asyncio.Call) string {
	if r.flaw == ignoresChunks {
		name := c.Func()
		return name[:len(name)-len("[]")]
	}
	return c.Func()
}

func (r *remote) argOf(c *asyncio.Call) []byte {
	if r.flaw == changesArg && len(c.Arg()) > 0 {
		arg := slices.Clone(c.Arg())
		clear(c.Arg())
		return arg
	}
	return c.Arg()
}

func (r *remote) finish(c *asyncio.Call, result []byte, err error) {
	var p *asyncio.PanicError
	switch {
	case r.flaw == dropsErrors && err != nil:
		result, err = encodedZero(), nil
	case r.flaw == errorsAsText && err != nil:
		err = errors.New(err.Error())
	case r.flaw == dropsIdentity && err != nil:
		err = &asyncio.RemoteError{Type: fmt.Sprintf("%T", err), Message: err.Error()}
	case r.flaw == dropsStacks && errors.As(err, &p):
		p.Stack = nil
	case r.flaw == truncates && len(result) > 1<<20:
		result = result[:1<<20]
	case r.flaw == forgetsResults:
		result = nil
	default:
		err = asyncio.DecodeError(asyncio.EncodeError(err))
	}
	c.Finish(result, err)
	if r.flaw == finishesTwice && c.Finish(nil, errors.New("a second time")) {
		panic("the second Finish won")
	}
}

var zero = asyncio.Register("executortest.zero", func(context.Context, string) (int, error) { return 0, nil })

// encodedZero is the encoding of the number 0.
func encodedZero() []byte {
	b, err := asyncio.Execute(context.Background(), zero.Name(), nil)
	if err != nil {
		panic(err)
	}
	return b
}

func (r *remote) Close(ctx context.Context) error {
	r.mu.Lock()
	first := !r.closed
	if first {
		r.closed = true
		go func() {
			r.all.Wait()
			close(r.idle)
		}()
	}
	r.mu.Unlock()
	switch {
	case r.flaw == closesAtOnce:
		return nil
	case r.flaw == closesOnce && !first:
		return errors.New("closed already")
	case r.flaw == leaksGoroutines && first:
		go func() { <-leaks }()
	case r.flaw == closeIgnoresCtx:
		ctx = context.WithoutCancel(ctx)
	}
	err := waitFor(ctx, r.idle)
	if err == nil || r.flaw == closeCancelsNothing {
		return err
	}
	r.stop(asyncio.ErrExecutorClosed)
	if r.flaw == closeHidesCalls {
		return nil
	}
	return fmt.Errorf("functions still run: %w", err)
}

// waitFor suspends a task, or blocks another goroutine.
func waitFor(ctx context.Context, ch <-chan struct{}) error {
	if asyncio.LoopOf(ctx) != nil {
		_, _, err := asyncio.Recv(ctx, ch)
		return err
	}
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
