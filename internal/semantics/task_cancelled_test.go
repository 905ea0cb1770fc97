package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// This file holds the one rule of S14 and S16: an error of a task matches
// ErrTaskCancelled if, and only if, the task counts as cancelled.

// endings are tasks that another task's cancellation touches. stop cancels the task that
// they await.
var endings = map[string]struct {
	cancelled bool
	text      string // of the error, if the task fails
	start     func(ctx context.Context, victim *asyncio.Task[int]) *asyncio.Task[int]
}{
	"cancelled": {true, "", func(ctx context.Context, _ *asyncio.Task[int]) *asyncio.Task[int] {
		task := asyncio.CreateTask(ctx, after(time.Hour, 0, nil))
		asyncio.LoopOf(ctx).CallLater(time.Millisecond, func() { task.Cancel(errWhy) })
		return task
	}},
	"cancelled, and so is the awaited task": {true, "", func(ctx context.Context, victim *asyncio.Task[int]) *asyncio.Task[int] {
		var task *asyncio.Task[int]
		task = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			v, err := victim.Await(ctx)
			task.Cancel(errWhy)
			return v, err
		})
		return task
	}},
	"returned the awaited task's error": {false, `task "victim" was cancelled`, func(ctx context.Context, victim *asyncio.Task[int]) *asyncio.Task[int] {
		return asyncio.CreateTask(ctx, victim.Await)
	}},
	"wrapped it": {false, `load: asyncio: task "victim" was cancelled`, func(ctx context.Context, victim *asyncio.Task[int]) *asyncio.Task[int] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			v, err := victim.Await(ctx)
			return v, fmt.Errorf("load: %w", err)
		})
	}},
	"joined it to another": {false, "boom", func(ctx context.Context, victim *asyncio.Task[int]) *asyncio.Task[int] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			v, err := victim.Await(ctx)
			return v, errors.Join(errBoom, err)
		})
	}},
	"gathered": {false, `task "victim" was cancelled`, func(ctx context.Context, victim *asyncio.Task[int]) *asyncio.Task[int] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			_, err := asyncio.Gather(ctx, victim)
			return 0, err
		})
	}},
	"awaited a task that returned it": {false, `task "victim" was cancelled`, func(ctx context.Context, victim *asyncio.Task[int]) *asyncio.Task[int] {
		return asyncio.CreateTask(ctx, asyncio.CreateTask(ctx, victim.Await).Await)
	}},
	"in a group": {false, `task "victim" was cancelled`, func(ctx context.Context, victim *asyncio.Task[int]) *asyncio.Task[int] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return 0, asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.CreateTask(ctx, victim.Await)
				return nil
			})
		})
	}},
	"awaited a future that was cancelled": {false, "the future created at", func(ctx context.Context, victim *asyncio.Task[int]) *asyncio.Task[int] {
		f := asyncio.NewFuture[int](ctx)
		victim.OnDone(func() { f.Cancel(errWhy) })
		return asyncio.CreateTask(ctx, f.Await)
	}},
	"returned the sentinel": {false, "asyncio: task cancelled", func(ctx context.Context, victim *asyncio.Task[int]) *asyncio.Task[int] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, asyncio.ErrTaskCancelled })
	}},
	"returned context.Canceled": {false, "context canceled", func(ctx context.Context, victim *asyncio.Task[int]) *asyncio.Task[int] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, context.Canceled })
	}},
}

func TestS16_ErrTaskCancelledMeansThatTheTaskCountsAsCancelled(t *testing.T) {
	for name, c := range endings {
		t.Run(name, func(t *testing.T) {
			var got reports
			runErr := runVirtual(t, func(ctx context.Context) error {
				victim := asyncio.CreateTask(ctx, after(time.Hour, 0, nil), asyncio.Name("victim"))
				before := asyncio.LoopOf(ctx).Metrics()
				task := c.start(ctx, victim)
				asyncio.Sleep(ctx, time.Second)
				victim.Cancel(errWhy)
				asyncio.Sleep(ctx, time.Second)

				done, _, err := asyncio.Wait(ctx, asyncio.FirstError, task, asyncio.CreateTask(ctx, after(time.Second, 0, nil)))
				if failed := len(done) == 1; err != nil || failed == c.cancelled {
					t.Errorf("Wait(FirstError) returned %d done, %v; the task failed: %v", len(done), err, !c.cancelled)
				}
				if c.cancelled {
					victim.Err()
				}
				after := asyncio.LoopOf(ctx).Metrics()
				failed := after.Tasks.Failed - before.Tasks.Failed
				if (failed > 0) == c.cancelled {
					t.Errorf("%d tasks failed; this one was cancelled: %v", failed, c.cancelled)
				}

				errs := map[string]error{
					"Err": task.Err(), "Result": second(task.Result()), "Await": second(task.Await(ctx)),
					"Gather": second(asyncio.Gather(ctx, task)), "GatherResults": asyncio.GatherResults(ctx, task)[0].Err,
					"WaitFor": second(asyncio.WaitFor(ctx, time.Hour, task)), "off the loop": offLoop(ctx, func(ctx context.Context) error { return second(task.Await(ctx)) }),
				}
				for _, r := range asyncio.AsCompleted(ctx, task) {
					errs["AsCompleted"] = r.Err
				}
				for by, err := range errs {
					if errors.Is(err, asyncio.ErrTaskCancelled) != c.cancelled {
						t.Errorf("%s: %v matches ErrTaskCancelled: %v, want %v", by, err, !c.cancelled, c.cancelled)
					}
					wantErr(t, by, err, context.Canceled) // a cancellation is where it comes from
				}
				return nil
			}, got.option())
			if runErr != nil || len(got) != 0 {
				t.Errorf("Run returned %v, reported %v", runErr, got)
			}
		})
	}
}

// The error that nobody received is the same one.
func TestS16_AnUnhandledErrorIsNoCancellation(t *testing.T) {
	for name, c := range endings {
		t.Run(name, func(t *testing.T) {
			var got reports
			var tasks []asyncio.AnyTask
			err := runVirtual(t, func(ctx context.Context) error {
				victim := asyncio.CreateTask(ctx, after(time.Hour, 0, nil), asyncio.Name("victim"))
				tasks = append(tasks, c.start(ctx, victim))
				asyncio.Sleep(ctx, time.Second)
				victim.Cancel(errWhy)
				return asyncio.Sleep(ctx, time.Second)
			}, got.option())
			if want := !c.cancelled; len(got) > 0 != want || (err != nil) != want {
				t.Fatalf("reported %v, Run returned %v; the task failed: %v", got, err, want)
			}
			wantNotErr(t, "Run", err, asyncio.ErrTaskCancelled)
			for _, u := range got {
				wantNotErr(t, "reported", u.Err, asyncio.ErrTaskCancelled)
			}
			runtime.KeepAlive(tasks)
		})
	}
}

// What else such an error matches, it goes on to match.
func TestS16_AFailedTasksErrorKeepsTheRest(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		victim := asyncio.CreateTask(ctx, after(time.Hour, 0, nil), asyncio.Name("victim"))
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			_, err := victim.Await(ctx)
			return 0, &pathError{"a/b", err}
		})
		asyncio.Sleep(ctx, time.Second)
		victim.Cancel(errWhy)
		_, err := task.Await(ctx)
		var path *pathError
		if !errors.As(err, &path) || path.path != "a/b" {
			t.Errorf("%v: no *pathError in it", err)
		}
		wantErr(t, "the task", err, errWhy, context.Canceled)
		if want := `a/b: asyncio: task "victim" was cancelled: ` + errWhy.Error(); err.Error() != want {
			t.Errorf("the text is %q, want %q", err, want)
		}
	})
}

type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string { return e.path + ": " + e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }

// A failed task's error that says nothing else is dropped like a bare one, when the task
// that returns it is cancelled; one that says more is not.
func TestS14_AnotherTasksCancellationReturnedByACancelledTask(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for _, more := range []error{nil, errBoom} {
			victim := asyncio.CreateTask(ctx, after(time.Hour, 0, nil))
			middle := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				_, err := victim.Await(ctx)
				return 0, errors.Join(err, more)
			})
			var outer *asyncio.Task[int]
			outer = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				v, err := middle.Await(ctx)
				outer.Cancel(nil)
				return v, err
			})
			asyncio.Sleep(ctx, time.Second)
			victim.Cancel(nil)
			_, err := outer.Await(ctx)
			if got, want := errors.Is(err, asyncio.ErrTaskCancelled), more == nil; got != want {
				t.Errorf("joined to %v: the outer task counts as cancelled: %v, want %v (%v)", more, got, want, err)
			}
			if more != nil {
				wantErr(t, "the outer task", err, more)
			}
		}
	})
}

// A future set to such an error has failed too.
func TestS16_AFutureThatRelaysACancellation(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		victim := asyncio.CreateTask(ctx, after(time.Hour, 0, nil))
		victim.Cancel(errWhy)
		_, err := victim.Await(ctx)
		f := asyncio.NewFuture[int](ctx)
		f.SetError(err)
		wantErr(t, "the future", f.Err(), errWhy, context.Canceled)
		wantNotErr(t, "the future", f.Err(), asyncio.ErrTaskCancelled)
	})
}

// Errors whose methods misbehave end the task all the same.
func TestS16_ErrorsWithOddMethods(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		loop := &endless{}
		for name, odd := range map[string]error{"panics in Is": panicsInIs{}, "panics in Unwrap": panicsInUnwrap{}, "endless": loop} {
			if _, err := asyncio.Go(ctx, failing(odd)).Await(ctx); err != odd {
				t.Errorf("%s: the task's error is %v", name, err)
			}
		}
	})
}

type endless struct{}

func (e *endless) Error() string { return "endless" }
func (e *endless) Unwrap() error { return e }

// One that calls Goexit is as if the task had.
func TestS12_AnErrorWhoseMethodCallsGoexit(t *testing.T) {
	how, _ := endOf(func() {
		asyncio.Run(context.Background(), func(ctx context.Context) error {
			asyncio.Go(ctx, failing(exitsInUnwrap{}))
			return forever(ctx)
		})
	})
	if how != itExited {
		t.Errorf("Run's caller %s, want that it exited", how)
	}
}

type exitsInUnwrap struct{}

func (exitsInUnwrap) Error() string { return "exits in Unwrap" }
func (exitsInUnwrap) Unwrap() error { runtime.Goexit(); return nil }

// Gather returns the same error as Await, for a task of this or another loop and for a coroutine.
func TestS16_GatherReturnsACancellationAsAwaitDoes(t *testing.T) {
	other := asyncio.NewLoop()
	runs, over := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- other.Run(context.Background(), func(ctx context.Context) error {
			close(runs)
			_, _, err := asyncio.Recv(ctx, over)
			return err
		})
	}()
	<-runs
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		sleep := func(ctx context.Context) (int, error) { return 0, asyncio.Sleep(ctx, time.Hour) }
		task := func(far bool) *asyncio.Task[int] {
			if far {
				return asyncio.Submit(other, sleep)
			}
			return asyncio.CreateTask(ctx, sleep)
		}
		for _, far := range []bool{false, true} {
			for name, gather := range map[string]func(*asyncio.Task[int]) error{
				"Await":  func(t *asyncio.Task[int]) error { _, err := t.Await(ctx); return err },
				"Gather": func(t *asyncio.Task[int]) error { _, err := asyncio.Gather(ctx, t); return err },
				"Gather of a coroutine": func(t *asyncio.Task[int]) error {
					_, err := asyncio.Gather(ctx, asyncio.Coroutine[int](t.Await))
					return err
				},
				"GatherResults": func(t *asyncio.Task[int]) error { return asyncio.GatherResults(ctx, t)[0].Err },
				"AsCompleted": func(t *asyncio.Task[int]) (err error) {
					for _, r := range asyncio.AsCompleted(ctx, t) {
						err = r.Err
					}
					return err
				},
			} {
				cancelled := task(far)
				cancelled.Cancel(nil)
				if err := gather(cancelled); !errors.Is(err, asyncio.ErrTaskCancelled) {
					t.Errorf("%s of a cancelled task (of another loop: %v): %v does not match ErrTaskCancelled", name, far, err)
				}
			}
		}
		return nil
	})
	close(over)
	if err := errors.Join(err, <-ended); err != nil {
		t.Error(err)
	}
}
