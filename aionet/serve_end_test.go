package aionet_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// S6: when a handler's scope ends, its context is cancelled, and what was made with it.
func TestServe_HandlerContextEndsWithTheHandler(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		over := make(chan error, 1)
		var own, std, ofTask context.Context
		var child *asyncio.Task[struct{}]
		l, stop := serve(ctx, t, func(ctx context.Context, c *aionet.Conn) error {
			own = ctx
			var cancel context.CancelFunc
			std, cancel = context.WithTimeout(ctx, time.Hour)
			_ = cancel // not called: the context ends with the handler
			context.AfterFunc(std, func() { over <- context.Cause(std) })
			asyncio.Go(ctx, func(ctx context.Context) error { ofTask = ctx; return nil })
			child = asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
			_, err := io.Copy(c, c)
			if ctx.Err() != nil {
				t.Errorf("while the handler runs: %v", ctx.Err())
			}
			return err
		})
		c := dial(ctx, t, l.Addr())
		write(t, c, "x")
		wantRead(t, c, "x")
		shut(t, c)
		stop()
		if cause := <-over; cause != asyncio.ErrScopeEnded {
			t.Errorf("the std context ended with cause %v, want ErrScopeEnded", cause)
		}
		for name, c := range map[string]context.Context{"its own": own, "of a task": ofTask} {
			if c.Err() != context.Canceled || context.Cause(c) != asyncio.ErrScopeEnded {
				t.Errorf("%s: Err %v, cause %v; want Canceled, ErrScopeEnded", name, c.Err(), context.Cause(c))
			}
		}
		wantErr(t, "a task of the connection", child.Err(), asyncio.ErrTaskCancelled)
		wantErr(t, "a task created later", asyncio.Go(own, func(context.Context) error { return nil }).Err(), asyncio.ErrScopeEnded)
		wantErr(t, "an await", asyncio.Sleep(own, 0), context.Canceled)
	})
}
