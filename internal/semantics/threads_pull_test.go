package semantics_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S20, second part: the user's own iter.Pull. Within a task it is another goroutine of the same step, where
// everything is legal; in a goroutine of the user's it is as foreign as that.

var errLeft = errors.New("the iterator ended before its body did")

// pulled calls fn in an iter.Pull.
func pulled(fn func()) error {
	next, stop := iter.Pull(func(yield func(int) bool) {
		fn()
		yield(1)
	})
	defer stop()
	if _, ok := next(); !ok {
		return errLeft
	}
	return nil
}

func TestS20_AwaitsInsideTheUsersIterPullAreLegal(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		one := asyncio.Coroutine[int](func(ctx context.Context) (int, error) { return 1, asyncio.Sleep(ctx, time.Second) })
		f := asyncio.NewFuture[int](ctx)
		asyncio.LoopOf(ctx).CallLater(time.Second, func() { f.SetResult(1) })
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			me := asyncio.CurrentTask(ctx)
			return pulled(func() {
				if asyncio.CurrentTask(ctx) != me {
					t.Errorf("CurrentTask: %v, want that of the coroutine", asyncio.CurrentTask(ctx))
				}
				std, cancel := context.WithTimeout(ctx, time.Hour)
				defer cancel()
				for _, c := range []context.Context{ctx, std} {
					for name, err := range map[string]error{
						"Sleep":         asyncio.Sleep(c, time.Second),
						"Sleep 0":       asyncio.Sleep(c, 0),
						"Checkpoint":    asyncio.Checkpoint(c),
						"CreateTask":    second(asyncio.CreateTask(c, one).Await(c)),
						"Future.Await":  second(f.Await(c)),
						"Gather":        second(asyncio.Gather(c, one, one)),
						"GatherResults": asyncio.GatherResults(c, one)[0].Err,
						"WaitFor":       second(asyncio.WaitFor(c, time.Minute, one)),
						"WithTaskGroup": asyncio.WithTaskGroup(c, func(ctx context.Context) error { asyncio.CreateTask(ctx, one); return asyncio.Sleep(ctx, 1) }),
						"ToThread":      offLoop(c, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) }),
						"a time-out":    asyncio.Sleep(without(asyncio.WithTimeout(c, time.Minute)), time.Second),
					} {
						if err != nil {
							t.Errorf("%s: %v", name, err)
						}
					}
				}
				asyncio.LoopOf(ctx).CallSoon(func() {})
			})
		})
		await(ctx, t, task)
	})
}

// The generator awaits between two values, and so does its consumer; other tasks run meanwhile.
func TestS20_AGeneratorThatAwaits(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		numbers := func(ctx context.Context) iter.Seq[int] {
			return func(yield func(int) bool) {
				for i := range 5 {
					if asyncio.Sleep(ctx, time.Second) != nil || !yield(i) {
						return
					}
				}
			}
		}
		consume := func(ctx context.Context) (sum int, err error) {
			next, stop := iter.Pull(numbers(ctx))
			defer stop()
			for v, ok := next(); ok; v, ok = next() {
				sum += v
				asyncio.Sleep(ctx, time.Second)
			}
			return sum, ctx.Err()
		}
		start := time.Now()
		sums, err := asyncio.Gather(ctx, asyncio.Coroutine[int](consume), asyncio.Coroutine[int](consume), asyncio.Coroutine[int](consume))
		if err != nil {
			t.Fatal(err)
		}
		for _, sum := range sums {
			if sum != 10 {
				t.Errorf("sums %v, want 10 each", sums)
			}
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("three consumers side by side took %v, want 10s", took)
		}
	})
}

func TestS20_IterPullsWithinEachOther(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			return pulled(func() {
				asyncio.Sleep(ctx, time.Second)
				err := pulled(func() {
					if err := asyncio.Sleep(ctx, time.Second); err != nil {
						t.Errorf("in an iter.Pull in an iter.Pull: %v", err)
					}
				})
				if err != nil {
					t.Error(err)
				}
				asyncio.Sleep(ctx, time.Second)
			})
		})
		await(ctx, t, task)
	})
}

// Failures within it do all that they do elsewhere.
func TestS20_FailuresInsideTheUsersIterPull(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		fail := func(context.Context) error { return errBroken }
		await(ctx, t, asyncio.Go(ctx, func(ctx context.Context) error {
			return pulled(func() {
				var child error
				err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					asyncio.Go(ctx, func(ctx context.Context) error { child = forever(ctx); return child })
					turns(ctx, t, 1)
					return errBroken
				})
				wantErr(t, "a group whose body fails", err, errBroken)
				wantErr(t, "its child", child, context.Canceled)
				err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { asyncio.Go(ctx, fail); return forever(ctx) })
				wantErr(t, "a group whose child fails", err, errBroken)
				wantErr(t, "Gather", second(asyncio.Gather(ctx, asyncio.Proc(forever), asyncio.Proc(fail))), errBroken)
				wantErr(t, "WaitFor", second(asyncio.WaitFor(ctx, time.Second, asyncio.Proc(forever))), context.DeadlineExceeded)
			})
		}))
	})
}

func TestS20_PanicAndGoexitInsideTheUsersIterPull(t *testing.T) {
	captureStderr(t)
	within := func(fn func()) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			return pulled(func() {
				asyncio.Sleep(ctx, 0)
				fn()
			})
		}
	}
	if e := runPanics(t, within(func() { panic("in an iter.Pull") })); e.Value != "in an iter.Pull" {
		t.Errorf("Run panicked with %v", e.Value)
	}
	if how, v := endOf(func() { asyncio.Run(context.Background(), within(runtime.Goexit)) }); how != itExited {
		t.Errorf("Goexit in an iter.Pull: Run %s (%v), want that it exited", how, v)
	}
}

func TestS20_ACancellationReachesTheAwaitInsideTheIterPull(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var got error
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			if err := pulled(func() { got = forever(ctx) }); err != nil {
				return err
			}
			return got
		})
		turns(ctx, t, 1)
		task.Cancel(nil)
		_, err := task.Await(ctx)
		wantErr(t, "the task", err, asyncio.ErrTaskCancelled)
		if got != context.Canceled {
			t.Errorf("the await: %v, want context.Canceled", got)
		}
	})
}

// Made in one task, continued in another: whose step it runs in cannot be told, and an error is better than a guess.
func TestS20_AnIterPullMadeInAnotherTaskIsRefused(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		next, stop := iter.Pull(func(yield func(error) bool) {
			for yield(asyncio.Sleep(ctx, time.Second)) {
			}
		})
		defer stop()
		if err, _ := next(); err != nil {
			t.Errorf("in the task that made it: %v", err)
		}
		await(ctx, t, asyncio.Go(ctx, func(context.Context) error {
			err, _ := next()
			wantErr(t, "in another task", err, asyncio.ErrWrongTask)
			return nil
		}))
		if err, _ := next(); err != nil {
			t.Errorf("back in the task that made it: %v", err)
		}
	})
}

// The goroutine of a step is recognised whatever it runs in; that of somebody else is not, whatever it runs in.
func TestS20_AnIterPullInAForeignGoroutineIsForeign(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		calls, end, used := suspendingCalls(ctx)
		defer end()
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			done := make(chan error)
			go func() {
				done <- pulled(func() {
					for _, call := range calls {
						wantErr(t, call.name, call.call(ctx), asyncio.ErrWrongTask)
					}
				})
			}()
			return <-done // the step goes on
		})
		await(ctx, t, task)
		turns(ctx, t, 3)
		if *used != 0 {
			t.Errorf("%d functions were entered", *used)
		}
	})
}

// The same for an iter.Pull in a task of another loop.
func TestS20_AnIterPullInATaskOfAnotherLoopIsForeign(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		inner := make(chan error)
		go func() {
			inner <- asyncio.Run(context.Background(), func(context.Context) error {
				return pulled(func() { wantErr(t, "Sleep", asyncio.Sleep(ctx, 0), asyncio.ErrWrongTask) })
			})
		}()
		return <-inner // while this loop runs a step
	})
	if err != nil {
		t.Error(err)
	}
}
