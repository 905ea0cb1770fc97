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

// recorder is the executor under test, with a record of what Start said.
type recorder struct {
	inner   asyncio.Executor
	closing atomic.Bool // Close was called
	onStart func()      // called in Start; of the loop

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

// progress grows with each call to Start and with each return from it.
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
	r.closing.Store(true)
	return r.inner.Close(ctx)
}

// Workers is for Map.
func (r *recorder) Workers() int {
	if n, ok := r.workers(); ok {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

// workers returns how many calls the executor runs at once, if it tells.
func (r *recorder) workers() (int, bool) {
	e, ok := r.inner.(interface{ Workers() int })
	if !ok {
		return 1, false
	}
	return e.Workers(), true
}

// answer returns what Start said to the call of that number.
func (r *recorder) answer(i int) (accepted bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls[i].returned && r.calls[i].err == nil, r.calls[i].err
}

var errAborted = errors.New("executortest: the check has failed")

// verdict holds each call, after the end of Close, against what Start said of it.
// Whether a call is finished shows when one tries to finish it.
func (r *recorder) verdict() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.calls {
		id := fmt.Sprintf("call %s of %s", rec.call.ID(), rec.call.Func())
		unfinished := rec.call.Finish(nil, errAborted)
		switch {
		case !rec.returned:
			return fmt.Errorf("%s: Start has not returned, though Close has", id)
		case rec.err == nil && unfinished:
			return fmt.Errorf("%s: Start accepted it, but Finish was not called before Close returned", id)
		case rec.err != nil && !unfinished:
			return fmt.Errorf("%s: Start returned an error, %v, but Finish was called", id, rec.err)
		}
	}
	return nil
}

// abort finishes all calls, so that nobody waits for them.
func (r *recorder) abort() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.calls {
		rec.call.Finish(nil, errAborted)
	}
}
