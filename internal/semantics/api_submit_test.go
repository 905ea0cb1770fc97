package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// What is submitted before Run waits for it, and runs after main has begun, in
// order of submission.
func TestSubmitBeforeRun(t *testing.T) {
	l := asyncio.NewLoop()
	var tr trace
	var tasks []*asyncio.Task[int]
	for i := range 3 {
		tasks = append(tasks, asyncio.Submit(l, func(ctx context.Context) (int, error) {
			tr.add(i)
			if asyncio.LoopOf(ctx) != l {
				t.Error("it runs on another loop")
			}
			return i, asyncio.Sleep(ctx, 0)
		}))
	}
	never := asyncio.Submit(l, func(context.Context) (int, error) { t.Error("a task ran that was cancelled before Run"); return 0, nil })
	if !never.Cancel(errBoom) || tasks[0].Err() != asyncio.ErrNotDone {
		t.Error("before Run the tasks are not pending")
	}
	if len(l.Tasks()) != 0 {
		t.Errorf("before Run %d tasks are listed", len(l.Tasks()))
	}
	err := l.Run(t.Context(), func(ctx context.Context) error {
		tr.add("main")
		for i, task := range tasks {
			if v := await(ctx, t, task); v != i {
				t.Errorf("task %d gave %d", i, v)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	tr.expect(t, "main 0 1 2")
	wantErr(t, "the cancelled one", never.Err(), asyncio.ErrTaskCancelled, errBoom)
}

// During Run it works from the loop and from everywhere else, and wakes a loop
// that sleeps. The result can be awaited from where it was submitted.
func TestSubmitDuringRun(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		start := time.Now()
		double := func(ctx context.Context, n int) (int, error) {
			return 2 * n, asyncio.Sleep(ctx, time.Second)
		}
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				time.Sleep(time.Second)
				v, err := asyncio.Submit(l, asyncio.Coro(double, i)).Await(context.Background())
				if v != 2*i || err != nil {
					t.Errorf("from a goroutine: %d, %v; want %d", v, err, 2*i)
				}
				if _, err := asyncio.Submit(l, asyncio.Coroutine[int](func(context.Context) (int, error) { return 0, errBoom })).Await(context.Background()); err != errBoom {
					t.Errorf("from a goroutine: %v, want boom", err)
				}
			})
		}
		if v := await(ctx, t, asyncio.Submit(l, asyncio.Coro(double, 100))); v != 200 {
			t.Errorf("from a task: %d", v)
		}
		asyncio.Sleep(ctx, 2*time.Second)
		all.Wait()
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("all took %v, want 3s", took)
		}
	})
}

// Whoever awaits from outside leaves when its ctx ends; the task goes on.
func TestASubmittersContextEndsItsWaitOnly(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.Submit(asyncio.LoopOf(ctx), after(time.Hour, 7, nil))
		_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			return task.Await(ctx)
		})
		if err != context.DeadlineExceeded || task.Err() != asyncio.ErrNotDone {
			t.Errorf("the submitter got %v, the task %v; want DeadlineExceeded and a running task", err, task.Err())
		}
		asyncio.ToThread(ctx, func(context.Context) (bool, error) { return task.Cancel(errBoom), nil })
		_, err = task.Await(ctx)
		wantErr(t, "cancelled from outside", err, asyncio.ErrTaskCancelled, errBoom)
	})
}

// The owner is Run, wherever it was called: main's end cancels the task, its
// error that nobody received is Run's.
func TestASubmittedTaskIsOwnedByRun(t *testing.T) {
	var left *asyncio.Task[int]
	var created string
	var got reports
	err := runVirtual(t, func(ctx context.Context) error {
		l := asyncio.LoopOf(ctx)
		start := time.Now()
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			left = asyncio.Submit(l, after(time.Hour, 7, nil))
			return nil
		})
		if took := time.Since(start); took != 0 {
			t.Errorf("a group waited %v for a submitted task", took)
		}
		asyncio.ToThread(ctx, func(context.Context) (int, error) {
			created = here(1)
			asyncio.Submit(l, after(0, 0, errBoom), asyncio.Name("submitted"))
			return 0, nil
		})
		return asyncio.Sleep(ctx, time.Second)
	}, got.option())
	wantErr(t, "Run", err, errBoom)
	wantErr(t, "what main left", left.Err(), asyncio.ErrTaskCancelled)
	if len(got) != 1 || got[0].TaskName != "submitted" || got[0].Created != created {
		t.Errorf("reported %+v, want the submitted task created at %s", got, created)
	}
}

// After Run the task has failed from the beginning.
func TestSubmitAfterRun(t *testing.T) {
	l := asyncio.NewLoop()
	if err := l.Run(t.Context(), failing(nil)); err != nil {
		t.Error(err)
	}
	task := asyncio.Submit(l, asyncio.Coroutine[int](func(context.Context) (int, error) { t.Error("it ran"); return 0, nil }))
	if err := task.Err(); err != asyncio.ErrLoopClosed || !closed(task.Done()) || task.Cancel(nil) {
		t.Errorf("error %v, Done closed %v; want ErrLoopClosed and true", err, closed(task.Done()))
	}
	if _, err := task.Await(t.Context()); err != asyncio.ErrLoopClosed {
		t.Errorf("Await: %v, want ErrLoopClosed", err)
	}
	task.OnDone(func() { t.Error("a callback of a closed loop ran") })
}

// Submitters that race with the end of the loop get an end of their task in any
// case: its value, a cancellation, or ErrLoopClosed.
func TestSubmitUntilTheLoopCloses(t *testing.T) {
	for range 20 {
		l := asyncio.NewLoop(asyncio.WithLogger(quiet))
		var all sync.WaitGroup
		started := make(chan bool, 4)
		for range cap(started) {
			all.Go(func() {
				for n := 0; ; n++ {
					v, err := asyncio.Submit(l, asyncio.Coroutine[int](func(ctx context.Context) (int, error) { return 7, nil })).Await(context.Background())
					if n == 0 {
						started <- true
					}
					switch {
					case err == asyncio.ErrLoopClosed:
						return
					case err == nil && v == 7, errors.Is(err, asyncio.ErrTaskCancelled):
					default:
						t.Errorf("Await gave %d, %v", v, err)
						return
					}
				}
			})
		}
		err := l.Run(t.Context(), func(ctx context.Context) error {
			for range cap(started) {
				if _, err := asyncio.ToThread(ctx, func(context.Context) (bool, error) { return <-started, nil }); err != nil {
					return err
				}
			}
			return nil
		})
		all.Wait()
		for _, e := range leaves(err) {
			if e != nil && !errors.Is(e, asyncio.ErrLoopClosed) {
				t.Errorf("Run returned %v", e)
			}
		}
	}
}

// Tasks of one loop are awaited by tasks of another.
func TestAwaitAcrossLoops(t *testing.T) {
	ready, over := make(chan *asyncio.Loop), make(chan error)
	stop := make(chan struct{})
	go func() {
		over <- asyncio.Run(t.Context(), func(ctx context.Context) error {
			ready <- asyncio.LoopOf(ctx)
			_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { <-stop; return 0, nil })
			return err
		})
	}()
	other := <-ready
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		var aws []asyncio.Awaitable[string]
		for i := range 5 {
			aws = append(aws, asyncio.Submit(other, asyncio.Coroutine[string](func(ctx context.Context) (string, error) {
				if asyncio.LoopOf(ctx) != other {
					t.Error("it does not run on the other loop")
				}
				return fmt.Sprint("from elsewhere ", i), asyncio.Sleep(ctx, 0)
			})))
		}
		if v, err := aws[0].Await(ctx); v != "from elsewhere 0" || err != nil {
			t.Errorf("Await gave %q, %v", v, err)
		}
		vs, err := asyncio.Gather(ctx, aws...)
		if len(vs) != 5 || vs[4] != "from elsewhere 4" || err != nil {
			t.Errorf("Gather gave %q, %v", vs, err)
		}
		return nil
	})
	close(stop)
	if otherErr := <-over; err != nil || otherErr != nil {
		t.Errorf("Run: %v and %v", err, otherErr)
	}
}
