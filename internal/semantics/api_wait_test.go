package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// names tells which tasks are in a list.
func names[A asyncio.AnyTask](tasks []A) string {
	var all []string
	for _, task := range tasks {
		all = append(all, task.Name())
	}
	return fmt.Sprint(all)
}

func TestWaitReturnsWhenSoManyHaveEnded(t *testing.T) {
	const second = time.Second
	for name, c := range map[string]struct {
		until         asyncio.WaitUntil
		limit         time.Duration // of its ctx
		done, pending string
		took          time.Duration
		err           error
	}{
		"all":               {asyncio.AllCompleted, time.Hour, "[cancelled fails slow slower]", "[]", 4 * second, nil},
		"first":             {asyncio.FirstCompleted, time.Hour, "[cancelled]", "[fails slow slower]", second, nil},
		"first error":       {asyncio.FirstError, time.Hour, "[cancelled fails]", "[slow slower]", 2 * second, nil},
		"cancelled":         {asyncio.AllCompleted, 3*second + 1, "[cancelled fails slow]", "[slower]", 3*second + 1, context.DeadlineExceeded},
		"cancelled at once": {asyncio.FirstCompleted, 0, "[]", "[cancelled fails slow slower]", 0, context.DeadlineExceeded},
		"no such constant":  {asyncio.WaitUntil(9), time.Hour, "[]", "[cancelled fails slow slower]", 0, errors.New("WaitUntil(9)")},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				task := func(name string, d time.Duration, err error) *asyncio.Task[int] {
					return asyncio.CreateTask(ctx, after(d, 1, err), asyncio.Name(name))
				}
				cancelled := task("cancelled", time.Hour, nil)
				tasks := []*asyncio.Task[int]{cancelled, task("fails", 2*second, errBoom), task("slow", 3*second, nil), task("slower", 4*second, nil)}
				asyncio.LoopOf(ctx).CallLater(second, func() { cancelled.Cancel(nil) })

				limited, cancel := asyncio.WithTimeout(ctx, c.limit)
				defer cancel()
				start := time.Now()
				done, pending, err := asyncio.Wait(limited, c.until, tasks...)
				if took := time.Since(start); names(done) != c.done || names(pending) != c.pending || took != c.took {
					t.Errorf("after %v: done %s, pending %s; want %s and %s after %v", took, names(done), names(pending), c.done, c.pending, c.took)
				}
				if fmt.Sprint(err) != fmt.Sprint(c.err) && (c.err == nil || !contains(err, c.err.Error())) {
					t.Errorf("error %v, want %v", err, c.err)
				}
				asyncio.GatherResults(ctx, tasks...) // nothing was cancelled by Wait
				if v, err := tasks[3].Result(); v != 1 || err != nil {
					t.Errorf("the slower task gave %d, %v", v, err)
				}
			})
		})
	}
}

func TestWaitForWhatHasEndedReturnsAtOnce(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		good := asyncio.CreateTask(ctx, value(1), asyncio.Name("good"))
		bad := asyncio.CreateTask(ctx, after(0, 0, errBoom), asyncio.Name("bad"))
		asyncio.Sleep(ctx, time.Second)
		slow := asyncio.CreateTask(ctx, after(time.Second, 1, nil), asyncio.Name("slow"))
		start := time.Now()
		for _, until := range []asyncio.WaitUntil{asyncio.FirstCompleted, asyncio.FirstError} {
			done, pending, err := asyncio.Wait(ctx, until, slow, bad, good, bad)
			if names(done) != "[bad good bad]" || names(pending) != "[slow]" || err != nil || time.Since(start) != 0 {
				t.Errorf("%v: after %v done %s, pending %s, error %v", until, time.Since(start), names(done), names(pending), err)
			}
		}
		done, pending, err := asyncio.Wait[asyncio.AnyTask](ctx, asyncio.AllCompleted)
		if len(done)+len(pending) != 0 || err != nil {
			t.Errorf("Wait for nothing gave %v, %v, %v", done, pending, err)
		}
		mixed := []asyncio.AnyTask{slow, asyncio.Go(ctx, failing(nil), asyncio.Name("other kind"))}
		done, _, err = asyncio.Wait(ctx, asyncio.AllCompleted, mixed...)
		if names(done) != "[slow other kind]" || err != nil {
			t.Errorf("of two kinds: done %s, error %v", names(done), err)
		}
		bad.Err()
	})
}

func TestWaitForLimitsAnAwait(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var tr trace
		for name, c := range map[string]struct {
			limit time.Duration
			aw    asyncio.Awaitable[int]
			v     int
			err   error
			took  time.Duration
		}{
			"in time":                    {time.Minute, after(time.Second, 7, nil), 7, nil, time.Second},
			"an error in time":           {time.Minute, after(time.Second, 0, errBoom), 0, errBoom, time.Second},
			"too late":                   {time.Minute, after(time.Hour, 7, nil), 0, context.DeadlineExceeded, time.Minute},
			"no time at all":             {0, after(0, 7, nil), 0, context.DeadlineExceeded, 0},
			"less than that":             {-time.Hour, after(0, 7, nil), 0, context.DeadlineExceeded, 0},
			"for ever":                   {1<<63 - 1, after(time.Hour, 7, nil), 7, nil, time.Hour},
			"its clean-up is waited for": {time.Minute, stubborn(&tr, "", time.Minute, 0, errBoom), 0, errBoom, 2 * time.Minute},
			"a value all the same wins":  {time.Minute, stubborn(&tr, "", time.Minute, 7, nil), 7, nil, 2 * time.Minute},
		} {
			start := time.Now()
			v, err := asyncio.WaitFor(ctx, c.limit, c.aw)
			if took := time.Since(start); v != c.v || err != c.err || took != c.took {
				t.Errorf("%s: %d, %v after %v; want %d, %v after %v", name, v, err, took, c.v, c.err, c.took)
			}
		}
	})
}

// With no time left nothing is started, but a result that is there is given.
func TestWaitForWithNoTime(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		began := false
		_, err := asyncio.WaitFor(ctx, 0, asyncio.Coroutine[int](func(context.Context) (int, error) { began = true; return 1, nil }))
		if began || err != context.DeadlineExceeded {
			t.Errorf("a coroutine began: %v, error %v", began, err)
		}
		task := asyncio.CreateTask(ctx, value(7))
		if _, err := asyncio.WaitFor(ctx, 0, asyncio.Awaitable[int](task)); err != context.DeadlineExceeded {
			t.Errorf("a pending task: %v", err)
		}
		asyncio.Sleep(ctx, 0)
		if v, err := asyncio.WaitFor(ctx, -1, asyncio.Awaitable[int](task)); v != 7 || err != nil {
			t.Errorf("an ended task: %d, %v", v, err)
		}
	})
}

func TestWaitForDoesNotCancelWhatWasHandedIn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.CreateTask(ctx, after(time.Hour, 7, nil))
		f := asyncio.NewFuture[int](ctx)
		for name, aw := range map[string]asyncio.Awaitable[int]{"task": task, "future": f} {
			if _, err := asyncio.WaitFor(ctx, time.Second, aw); err != context.DeadlineExceeded {
				t.Errorf("%s: %v, want DeadlineExceeded", name, err)
			}
		}
		if v := await(ctx, t, task); v != 7 || !f.SetResult(1) {
			t.Errorf("the task gave %d, the future was settled", v)
		}
	})
}

// A coroutine under WaitFor runs in the calling task, and its children are not
// its own.
func TestWaitForRunsTheCoroutineInTheCaller(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		me := asyncio.CurrentTask(ctx)
		v, err := asyncio.WaitFor(ctx, time.Second, asyncio.Coroutine[asyncio.AnyTask](func(ctx context.Context) (asyncio.AnyTask, error) {
			return asyncio.CurrentTask(ctx), nil
		}))
		if v != me || err != nil {
			t.Errorf("it ran in %v, error %v", v, err)
		}
	})
}
