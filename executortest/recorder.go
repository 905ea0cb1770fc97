package executortest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/asyncio-go/asyncio"
)

// A recorder is the executor under test. It records the calls and the results of Start.
type recorder struct {
	inner       asyncio.Executor
	closeCalled atomic.Bool // Close was called
	onStart     func()      // called in Start, on the loop

	mu    sync.Mutex
	calls []*record
}

type record struct {
	call     *asyncio.Call
	returned bool  // Start has
	err      error // what Start returned
}

func (r *recorder) Local() bool { return r.inner.Local() }

func (r *recorder) Start(ctx context.Context, c *asyncio.Call) error {
	rec := &record{call: c}
	r.mu.Lock()
	r.calls = append(r.calls, rec)
	r.mu.Unlock()
	if r.onStart != nil {
		r.onStart()
	}
	err := r.inner.Start(ctx, c)
	r.mu.Lock()
	rec.returned, rec.err = true, err
	r.mu.Unlock()
	return err
}

// progress returns the number of calls to Start plus the number of returns.
func (r *recorder) progress() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.calls {
		n++
		if rec.returned {
			n++
		}
	}
	return n
}

func (r *recorder) Close(ctx context.Context) error {
	r.closeCalled.Store(true)
	return r.inner.Close(ctx)
}

// Workers returns a number for Map.
func (r *recorder) Workers() int {
	if n, ok := r.workers(); ok {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

// workers returns the number of calls that the executor runs at once. Without a method Workers
// it returns 1 and false.
func (r *recorder) workers() (int, bool) {
	e, ok := r.inner.(interface{ Workers() int })
	if !ok {
		return 1, false
	}
	return e.Workers(), true
}

// startResult returns the result of Start for the call with that index.
func (r *recorder) startResult(i int) (accepted bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls[i].returned && r.calls[i].err == nil, r.calls[i].err
}

var errAborted = errors.New("executortest: the check has failed")

// checkFinished checks, after Close, that each accepted call is finished and no other one is.
// Call.Finish returns false if a call is already finished.
func (r *recorder) checkFinished() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.calls {
		id := fmt.Sprintf("call %s of %s", rec.call.ID(), rec.call.Func())
		unfinished := rec.call.Finish(nil, errAborted)
		switch {
		case !rec.returned:
			return fmt.Errorf("%s: Start has not returned, but Close has", id)
		case rec.err == nil && unfinished:
			return fmt.Errorf("%s: Start accepted the call, but Finish was not called before Close returned", id)
		case rec.err != nil && !unfinished:
			return fmt.Errorf("%s: Start returned an error, %v, but Finish was called", id, rec.err)
		}
	}
	return nil
}

// abort finishes all calls, so that no task waits for them.
func (r *recorder) abort() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.calls {
		rec.call.Finish(nil, errAborted)
	}
}
