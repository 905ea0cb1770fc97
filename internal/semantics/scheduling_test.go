package semantics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S1: tasks, callbacks and wake-ups stand in one line.
func TestS01_ReadyQueueIsFirstInFirstOut(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var tr trace
		l := asyncio.LoopOf(ctx)
		f := asyncio.NewFuture[int](ctx)
		asyncio.Go(ctx, func(ctx context.Context) error {
			f.Await(ctx)
			tr.add("woken")
			return nil
		})
		asyncio.Sleep(ctx, 0) // it awaits f now

		step := func(name string) { asyncio.Go(ctx, func(context.Context) error { tr.add(name); return nil }) }
		call := func(name string) { l.CallSoon(func() { tr.add(name) }) }
		step("a")
		call("b")
		f.SetResult(1)
		call("c")
		step("d")
		step("e")
		call("f")
		asyncio.Sleep(ctx, 0)
		tr.expect(t, "a b woken c d e f")
	})
}

// S1: what becomes ready during a turn runs in the next one.
func TestS01_ATurnRunsWhatWasReadyWhenItBegan(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		turns, stop := countTurns(ctx)
		defer stop()
		l := asyncio.LoopOf(ctx)
		var tr trace
		asyncio.Go(ctx, func(ctx context.Context) error {
			tr.add("first ", *turns)
			asyncio.Go(ctx, func(ctx context.Context) error {
				tr.add("its-task ", *turns)
				return nil
			})
			l.CallSoon(func() {
				tr.add("its-callback ", *turns)
				l.CallSoon(func() { tr.add("callback's ", *turns) })
			})
			return nil
		})
		asyncio.Go(ctx, func(ctx context.Context) error {
			tr.add("second ", *turns)
			return nil
		})
		for range 4 {
			asyncio.Sleep(ctx, 0)
		}
		tr.expect(t, "first 1 second 1 its-task 2 its-callback 2 callback's 3")
	})
}

// S1: a due timer waits only for the turn under way, although tasks that make
// each other ready would go on for ever.
func TestS01_ATurnEndsWhileTasksKeepEachOtherReady(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		fired := false
		steps := 0
		asyncio.LoopOf(ctx).CallLater(0, func() { fired = true })
		for range 3 {
			asyncio.Go(ctx, func(ctx context.Context) error {
				for !fired && steps < 1000 {
					steps++
					asyncio.Sleep(ctx, 0)
				}
				return nil
			})
		}
		asyncio.Sleep(ctx, time.Second)
		if steps > 6 {
			t.Errorf("the timer that was due fired after %d steps of other tasks, want 6 at most: two turns", steps)
		}
	})
}

// S1: whatever wakes a task returns before the woken task runs.
func TestS01_AWakeUpNeverRunsInline(t *testing.T) {
	wakers := map[string]func(f *asyncio.Future[int], sleeper *asyncio.Task[int]){
		"SetResult":     func(f *asyncio.Future[int], _ *asyncio.Task[int]) { f.SetResult(1) },
		"SetError":      func(f *asyncio.Future[int], _ *asyncio.Task[int]) { f.SetError(errBoom) },
		"Future.Cancel": func(f *asyncio.Future[int], _ *asyncio.Task[int]) { f.Cancel(nil) },
		"Task.Cancel":   func(_ *asyncio.Future[int], sleeper *asyncio.Task[int]) { sleeper.Cancel(nil) },
	}
	for name, wake := range wakers {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				f := asyncio.NewFuture[int](ctx)
				woken, called := false, false
				sleeper := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
					defer func() { woken = true }()
					return f.Await(ctx)
				})
				f.OnDone(func() { called = true })
				asyncio.Sleep(ctx, 0)
				wake(f, sleeper)
				if woken || called {
					t.Errorf("on return of the wake-up: task ran %v, callback ran %v, want neither", woken, called)
				}
				asyncio.Sleep(ctx, 0)
				if !woken {
					t.Error("the woken task did not run in the next turn")
				}
				sleeper.Err()
				f.Cancel(nil)
			})
		})
	}
}

// S2: giving up a turn costs one turn, not none and not two.
func TestS02_SleepZeroCostsExactlyOneTurn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		turns, stop := countTurns(ctx)
		defer stop()
		for i, d := range []time.Duration{0, 0, -1, -time.Hour, 0} {
			asyncio.Sleep(ctx, d)
			if *turns != i+1 {
				t.Errorf("after %d sleeps, the last of %v: %d turns", i+1, d, *turns)
			}
		}
	})
}

// S2: tasks that give up their turns alternate strictly.
func TestS02_SleepZeroRoundRobin(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var tr trace
		for _, name := range []string{"a", "b", "c"} {
			asyncio.Go(ctx, func(ctx context.Context) error {
				for i := range 3 {
					tr.add(name, i)
					asyncio.Sleep(ctx, 0)
				}
				return nil
			})
		}
		asyncio.Sleep(ctx, time.Second)
		tr.expect(t, "a0 b0 c0 a1 b1 c1 a2 b2 c2")
	})
}

// S2: what is done already is awaited without a turn.
func TestS02_AwaitingWhatIsDoneCostsNoTurn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.CreateTask(ctx, value(1))
		failed := asyncio.Go(ctx, failing(errBoom))
		f := asyncio.NewFuture[int](ctx)
		f.SetResult(2)
		asyncio.Sleep(ctx, 0)

		turns, stop := countTurns(ctx)
		defer stop()
		awaits := map[string]func(){
			"Task.Await":     func() { task.Await(ctx) },
			"failed Task":    func() { failed.Await(ctx) },
			"Future.Await":   func() { f.Await(ctx) },
			"Gather":         func() { asyncio.Gather(ctx, task, task) },
			"GatherResults":  func() { asyncio.GatherResults(ctx, f) },
			"Wait":           func() { asyncio.Wait(ctx, asyncio.AllCompleted, task) },
			"WaitFor":        func() { asyncio.WaitFor(ctx, time.Second, asyncio.Awaitable[int](task)) },
			"empty Gather":   func() { asyncio.Gather[int, *asyncio.Task[int]](ctx) },
			"empty group":    func() { asyncio.WithTaskGroup(ctx, func(context.Context) error { return nil }) },
			"Checkpoint":     func() { asyncio.Checkpoint(ctx) },
			"empty Wait":     func() { asyncio.Wait[asyncio.AnyTask](ctx, asyncio.AllCompleted) },
			"FirstCompleted": func() { asyncio.Wait(ctx, asyncio.FirstCompleted, task) },
			"Task.Result":    func() { task.Result() },
		}
		for name, await := range awaits {
			await()
			if *turns != 0 {
				t.Errorf("%s cost %d turns, want 0", name, *turns)
				*turns = 0
			}
		}
	})
}

// S2: a coroutine that is awaited is a call, in the calling task.
func TestS02_AnAwaitedCoroutineRunsInsideTheCaller(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		turns, stop := countTurns(ctx)
		defer stop()
		me := asyncio.CurrentTask(ctx)
		var inside asyncio.AnyTask
		c := asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
			inside = asyncio.CurrentTask(ctx)
			return 7, errBoom
		})
		v, err := c.Await(ctx)
		if v != 7 || err != errBoom || inside != me || *turns != 0 {
			t.Errorf("got %d, %v in task %v after %d turns; want 7, boom in %v after 0", v, err, inside, *turns, me)
		}
		if _, err := asyncio.Proc(failing(errBoom)).Await(ctx); err != errBoom || *turns != 0 {
			t.Errorf("Proc: got %v after %d turns, want boom after 0", err, *turns)
		}
		if tasks := asyncio.LoopOf(ctx).Tasks(); len(tasks) != 1 {
			t.Errorf("%d tasks live, want main alone", len(tasks))
		}
	})
}

// S3: the call returns before the body begins, and the body begins in the next
// turn.
func TestS03_CreateTaskReturnsAtOnce(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		turns, stop := countTurns(ctx)
		defer stop()
		began := -1
		task := asyncio.Go(ctx, func(context.Context) error { began = *turns; return nil })
		if began != -1 || task.Err() != asyncio.ErrNotDone {
			t.Errorf("on return the body had begun (turn %d), error %v", began, task.Err())
		}
		task.Await(ctx)
		if began != 1 {
			t.Errorf("the body began in turn %d, want 1", began)
		}
	})
}

// S3: whichever call creates them, tasks begin in order of creation.
func TestS03_TasksBeginInCreationOrder(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var tr trace
		body := func(name string) asyncio.Coroutine[int] {
			return func(context.Context) (int, error) { tr.add(name); return 0, nil }
		}
		err := asyncio.WithTaskGroup(ctx, func(group context.Context) error {
			asyncio.CreateTask(ctx, body("created"))
			asyncio.CreateTask(group, body("in-group"))
			asyncio.Go(ctx, func(context.Context) error { tr.add("go"); return nil })
			asyncio.Submit(asyncio.LoopOf(ctx), body("submitted"))
			asyncio.CreateTask(context.WithoutCancel(group), body("shielded"))
			asyncio.Gather(ctx, body("gathered-1"), body("gathered-2"))
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		tr.expect(t, "created in-group go submitted shielded gathered-1 gathered-2")
	})
}

// S3: however it is cancelled, a task that has not begun never does.
func TestS03_CancelledBeforeTheFirstStepTheBodyNeverRuns(t *testing.T) {
	cancels := map[string]func(ctx context.Context, t *testing.T, body asyncio.Coroutine[int]) *asyncio.Task[int]{
		"by handle": func(ctx context.Context, t *testing.T, body asyncio.Coroutine[int]) *asyncio.Task[int] {
			task := asyncio.CreateTask(ctx, body)
			if !task.Cancel(errBoom) {
				t.Error("Cancel reported false for a task that had not begun")
			}
			return task
		},
		"by a std context": func(ctx context.Context, t *testing.T, body asyncio.Coroutine[int]) *asyncio.Task[int] {
			ctx, cancel := context.WithCancelCause(ctx)
			task := asyncio.CreateTask(ctx, body)
			cancel(errBoom)
			return task
		},
		"created in a cancelled context": func(ctx context.Context, t *testing.T, body asyncio.Coroutine[int]) *asyncio.Task[int] {
			var task *asyncio.Task[int]
			asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.CurrentTask(ctx).Cancel(errBoom)
				task = asyncio.CreateTask(ctx, body)
				return ctx.Err()
			}).Await(ctx)
			return task
		},
		"with its group": func(ctx context.Context, t *testing.T, body asyncio.Coroutine[int]) *asyncio.Task[int] {
			var task *asyncio.Task[int]
			asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				task = asyncio.CreateTask(ctx, body)
				return errBoom
			})
			return task
		},
	}
	for name, cancel := range cancels {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				ran := false
				task := cancel(ctx, t, func(context.Context) (int, error) { ran = true; return 7, nil })
				v, err := task.Await(ctx)
				if ran || v != 0 {
					t.Errorf("the body ran: %v, and gave %d", ran, v)
				}
				for _, want := range []error{asyncio.ErrTaskCancelled, context.Canceled, errBoom} {
					if !errors.Is(err, want) {
						t.Errorf("error %v does not match %v", err, want)
					}
				}
				if task.Cancel(nil) {
					t.Error("Cancel of the ended task reported true")
				}
			})
		})
	}
}
