package semantics_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Cancellation where it is not expected.

func TestMisuse_ATaskThatCancelsItself(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var next error
		obeys := asyncio.Go(ctx, func(ctx context.Context) error {
			if !asyncio.CurrentTask(ctx).Cancel(errWhy) {
				t.Error("Cancel of the running task: false")
			}
			next = asyncio.Sleep(ctx, time.Second)
			return next
		})
		_, err := obeys.Await(ctx)
		wantErr(t, "the task", err, asyncio.ErrTaskCancelled, errWhy)
		if next != context.Canceled {
			t.Errorf("its next await: %v, want context.Canceled", next)
		}
		finishes := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			asyncio.CurrentTask(ctx).Cancel(nil)
			return 7, nil
		})
		if v := await(ctx, t, finishes); v != 7 {
			t.Errorf("a value that it returns all the same: %d, want 7", v)
		}
	})
}

func TestMisuse_ATaskThatCancelsItselfWithinItsGroup(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var sibling, child error
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			me := asyncio.CurrentTask(ctx)
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.Go(ctx, func(ctx context.Context) error { sibling = forever(ctx); return sibling })
				turns(ctx, t, 1)
				me.Cancel(nil)
				child = forever(ctx)
				return child
			})
		})
		_, err := task.Await(ctx)
		wantErr(t, "the task", err, asyncio.ErrTaskCancelled)
		wantErr(t, "the body", child, context.Canceled)
		wantErr(t, "the child", sibling, context.Canceled)
		// A child that cancels itself harms nobody else.
		ended := 0
		err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error { asyncio.CurrentTask(ctx).Cancel(nil); return forever(ctx) })
			asyncio.Go(ctx, func(ctx context.Context) error { err := asyncio.Sleep(ctx, time.Second); ended++; return err })
			err := asyncio.Sleep(ctx, time.Second)
			ended++
			return err
		})
		if err != nil || ended != 2 {
			t.Errorf("the group of a child that cancelled itself: %v, %d others ended well; want nil, 2", err, ended)
		}
	})
}

func TestMisuse_MainCancelsItself(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		asyncio.CurrentTask(ctx).Cancel(errWhy)
		return asyncio.Sleep(ctx, 0)
	})
	wantErr(t, "Run", err, context.Canceled)
	wantNotErr(t, "Run", err, asyncio.ErrTaskCancelled)
}

// It is named by Run, with where it was created and where it is.
func TestMisuse_ATaskThatIgnoresCancellation(t *testing.T) {
	var created, parked string
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			for {
				asyncio.Sleep(ctx, 0)
			}
		}, asyncio.Name("spins"))
		created = here(-5)
		asyncio.Go(ctx, func(ctx context.Context) error {
			parked = here(1)
			return asyncio.Sleep(context.WithoutCancel(ctx), time.Hour)
		}, asyncio.Name("sleeps"))
		return asyncio.Sleep(ctx, 0)
	}, asyncio.WithShutdownTimeout(0))
	if err == nil {
		t.Fatal("Run returned nil although tasks were left")
	}
	for _, want := range []string{"2 task(s)", "spins", "sleeps", created, parked} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

// Every task may cancel every other, in every state, from inside.
func TestMisuse_CancelInEveryState(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		f := asyncio.NewFuture[int](ctx)
		task := func(fn func(ctx context.Context) error) *asyncio.Task[struct{}] { return asyncio.Go(ctx, fn) }
		states := map[string]struct {
			task *asyncio.Task[struct{}]
			when func(t *asyncio.Task[struct{}])
			want bool
		}{
			"not started": {task: task(forever), want: true},
			"sleeping":    {task: task(forever), when: func(*asyncio.Task[struct{}]) { turns(ctx, t, 1) }, want: true},
			"on a future": {task: task(func(ctx context.Context) error { return second(f.Await(ctx)) }), when: func(*asyncio.Task[struct{}]) { turns(ctx, t, 1) }, want: true},
			"yielding": {task: task(func(ctx context.Context) error {
				for {
					if err := asyncio.Sleep(ctx, 0); err != nil {
						return err
					}
				}
			}), when: func(*asyncio.Task[struct{}]) { turns(ctx, t, 1) }, want: true},
			"in a group": {task: task(func(ctx context.Context) error {
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { asyncio.Go(ctx, forever); return nil })
			}), when: func(*asyncio.Task[struct{}]) { turns(ctx, t, 2) }, want: true},
			"in a gather": {task: task(func(ctx context.Context) error {
				return second(asyncio.Gather(ctx, asyncio.Proc(forever), asyncio.Proc(forever)))
			}), when: func(*asyncio.Task[struct{}]) { turns(ctx, t, 2) }, want: true},
			"in a thread": {task: task(func(ctx context.Context) error {
				return offLoop(ctx, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
			}), when: func(*asyncio.Task[struct{}]) { turns(ctx, t, 1) }, want: true},
			"awaiting a child": {task: task(func(ctx context.Context) error {
				return second(asyncio.Go(ctx, func(ctx context.Context) error { return forever(ctx) }).Await(ctx))
			}), when: func(*asyncio.Task[struct{}]) { turns(ctx, t, 2) }, want: true},
			"ended": {task: task(func(context.Context) error { return nil }), when: func(t *asyncio.Task[struct{}]) { t.Await(ctx) }},
		}
		for name, s := range states {
			if s.when != nil {
				s.when(s.task)
			}
			if got := s.task.Cancel(errWhy); got != s.want {
				t.Errorf("%s: Cancel: %v, want %v", name, got, s.want)
			}
			_, err := s.task.Await(ctx)
			if s.want {
				wantErr(t, name, err, asyncio.ErrTaskCancelled, errWhy)
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := len(asyncio.LoopOf(ctx).Tasks()); n != 1 {
			t.Errorf("%d tasks left, want main only", n)
		}
	})
}

// Nested groups and time-outs, cancelled from the top, unwind from the innermost outwards.
func TestMisuse_NestedScopesUnwindInOrder(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var order []string
		var nest func(ctx context.Context, depth int) error
		nest = func(ctx context.Context, depth int) error {
			if depth == 0 {
				return forever(ctx)
			}
			defer func() { order = append(order, fmt.Sprint(depth)) }()
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				ctx, cancel := asyncio.WithTimeout(ctx, time.Hour)
				defer cancel()
				return nest(ctx, depth-1)
			})
		}
		task := asyncio.Go(ctx, func(ctx context.Context) error { return nest(ctx, 5) })
		turns(ctx, t, 1)
		task.Cancel(errWhy)
		_, err := task.Await(ctx)
		wantErr(t, "the task", err, asyncio.ErrTaskCancelled, errWhy)
		if got := strings.Join(order, ""); got != "12345" {
			t.Errorf("the scopes ended in the order %s, want 12345", got)
		}
	})
}
