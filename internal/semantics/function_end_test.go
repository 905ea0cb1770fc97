package semantics_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// deafness has the channels of test.deaf: it reports that it has begun, and waits.
var deafness = struct{ begun, end chan struct{} }{make(chan struct{}), make(chan struct{})}

var unhearing = asyncio.Register("test.deaf", func(_ context.Context, n int) (int, error) {
	deafness.begun <- struct{}{}
	<-deafness.end
	return n, nil
})

// endExecutors returns new executors, by name.
func endExecutors() map[string]asyncio.Executor {
	return map[string]asyncio.Executor{"local": asyncio.NewThreadPool(4), "remote": &remote{}}
}

// TestFunc_RunIsCancelled: a cancellation of Run's ctx cancels the functions. Call, Submit and Map
// return their results.
func TestFunc_RunIsCancelled(t *testing.T) {
	for name, exec := range endExecutors() {
		t.Run(name, func(t *testing.T) {
			noGoroutinesLeft(t)
			outer, cancel := context.WithCancelCause(t.Context())
			err := asyncio.Run(outer, func(ctx context.Context) error {
				task := behave.Submit(ctx, exec, "wait and return")
				var last error
				mapping := asyncio.Go(ctx, func(ctx context.Context) error {
					for _, err := range behave.Map(ctx, exec, slices.Values([]string{"x", "wait", "wait"}), asyncio.ChunkSize(1)) {
						last = err
					}
					return nil
				})
				asyncio.LoopOf(ctx).CallSoon(func() { cancel(errTooDark) })
				_, err := behave.Call(ctx, exec, "wait")
				wantErr(t, "Call, as the function saw it", err, errTooDark)
				rest := context.WithoutCancel(ctx)
				if v := await(rest, t, task); v != "in time" {
					t.Errorf("Submit gave %q, want what the function returned", v)
				}
				await(rest, t, mapping)
				wantErr(t, "Map's last element", last, context.Canceled)
				return nil
			})
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

// TestFunc_RunWaits: when main returns, Run cancels submitted calls and waits for them.
func TestFunc_RunWaits(t *testing.T) {
	for name, exec := range endExecutors() {
		t.Run(name, func(t *testing.T) {
			noGoroutinesLeft(t)
			var task *asyncio.Task[string]
			err := asyncio.Run(t.Context(), func(ctx context.Context) error {
				task = behave.Submit(ctx, exec, "wait and return")
				return asyncio.Sleep(ctx, 0)
			})
			if v, e := task.Result(); v != "in time" || e != nil || err != nil {
				t.Errorf("the task gave %q, %v, and Run %v", v, e, err)
			}
		})
	}
}

// TestFunc_RunAbandonsAFunction: Run waits for a function in a goroutine until the shutdown
// timeout. The pool waits until it returns. The abandoned coroutine stays parked.
func TestFunc_RunAbandonsAFunction(t *testing.T) {
	pool := asyncio.NewThreadPool(1)
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		unhearing.Submit(ctx, pool, 1)
		_, _, err := asyncio.Recv(ctx, deafness.begun)
		return err
	}, asyncio.WithShutdownTimeout(time.Millisecond))
	if err == nil || !strings.Contains(err.Error(), "test.deaf") {
		t.Errorf("Run: %v, want an error that names the task", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := pool.Close(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Close of a pool where a function runs: %v", err)
	}
	deafness.end <- struct{}{}
	if err := pool.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
}
