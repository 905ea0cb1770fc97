package semantics_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A remote is an executor that encodes arguments, results and errors as for another process. It
// runs all calls at once.
type remote struct {
	workers int
	calls   atomic.Int64
	// nil: Execute
	execute func(ctx context.Context, name string, arg []byte) ([]byte, error)

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

func (r *remote) Local() bool  { return false }
func (r *remote) Workers() int { return max(1, r.workers) }

func (r *remote) Start(ctx context.Context, c *asyncio.Call) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return asyncio.ErrExecutorClosed
	}
	r.calls.Add(1)
	execute := asyncio.Execute
	if r.execute != nil {
		execute = r.execute
	}
	r.running.Go(func() {
		c.Started("another process")
		result, err := execute(asyncio.WithProgress(c.Context(), c.Progress), c.Func(), c.Arg())
		var lost *lostError
		if !errors.As(err, &lost) {
			err = asyncio.DecodeError(asyncio.EncodeError(err))
		}
		c.Finish(result, err)
	})
	return nil
}

func (r *remote) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	_, err := asyncio.ToThread(ctx, func(context.Context) (struct{}, error) {
		r.running.Wait()
		return struct{}{}, nil
	})
	return err
}

// A lostError is the error of a worker that died.
type lostError struct{}

func (*lostError) Error() string { return "the worker died" }
func (*lostError) Lost() bool    { return true }

// executors are the executors for tests of calls.
var executors = map[string]func() asyncio.Executor{
	"local":  func() asyncio.Executor { return asyncio.NewThreadPool(2) },
	"remote": func() asyncio.Executor { return &remote{workers: 2} },
}

// eachExecutor runs body with each executor, on a new loop.
func eachExecutor(t *testing.T, body func(ctx context.Context, t *testing.T, exec asyncio.Executor)) {
	for name, newExecutor := range executors {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				exec := newExecutor()
				body(ctx, t, exec)
				if err := exec.Close(context.WithoutCancel(ctx)); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		})
	}
}

// A keeper is an executor that keeps its calls. The test finishes them.
type keeper struct {
	local bool
	calls []*asyncio.Call
}

func (k *keeper) Local() bool                 { return k.local }
func (k *keeper) Close(context.Context) error { return nil }

func (k *keeper) Start(_ context.Context, c *asyncio.Call) error {
	k.calls = append(k.calls, c)
	return nil
}

func TestCall_FieldsForTheExecutor(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		k := &keeper{}
		first, other := echoInt.Submit(ctx, k, 7), echoInt.Submit(ctx, k, 8)
		turns(ctx, t, 1)
		c := k.calls[0]
		if c.ID() == "" || c.ID() == k.calls[1].ID() {
			t.Errorf("IDs %q and %q", c.ID(), k.calls[1].ID())
		}
		if c.Func() != "test.echo-int" || c.Where() != "" {
			t.Errorf("Func() = %q, Where() = %q", c.Func(), c.Where())
		}
		c.Started("worker 1")
		c.Started("worker 2")
		if c.Where() != "worker 2" {
			t.Errorf("Where() = %q after Started", c.Where())
		}
		if asyncio.LoopOf(c.Context()) != nil || c.Context().Err() != nil {
			t.Errorf("its context has loop %v, error %v", asyncio.LoopOf(c.Context()), c.Context().Err())
		}
		result, err := asyncio.Execute(c.Context(), c.Func(), c.Arg())
		if !c.Finish(result, err) || c.Finish(nil, errBroken) {
			t.Error("Finish: want true the first time, false the second")
		}
		if first.Err() != asyncio.ErrNotDone {
			t.Error("Finish ran its waiter inline")
		}
		if v := await(ctx, t, first); v != 7 {
			t.Errorf("result %d, want 7", v)
		}
		if c.Context().Err() == nil {
			t.Error("the waiter has left, and the call's context goes on")
		}
		k.calls[1].Finish(nil, errBroken)
		wantErr(t, "the other", second(other.Await(ctx)), errBroken)
	})
}

func TestCall_RunNeedsALocalExecutor(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		k := &keeper{}
		task := echoInt.Submit(ctx, k, 7)
		turns(ctx, t, 1)
		k.calls[0].Run(k.calls[0].Context())
		if _, err := task.Await(ctx); err == nil || !strings.Contains(err.Error(), "must be local") {
			t.Errorf("error %v, want one that names Local", err)
		}
	})
}

func TestCall_RunWithALocalExecutor(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		k := &keeper{local: true}
		task := echoInt.Submit(ctx, k, 7)
		turns(ctx, t, 1)
		if arg := k.calls[0].Arg(); arg != nil {
			t.Errorf("encoded argument %q for a local executor", arg)
		}
		k.calls[0].Run(k.calls[0].Context()) // on the loop, which is allowed
		if v := await(ctx, t, task); v != 7 {
			t.Errorf("result %d, want 7", v)
		}
	})
}

// A refusing is an executor whose Start returns an error.
type refusing struct{ keeper }

func (refusing) Start(context.Context, *asyncio.Call) error { return errWhy }

func TestExecutor_ErrorOfStart(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		_, err := echoInt.Call(ctx, &refusing{}, 1)
		wantErr(t, "Call", err, errWhy)
		n := 0
		for _, err := range echoInt.Map(ctx, &refusing{}, slices.Values([]int{1, 2, 3})) {
			wantErr(t, "Map", err, errWhy)
			n++
		}
		if n != 3 {
			t.Errorf("Map gave %d elements, want 3", n)
		}
	})
}
