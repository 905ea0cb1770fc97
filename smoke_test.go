package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestSmoke(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		job := func(ctx context.Context, n int) (int, error) { return n * 2, asyncio.Sleep(ctx, 2*time.Second) }
		vs, err := asyncio.Gather(ctx, asyncio.Coro(job, 1), asyncio.Coro(job, 2), asyncio.Coro(job, 3))
		t.Log(vs, err, time.Since(start))
		if err != nil || fmt.Sprint(vs) != "[2 4 6]" || time.Since(start) != 2*time.Second {
			t.Error("gather")
		}
		var order []string
		for _, n := range []string{"a", "b", "c"} {
			asyncio.Go(ctx, func(ctx context.Context) error {
				for i := range 3 {
					order = append(order, fmt.Sprint(n, i))
					asyncio.Sleep(ctx, 0)
				}
				return nil
			})
		}
		asyncio.Sleep(ctx, time.Second)
		t.Log(order)
		boom := errors.New("boom")
		err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
			asyncio.Go(ctx, func(ctx context.Context) error { asyncio.Sleep(ctx, time.Second); return boom })
			return nil
		})
		if !errors.Is(err, boom) {
			t.Error(err)
		}
		v, err := asyncio.WaitFor(ctx, time.Second, asyncio.Coroutine[int](func(ctx context.Context) (int, error) { return 1, asyncio.Sleep(ctx, time.Hour) }))
		t.Log(v, err)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		v, err = asyncio.ToThread(ctx, func(ctx context.Context) (int, error) { time.Sleep(time.Second); return 7, nil })
		if v != 7 || err != nil {
			t.Error(v, err)
		}
	})
}

func TestSmokeReal(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error { asyncio.Sleep(ctx, 10*time.Millisecond); return errors.New("lost") })
		v, err := asyncio.ToThread(ctx, func(ctx context.Context) (int, error) { time.Sleep(20 * time.Millisecond); return 7, nil })
		t.Log(v, err)
		return nil
	})
	t.Log(err)
}
