package semantics_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S20, third part: several loops, and loops that have ended.

// withOtherLoop runs body on one loop while a second one waits in another goroutine; other is a ctx of the second.
func withOtherLoop(t *testing.T, body func(ctx, other context.Context, t *testing.T)) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		started := make(chan context.Context, 1)
		ended := make(chan error, 1)
		stop, cancel := context.WithCancel(context.Background())
		go func() {
			ended <- asyncio.Run(stop, func(ctx context.Context) error {
				started <- ctx
				forever(ctx)
				return nil
			})
		}()
		synctest.Wait()
		body(ctx, <-started, t)
		cancel()
		synctest.Wait()
		if err := <-ended; err != nil {
			t.Errorf("the other loop: %v", err)
		}
	})
}

func TestS20_TheContextOfAnotherLoopIsRefused(t *testing.T) {
	withOtherLoop(t, func(ctx, other context.Context, t *testing.T) {
		calls, end, used := suspendingCalls(ctx)
		defer end()
		for _, call := range calls {
			wantErr(t, call.name, call.call(other), asyncio.ErrWrongLoop)
			wantNotErr(t, call.name, call.call(other), asyncio.ErrWrongTask)
		}
		l := asyncio.LoopOf(other)
		wantPanic(t, "CreateTask", func() { asyncio.Go(other, forever) }, asyncio.ErrWrongLoop, "Go", "Submit")
		wantPanic(t, "CallSoon", func() { l.CallSoon(func() {}) }, asyncio.ErrWrongLoop, "CallSoon")
		if *used != 0 {
			t.Errorf("%d functions were entered", *used)
		}
	})
}

// Awaiting a task or a future of another loop is legal, and a suspension like any other.
func TestS20_TasksOfAnotherLoopCanBeAwaited(t *testing.T) {
	withOtherLoop(t, func(ctx, other context.Context, t *testing.T) {
		start := time.Now()
		worker := asyncio.Submit(asyncio.LoopOf(other), func(ctx context.Context) (int, error) { return 42, asyncio.Sleep(ctx, time.Second) })
		future := asyncio.NewFuture[int](other)
		time.AfterFunc(time.Second, func() { future.SetResult(42) })
		both, err := asyncio.Gather(ctx, []asyncio.Awaitable[int]{worker, future}...)
		if err != nil || both[0] != 42 || both[1] != 42 || time.Since(start) != time.Second {
			t.Errorf("%v, %v after %v; want [42 42] after 1s", both, err, time.Since(start))
		}
		for range 2 { // what is done costs nothing
			if v := await(ctx, t, worker); v != 42 {
				t.Errorf("again: %d", v)
			}
		}
		wantErr(t, "WaitFor", second(asyncio.WaitFor(ctx, time.Second, asyncio.NewFuture[int](other))), context.DeadlineExceeded)
	})
}

func TestS20_AnAwaitAcrossLoopsCanBeCancelled(t *testing.T) {
	withOtherLoop(t, func(ctx, other context.Context, t *testing.T) {
		worker := asyncio.Submit(asyncio.LoopOf(other), func(ctx context.Context) (int, error) { return 42, asyncio.Sleep(ctx, time.Minute) })
		waiter := asyncio.Go(ctx, func(ctx context.Context) error { return second(worker.Await(ctx)) })
		asyncio.Sleep(ctx, time.Second)
		waiter.Cancel(nil)
		start := time.Now()
		_, err := waiter.Await(ctx)
		wantErr(t, "the waiter", err, asyncio.ErrTaskCancelled)
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
		if v := await(ctx, t, worker); v != 42 {
			t.Errorf("the awaited: %d, want 42: it is not cancelled along", v)
		}
	})
}

// Two loops that await each other's tasks, many times over.
func TestS20_TwoLoopsAwaitEachOthersTasks(t *testing.T) {
	const rounds = 200
	loops := []*asyncio.Loop{asyncio.NewLoop(), asyncio.NewLoop()}
	var call func(here, depth int) asyncio.Coroutine[int]
	call = func(here, depth int) asyncio.Coroutine[int] {
		return func(ctx context.Context) (int, error) {
			if depth == 0 {
				return 1, asyncio.Sleep(ctx, 0)
			}
			there := 1 - here
			v, err := asyncio.Submit(loops[there], call(there, depth-1)).Await(ctx)
			return v + 1, err
		}
	}
	ended := make(chan error, len(loops))
	var started, finished sync.WaitGroup
	started.Add(len(loops))
	finished.Add(len(loops))
	barrier := func(ctx context.Context, all *sync.WaitGroup) error {
		all.Done()
		return offLoop(ctx, func(context.Context) error { all.Wait(); return nil })
	}
	for i, l := range loops {
		go func() {
			ended <- l.Run(context.Background(), func(ctx context.Context) error {
				if err := barrier(ctx, &started); err != nil {
					return err
				}
				for range rounds {
					if v, err := call(i, 6)(ctx); v != 7 || err != nil {
						t.Errorf("loop %d: %d, %v; want 7", i, v, err)
					}
				}
				return barrier(ctx, &finished)
			})
		}()
	}
	for range loops {
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// Wait has no way to observe another loop's tasks one by one: an error tells, and done and pending are filled.
func TestS20_WaitForTasksOfAnotherLoopIsRefused(t *testing.T) {
	withOtherLoop(t, func(ctx, other context.Context, t *testing.T) {
		mine := asyncio.Go(ctx, func(context.Context) error { return nil })
		await(ctx, t, mine)
		theirs := asyncio.Submit(asyncio.LoopOf(other), asyncio.Coro(func(ctx context.Context, _ int) (struct{}, error) { return struct{}{}, forever(ctx) }, 1))
		done, pending, err := asyncio.Wait(ctx, asyncio.AllCompleted, mine, theirs)
		wantErr(t, "Wait", err, asyncio.ErrWrongLoop)
		if len(done) != 1 || len(pending) != 1 || done[0] != mine || pending[0] != theirs {
			t.Errorf("done %v, pending %v", done, pending)
		}
	})
}

// Whoever awaits a task of a loop that ends is told.
func TestS20_TheEndOfTheOtherLoopEndsTheAwait(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		stop, cancel := context.WithCancel(context.Background())
		ctxs := make(chan context.Context, 1)
		go asyncio.Run(stop, func(ctx context.Context) error {
			ctxs <- ctx
			return forever(ctx)
		})
		synctest.Wait()
		pending := asyncio.NewFuture[int](<-ctxs)
		waiter := asyncio.Go(ctx, func(ctx context.Context) error { return second(pending.Await(ctx)) })
		blocked := make(chan error, 1)
		go func() { blocked <- second(pending.Await(context.Background())) }()
		asyncio.Sleep(ctx, time.Second)
		cancel()
		_, err := waiter.Await(ctx)
		wantErr(t, "a task of a living loop", err, asyncio.ErrLoopClosed)
		wantErr(t, "a goroutine", <-blocked, asyncio.ErrLoopClosed)
		wantErr(t, "a later await", second(pending.Await(ctx)), asyncio.ErrLoopClosed)
		if !pending.SetResult(7) {
			t.Error("SetResult on a future of a closed loop: false")
		}
		if v := await(ctx, t, pending); v != 7 {
			t.Errorf("what is done can be read for ever: %d, want 7", v)
		}
	})
}

func TestS20_TheContextOfAClosedLoop(t *testing.T) {
	var old context.Context
	var done, failed *asyncio.Task[int]
	asyncio.Run(t.Context(), func(ctx context.Context) error {
		old = ctx
		done = asyncio.CreateTask(ctx, func(context.Context) (int, error) { return 7, nil })
		failed = asyncio.CreateTask(ctx, func(context.Context) (int, error) { return 0, errBroken })
		asyncio.Wait(ctx, asyncio.AllCompleted, done, failed)
		failed.Err()
		return nil
	})
	l := asyncio.LoopOf(old)
	use := func(t *testing.T) {
		var calls []suspendingCall
		asyncio.Run(context.Background(), func(ctx context.Context) error {
			var end func()
			calls, end, _ = suspendingCalls(ctx)
			end()
			return nil
		})
		for _, call := range calls {
			wantErr(t, call.name, call.call(old), asyncio.ErrLoopClosed)
		}
	}
	t.Run("from a goroutine", func(t *testing.T) { use(t) })
	wantPanic(t, "CreateTask", func() { asyncio.CreateTask(old, func(context.Context) (int, error) { return 1, nil }) }, asyncio.ErrLoopClosed, "CreateTask")
	wantPanic(t, "CallSoon", func() { l.CallSoon(func() {}) }, asyncio.ErrLoopClosed, "CallSoon")
	wantErr(t, "CallSoonThreadsafe", l.CallSoonThreadsafe(func() { t.Error("it was called") }), asyncio.ErrLoopClosed)
	wantErr(t, "Submit", asyncio.Submit(l, func(context.Context) (int, error) { t.Error("it ran"); return 1, nil }).Err(), asyncio.ErrLoopClosed)
	wantErr(t, "Run", l.Run(t.Context(), func(context.Context) error { t.Error("it ran"); return nil }), asyncio.ErrLoopClosed)
	if len(l.Tasks()) != 0 || asyncio.CurrentTask(old) != nil {
		t.Error("Tasks and CurrentTask: want none")
	}
	// What has been computed stays readable.
	if v, err := done.Await(context.Background()); v != 7 || err != nil {
		t.Errorf("a task of the closed loop: %d, %v; want 7", v, err)
	}
	wantErr(t, "a failed task of the closed loop", second(failed.Await(context.Background())), errBroken)
	if done.Cancel(nil) {
		t.Error("Cancel after the end: true")
	}
	select {
	case <-done.Done():
	default:
		t.Error("Done is open")
	}
}
