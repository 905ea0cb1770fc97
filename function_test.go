package asyncio_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

var double = asyncio.Register("test.double", func(_ context.Context, n int) (int, error) {
	if n < 0 {
		return 0, errors.New("negative")
	}
	if n == 13 {
		panic("unlucky")
	}
	return 2 * n, nil
})

func TestFunc_OnAThreadPool(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		pool := asyncio.NewThreadPool(2)
		if n, err := double.Call(ctx, pool, 21); n != 42 || err != nil {
			t.Errorf("Call gave %v, %v", n, err)
		}
		if _, err := double.Call(ctx, pool, -1); err == nil {
			t.Error("no error")
		}
		var p *asyncio.PanicError
		if _, err := double.Call(ctx, pool, 13); !errors.As(err, &p) {
			t.Errorf("%v", err)
		}
		task := double.Submit(ctx, pool, 4)
		if n, err := task.Await(ctx); n != 8 || err != nil {
			t.Errorf("Submit gave %v, %v", n, err)
		}
		i := 0
		for n, err := range double.Map(ctx, pool, slices.Values([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})) {
			if i == 13 {
				if err == nil {
					t.Error("no panic")
				}
			} else if n != 2*i || err != nil {
				t.Errorf("%d: %d %v", i, n, err)
			}
			i++
		}
		if i != 16 {
			t.Error(i)
		}
		if err := pool.Close(ctx); err != nil {
			t.Error(err)
		}
		if _, err := double.Call(ctx, pool, 21); !errors.Is(err, asyncio.ErrExecutorClosed) {
			t.Error(err)
		}
	})
}
