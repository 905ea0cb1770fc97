package semantics_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S19: calls with a context that has no loop.

// wantPanic checks that fn panics with an error that matches want and names the words.
func wantPanic(t *testing.T, what string, fn func(), want error, words ...string) {
	t.Helper()
	v := panicOf(fn)
	err, ok := v.(error)
	if !ok || !errors.Is(err, want) {
		t.Errorf("%s: panic %v, want an error that matches %q", what, v, want)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %q does not say %q", what, err, word)
		}
	}
}

func TestS19_CallsThatNeedALoopReturnErrNoLoop(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		calls, end, used := suspendingCalls(ctx)
		defer end()
		task := asyncio.Go(ctx, func(context.Context) error { return nil })
		await(ctx, t, task)
		needed := 0
		offLoop(ctx, func(ctx context.Context) error {
			for _, c := range []context.Context{ctx, context.Background(), context.WithValue(t.Context(), testKey{}, 1)} {
				for _, call := range calls {
					switch name, _, _ := strings.Cut(call.name, " "); name {
					case "Gather", "GatherResults", "Wait", "WithTaskGroup", "ToThread":
						needed++
						wantErr(t, call.name, call.call(c), asyncio.ErrNoLoop)
					}
				}
				wantErr(t, "Gather of nothing", second(asyncio.Gather[int, *asyncio.Task[int]](c)), asyncio.ErrNoLoop)
				wantErr(t, "Gather of what is done", second(asyncio.Gather(c, task)), asyncio.ErrNoLoop)
				if asyncio.LoopOf(c) != nil || asyncio.CurrentTask(c) != nil {
					t.Error("LoopOf and CurrentTask must be nil")
				}
			}
			return nil
		})
		if needed != 3*8 || *used != 0 {
			t.Errorf("%d calls were tried, %d functions entered; want 24, 0", needed, *used)
		}
	})
}

func TestS19_CallsWithoutAnErrorPanicAndSayWhatToCallInstead(t *testing.T) {
	ctx := context.Background()
	one := func(context.Context) (int, error) { return 1, nil }
	wantPanic(t, "CreateTask", func() { asyncio.CreateTask(ctx, one) }, asyncio.ErrNoLoop, "CreateTask", "Submit")
	wantPanic(t, "Go", func() { asyncio.Go(ctx, func(context.Context) error { return nil }) }, asyncio.ErrNoLoop, "Go", "Submit")
	wantPanic(t, "NewFuture", func() { asyncio.NewFuture[int](ctx) }, asyncio.ErrNoLoop, "NewFuture", "ctx of a coroutine")
}

// The same helper serves on and off the loop: by suspending the task, or by blocking the goroutine.
func TestS19_SleepAndAwaitWorkOffTheLoopByBlocking(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		helper := func(ctx context.Context, worker *asyncio.Task[int]) (int, error) {
			if err := asyncio.Checkpoint(ctx); err != nil {
				return 0, err
			}
			if err := asyncio.Sleep(ctx, time.Second); err != nil {
				return 0, err
			}
			return worker.Await(ctx)
		}
		start := time.Now()
		worker := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 42, asyncio.Sleep(ctx, 2*time.Second) })
		on := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return helper(ctx, worker) })
		off := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return asyncio.ToThread(ctx, func(ctx context.Context) (int, error) { return helper(ctx, worker) })
		})
		elsewhere := make(chan int, 1)
		go func() {
			v, err := helper(context.Background(), worker)
			if err != nil {
				t.Errorf("in a goroutine of its own: %v", err)
			}
			elsewhere <- v
		}()
		for name, task := range map[string]*asyncio.Task[int]{"on the loop": on, "in ToThread": off} {
			if v := await(ctx, t, task); v != 42 {
				t.Errorf("%s: %d, want 42", name, v)
			}
		}
		synctest.Wait()
		if v, took := <-elsewhere, time.Since(start); v != 42 || took != 2*time.Second {
			t.Errorf("in a goroutine of its own: %d after %v, want 42 after 2s", v, took)
		}
	})
}

func TestS19_OffTheLoopTheContextEndsTheWait(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		calls, end, _ := suspendingCalls(ctx)
		defer end()
		for _, call := range calls {
			switch call.name {
			case "Sleep(1h)", "Task.Await", "Task.Join", "Future.Await", "WaitFor a task", "WaitFor a future":
			default:
				continue
			}
			done := asyncio.NewFuture[time.Duration](ctx)
			go func() {
				start := time.Now()
				c, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				wantErr(t, call.name, call.call(c), context.DeadlineExceeded)
				if err := call.call(c); err != context.DeadlineExceeded {
					t.Errorf("%s, again: %v", call.name, err)
				}
				done.SetResult(time.Since(start))
			}()
			if took := await(ctx, t, done); took != time.Second {
				t.Errorf("%s ended after %v, want 1s", call.name, took)
			}
		}
	})
}

func TestS19_OffTheLoopATaskCanBeAwaitedToItsEnd(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		failed := asyncio.Go(ctx, func(ctx context.Context) error { asyncio.Sleep(ctx, time.Second); return errBroken })
		cancelled := asyncio.Go(ctx, forever)
		asyncio.LoopOf(ctx).CallLater(time.Second, func() { cancelled.Cancel(errWhy) })
		offLoop(ctx, func(ctx context.Context) error {
			wantErr(t, "a task that fails", second(failed.Await(ctx)), errBroken)
			wantErr(t, "a task that is cancelled", second(cancelled.Await(ctx)), asyncio.ErrTaskCancelled, errWhy)
			return nil
		})
	})
}

// What would block the goroutine of a running step for ever is refused, and the error names the task.
func TestS19_WhoWouldBlockItsOwnLoopIsRefused(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		calls, end, _ := suspendingCalls(ctx)
		defer end()
		refused := func(where, names string) {
			for _, c := range []context.Context{context.Background(), t.Context(), context.WithValue(context.Background(), testKey{}, 1)} {
				for _, call := range calls {
					switch call.name {
					case "Sleep(1h)", "Task.Await", "Task.Join", "Future.Await", "WaitFor a task", "WaitFor a future":
						err := call.call(c)
						wantErr(t, call.name+" in "+where, err, asyncio.ErrNoLoop)
						if err != nil && (!strings.Contains(err.Error(), names) || !strings.Contains(err.Error(), "pass on the ctx")) {
							t.Errorf("%s in %s: %q does not name %s and what to do", call.name, where, err, names)
						}
					}
				}
			}
		}
		await(ctx, t, asyncio.Go(ctx, func(context.Context) error { refused("a task", "the culprit"); return nil }, asyncio.Name("the culprit")))
		f := asyncio.NewFuture[int](ctx)
		asyncio.LoopOf(ctx).CallSoon(func() { refused("a callback", "callback"); f.SetResult(1) })
		await(ctx, t, f)
		// The other way round nothing is wrong: a goroutine that runs no step may block.
		if err := offLoop(ctx, func(context.Context) error { return asyncio.Sleep(context.Background(), time.Second) }); err != nil {
			t.Errorf("in ToThread: %v", err)
		}
	})
}

// The goroutine is held against all live loops, not only the one of what is awaited.
func TestS19_EveryLiveLoopIsLookedAt(t *testing.T) {
	var other *asyncio.Task[struct{}]
	first := make(chan struct{})
	ended := make(chan error)
	l := asyncio.NewLoop()
	go func() {
		ended <- l.Run(context.Background(), func(ctx context.Context) error {
			other = asyncio.Go(ctx, forever)
			close(first)
			return second(other.Await(ctx))
		})
	}()
	<-first
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		return second(asyncio.Go(ctx, func(context.Context) error {
			return second(other.Await(context.Background()))
		}, asyncio.Name("the culprit")).Await(ctx))
	})
	wantErr(t, "a task awaits one of another loop with context.Background()", err, asyncio.ErrNoLoop)
	if err == nil || !strings.Contains(err.Error(), "the culprit") {
		t.Errorf("%v does not name the task whose loop would be blocked", err)
	}
	other.Cancel(nil)
	wantErr(t, "the other loop", <-ended, asyncio.ErrTaskCancelled)
}

// Also from within an iter.Pull of the task's, which is another goroutine of the same step.
func TestS19_WhoWouldBlockItsOwnLoopFromAnIterPullIsRefused(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		f := asyncio.NewFuture[int](ctx)
		c, cancel := context.WithTimeout(t.Context(), time.Second) // if it blocks all the same
		defer cancel()
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			return rawPulled(func() {
				wantErr(t, "Await", second(f.Await(c)), asyncio.ErrNoLoop)
				wantErr(t, "Sleep", asyncio.Sleep(c, time.Second), asyncio.ErrNoLoop)
				wantErr(t, "Run", asyncio.Run(c, func(context.Context) error { return nil }), asyncio.ErrNoLoop)
			})
		})
		await(ctx, t, task)
	})
}

func TestS19_RunInsideATaskIsRefused(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		nothing := func(context.Context) error { t.Error("the inner main ran"); return nil }
		inner := asyncio.NewLoop()
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			for what, err := range map[string]error{
				"Run with the task's ctx":          asyncio.Run(ctx, nothing),
				"Run with context.Background()":    asyncio.Run(context.Background(), nothing),
				"Loop.Run":                         inner.Run(ctx, nothing),
				"the Run of the loop that runs it": asyncio.LoopOf(ctx).Run(ctx, nothing),
			} {
				if err == nil || !strings.HasPrefix(err.Error(), "asyncio: ") {
					t.Errorf("%s: %v, want an error", what, err)
				}
				if what != "the Run of the loop that runs it" {
					wantErr(t, what, err, asyncio.ErrNoLoop)
					for _, part := range []string{"asyncio: ", "Run: ", "the culprit", "by ToThread"} {
						if !strings.Contains(err.Error(), part) {
							t.Errorf("%s: %q does not say %q", what, err, part)
						}
					}
				}
			}
			return nil
		}, asyncio.Name("the culprit"))
		await(ctx, t, task)
		f := asyncio.NewFuture[error](ctx)
		asyncio.LoopOf(ctx).CallSoon(func() { f.SetResult(asyncio.Run(t.Context(), nothing)) })
		wantErr(t, "Run in a callback", await(ctx, t, f), asyncio.ErrNoLoop)
	})
}

// The loop that was refused is as good as new, and a thread may have a loop of its own.
func TestS19_RunInAThreadOfATaskIsFine(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		inner := asyncio.NewLoop()
		main := func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) }
		wantErr(t, "on the loop", inner.Run(ctx, main), asyncio.ErrNoLoop)
		if err := offLoop(ctx, func(ctx context.Context) error { return inner.Run(ctx, main) }); err != nil {
			t.Errorf("in ToThread: %v", err)
		}
	})
}
