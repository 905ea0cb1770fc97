//go:build linux

package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

var causes = asyncio.Register("procpool.test.causes", func(ctx context.Context, _ []byte) (string, error) {
	<-ctx.Done()
	return context.Cause(ctx).Error(), nil
})

// TestCauseAfterALargeArgument: the cause of a cancellation arrives after an argument of any size,
// even if the call is cancelled directly after it was sent.
func TestCauseAfterALargeArgument(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		if _, err := square.Call(ctx, pool, 1); err != nil {
			t.Error(err)
		}
		for _, size := range []int{100, smallFrame, smallFrame + 1, 100 << 10, 8 << 20} {
			arg := make([]byte, size)
			for i := range 60 {
				cause := fmt.Errorf("cause %d", i)
				var got string
				var err error
				call := asyncio.Go(ctx, func(ctx context.Context) error { got, err = causes.Call(ctx, pool, arg); return nil })
				for pool.Metrics().Running == 0 { // the call is sent in the first step of the task
					if err := asyncio.Sleep(ctx, 0); err != nil {
						t.Error(err)
						return
					}
				}
				call.Cancel(cause)
				call.Await(ctx)
				if err != nil || got != cause.Error() {
					t.Errorf("%d bytes: cause %q, %v; want %v", size, got, err, cause)
				}
			}
		}
		if s := pool.Stats(); s.Started != 1 || s.Crashed != 0 || s.Killed != 0 {
			t.Errorf("Started %d, Crashed %d, Killed %d; want 1, 0, 0", s.Started, s.Crashed, s.Killed)
		}
	})
}

// smallFrame is the largest argument that the pool writes without a goroutine.
const smallFrame = 32 << 10

// callback is a cause whose Error method calls a function of the test.
type callback struct{ text func() string }

func (c callback) Error() string { return c.text() }

// TestCause_MethodsRunWithoutTheLock: methods of a cause run without the pool's lock.
func TestCause_MethodsRunWithoutTheLock(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		call := asyncio.NewFuture[string](ctx)
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			got, err := causes.Call(ctx, pool, nil)
			call.SetResult(got)
			return err
		})
		until(ctx, t, "the call is sent", func() bool { w := pool.Stats().Workers; return len(w) == 1 && w[0].State == "busy" })
		task.Cancel(callback{func() string { return fmt.Sprint(pool.Stats().Started, " started") }})
		if err := task.Join(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if got, err := call.Await(ctx); !strings.Contains(got, "1 started") || err != nil {
			t.Errorf("cause %q, %v", got, err)
		}
	})
}

// stopsReading calls readNothing in its worker, waits at the gate, and returns.
var stopsReading = asyncio.Register("procpool.test.stopsReading", func(ctx context.Context, path string) (int, error) {
	if err := readNothing(); err != nil {
		return 0, err
	}
	asyncio.Progress(ctx, 1, 1, "")
	return 1, passGate(context.WithoutCancel(ctx), path)
})

// TestFullPipe: a worker that does not read its full pipe does not block a loop. Two loops use the
// pool after a cause has filled the pipe and the function has returned.
func TestFullPipe(t *testing.T) {
	for _, size := range []int{10, smallFrame, 8 << 20} {
		g := newGate(t)
		onPool(t, procpool.Options{Workers: 1, GOMAXPROCS: 4}, func(ctx context.Context, pool *procpool.Pool) {
			stopped := asyncio.NewFuture[struct{}](ctx)
			first := asyncio.Go(ctx, func(ctx context.Context) error {
				_, err := stopsReading.Call(ctx, pool, g.path, asyncio.OnProgress(func(int64, int64, string) { stopped.SetResult(struct{}{}) }))
				return err
			})
			if _, err := stopped.Await(ctx); err != nil {
				t.Error(err)
			}
			first.Cancel(errors.New(huge(900 << 10)))
			other := make(chan error)
			go func() {
				other <- asyncio.Run(context.WithoutCancel(ctx), func(ctx context.Context) error { return callAndLeave(ctx, pool, size) }, asyncio.WithLogger(silent))
			}()
			until(ctx, t, "a call waits", func() bool { return pool.Stats().Queued == 1 })
			g.open(t, 1)
			first.Join(ctx)
			if err := callAndLeave(ctx, pool, size); err != nil {
				t.Error(err)
			}
			syscall.Kill(pool.Stats().Workers[0].Pid, syscall.SIGKILL)
			if err, _, ctxErr := asyncio.Recv(ctx, other); err != nil || ctxErr != nil {
				t.Error(err, ctxErr)
			}
		})
	}
}

// callAndLeave makes a call, waits until the worker has such a call, and cancels its own.
func callAndLeave(ctx context.Context, pool *procpool.Pool, size int) error {
	call := causes.Submit(ctx, pool, make([]byte, size))
	for w := pool.Stats().Workers; len(w) == 0 || w[0].Func != "procpool.test.causes"; w = pool.Stats().Workers {
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	call.Cancel(errors.New(huge(900 << 10)))
	return nil
}
