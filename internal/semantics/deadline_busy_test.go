package semantics_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
)

// S13, S17: a deadline counts from its instant on, also for a step that does not suspend.

// readyCalls are awaits that have nothing to wait for: they return nil at once unless ctx is cancelled.
func readyCalls(ctx context.Context, t *testing.T) []suspendingCall {
	closed, buffered := make(chan int), make(chan int, 1000)
	close(closed)
	full, space := asyncio.NewQueue[int](0), asyncio.NewQueue[int](0)
	for range 1000 {
		full.TryPut(1)
	}
	var lock asyncio.Lock
	var set asyncio.Event
	set.Set()
	future := asyncio.NewFuture[int](ctx)
	future.SetResult(1)
	done := asyncio.CreateTask(ctx, value(1))
	await(ctx, t, done)
	cond := asyncio.NewCondition(nil)
	nothing := func(context.Context) error { return nil }
	return []suspendingCall{
		{"Sleep(0)", func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) }, false},
		{"Checkpoint", asyncio.Checkpoint, false},
		{"Recv", func(ctx context.Context) error { _, _, err := asyncio.Recv(ctx, closed); return err }, false},
		{"Send", func(ctx context.Context) error { return asyncio.Send(ctx, buffered, 1) }, false},
		{"Queue.Get", func(ctx context.Context) error { return second(full.Get(ctx)) }, false},
		{"Queue.Put", func(ctx context.Context) error { return space.Put(ctx, 1) }, false},
		{"Queue.Join", asyncio.NewQueue[int](0).Join, false},
		{"Lock.Acquire", func(ctx context.Context) error {
			err := lock.Acquire(ctx)
			if err == nil {
				lock.Release()
			}
			return err
		}, false},
		{"Semaphore.Acquire", asyncio.NewSemaphore(1000).Acquire, false},
		{"Event.Wait", set.Wait, false},
		{"Barrier.Wait", func(ctx context.Context) error { return second(asyncio.NewBarrier(1).Wait(ctx)) }, false},
		{"Condition.WaitFor", func(ctx context.Context) error {
			cond.L.TryAcquire()
			defer cond.L.Release()
			return cond.WaitFor(ctx, func() bool { return true })
		}, false},
		{"Future.Await", func(ctx context.Context) error { return second(future.Await(ctx)) }, false},
		{"Task.Await", func(ctx context.Context) error { return second(done.Await(ctx)) }, false},
		{"Gather of nothing", func(ctx context.Context) error { return second(asyncio.Gather[int, *asyncio.Task[int]](ctx)) }, false},
		{"Gather", func(ctx context.Context) error { return second(asyncio.Gather(ctx, done)) }, false},
		{"Wait", func(ctx context.Context) error {
			_, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, done)
			return err
		}, false},
		{"WaitFor", func(ctx context.Context) error { return second(asyncio.WaitFor(ctx, time.Hour, done)) }, false},
		{"WithTaskGroup", func(ctx context.Context) error { return asyncio.WithTaskGroup(ctx, nothing) }, false},
		{"ToThread", func(ctx context.Context) error { return offLoop(ctx, nothing) }, false},
		{"Func.Call", func(ctx context.Context) error { return second(deadlineFunc.Call(ctx, deadlinePool, 1)) }, false},
	}
}

var (
	deadlineFunc = asyncio.Register("deadline_busy", func(_ context.Context, n int) (int, error) { return n, nil })
	deadlinePool = asyncio.NewThreadPool(1)
)

const limit = 20 * time.Millisecond

// limits make a context that expires limit from now.
var limits = map[string]func(ctx context.Context, t *testing.T) context.Context{
	"WithTimeout": func(ctx context.Context, _ *testing.T) context.Context {
		return without(asyncio.WithTimeout(ctx, limit))
	},
	"WithDeadline": func(ctx context.Context, _ *testing.T) context.Context {
		return without(asyncio.WithDeadline(ctx, time.Now().Add(limit)))
	},
	"a longer one above": func(ctx context.Context, _ *testing.T) context.Context {
		return without(asyncio.WithTimeout(without(asyncio.WithTimeout(ctx, time.Hour)), limit))
	},
	"a longer one below": func(ctx context.Context, _ *testing.T) context.Context {
		return without(asyncio.WithTimeout(without(asyncio.WithTimeout(ctx, limit)), time.Hour))
	},
	"the same twice": func(ctx context.Context, _ *testing.T) context.Context {
		at := time.Now().Add(limit)
		return without(asyncio.WithDeadline(without(asyncio.WithDeadline(ctx, at)), at))
	},
	"a value below": func(ctx context.Context, _ *testing.T) context.Context {
		return context.WithValue(without(asyncio.WithTimeout(ctx, limit)), testKey{}, 1)
	},
	"above a std context": func(ctx context.Context, _ *testing.T) context.Context {
		return without(asyncio.WithTimeout(without(context.WithTimeout(ctx, time.Hour)), limit))
	},
	"above a shield": func(ctx context.Context, _ *testing.T) context.Context {
		return without(asyncio.WithTimeout(context.WithoutCancel(without(asyncio.WithTimeout(ctx, time.Hour))), limit))
	},
	"of a task": func(ctx context.Context, t *testing.T) (c context.Context) {
		limited := without(asyncio.WithTimeout(ctx, limit))
		asyncio.Go(limited, func(ctx context.Context) error { c = ctx; return forever(ctx) })
		turns(ctx, t, 1)
		return c
	},
	"of a task that has ended": func(ctx context.Context, t *testing.T) (c context.Context) {
		limited := without(asyncio.WithTimeout(ctx, limit))
		await(ctx, t, asyncio.Go(limited, func(ctx context.Context) error { c = ctx; return nil }))
		return c
	},
	"of a group": func(ctx context.Context, t *testing.T) (c context.Context) {
		limited := without(asyncio.WithTimeout(ctx, limit))
		asyncio.Go(ctx, func(context.Context) error {
			err := asyncio.WithTaskGroup(limited, func(ctx context.Context) error { c = ctx; return forever(ctx) })
			wantErr(t, "the group", err, context.DeadlineExceeded)
			return nil
		})
		turns(ctx, t, 1)
		return c
	},
}

// inQuietBubble runs main on a loop without a stall watch, in a bubble whose clock also moves while a step blocks.
func inQuietBubble(t *testing.T, main func(ctx context.Context, t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		err := asyncio.Run(t.Context(), func(ctx context.Context) error { main(ctx, t); return nil },
			asyncio.WithLogger(quiet), asyncio.WithStallThreshold(0))
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestS13_ADeadlineCountsWithinAStep(t *testing.T) {
	for name, make := range limits {
		t.Run(name, func(t *testing.T) {
			inQuietBubble(t, func(ctx context.Context, t *testing.T) {
				for _, await := range readyCalls(ctx, t) {
					c := make(ctx, t)
					if err := await.call(c); err != nil {
						t.Errorf("%s before the deadline: %v", await.name, err)
					}
					time.Sleep(limit) // in the step: it goes on without suspending
					if err := await.call(c); err != context.DeadlineExceeded {
						t.Errorf("%s after the deadline: %v, want DeadlineExceeded", await.name, err)
					}
				}
			})
		})
	}
}

func TestS13_ErrAndCauseSeeADeadlineWithinAStep(t *testing.T) {
	for name, make := range limits {
		t.Run(name, func(t *testing.T) {
			for what, ask := range map[string]func(ctx context.Context) error{
				"Err":   context.Context.Err,
				"Cause": context.Cause,
				"Err below": func(ctx context.Context) error {
					return without(asyncio.WithTimeout(ctx, time.Hour)).Err()
				},
				"Err of a std context below": func(ctx context.Context) error {
					return without(context.WithCancel(ctx)).Err()
				},
				"Err in another goroutine": func(ctx context.Context) error {
					got := asyncErr(ctx)
					return <-got
				},
			} {
				inQuietBubble(t, func(ctx context.Context, t *testing.T) {
					c := make(ctx, t)
					if err := ask(c); err != nil {
						t.Errorf("%s before the deadline: %v", what, err)
					}
					time.Sleep(limit)
					if err := ask(c); err != context.DeadlineExceeded {
						t.Errorf("%s after the deadline: %v, want DeadlineExceeded", what, err)
					}
				})
			}
		})
	}
}

func asyncErr(ctx context.Context) <-chan error {
	got := make(chan error, 1)
	go func() { got <- ctx.Err() }()
	return got
}

// The deadline of a context is not that of what is shielded from it.
func TestS13_AShieldHasNoDeadline(t *testing.T) {
	inQuietBubble(t, func(ctx context.Context, t *testing.T) {
		c := context.WithoutCancel(without(asyncio.WithTimeout(ctx, limit)))
		calls := readyCalls(ctx, t)
		time.Sleep(2 * limit)
		for _, await := range calls {
			if err := await.call(c); err != nil {
				t.Errorf("%s: %v", await.name, err)
			}
		}
	})
}

// Whichever comes first is the reason: a cancellation before the deadline, or the deadline.
func TestS17_TheFirstReasonWithinAStepStays(t *testing.T) {
	inQuietBubble(t, func(ctx context.Context, t *testing.T) {
		c, cancel := asyncio.WithTimeout(ctx, limit)
		cancel()
		time.Sleep(2 * limit)
		if err := c.Err(); err != context.Canceled || asyncio.Sleep(c, 0) != context.Canceled {
			t.Errorf("cancelled before its deadline: %v, want Canceled", err)
		}
		c, cancel = asyncio.WithTimeout(ctx, limit)
		time.Sleep(2 * limit)
		cancel()
		if err := asyncio.Sleep(c, 0); err != context.DeadlineExceeded || context.Cause(c) != err {
			t.Errorf("cancelled after its deadline: %v, cause %v, want DeadlineExceeded", err, context.Cause(c))
		}
		outer := without(asyncio.WithTimeout(ctx, limit))
		c, cancel = asyncio.WithTimeout(outer, time.Hour)
		time.Sleep(2 * limit)
		cancel()
		if err := c.Err(); err != context.DeadlineExceeded {
			t.Errorf("cancelled after the deadline above: %v, want DeadlineExceeded", err)
		}
	})
}

// In real time: a step that only makes ready awaits, or calls Err, ends at its deadline.
func TestS13_ABusyLoopEndsAtItsDeadline(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		calls := append(readyCalls(ctx, t), suspendingCall{"Err", context.Context.Err, false})
		for _, await := range calls {
			switch await.name {
			case "Semaphore.Acquire", "Queue.Get", "Send":
				continue // works a limited number of times
			}
			c, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
			var err error
			for late := time.Now().Add(10 * time.Second); err == nil && time.Now().Before(late); {
				err = await.call(c)
			}
			if err != context.DeadlineExceeded {
				t.Errorf("%s: %v ten seconds later, want DeadlineExceeded", await.name, err)
			}
			cancel()
		}
		return nil
	}, asyncio.WithStallThreshold(0))
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}
