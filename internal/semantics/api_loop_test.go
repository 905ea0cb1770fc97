package semantics_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// contains reports whether the error's text has some text in it.
func contains(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }

func TestCallbacksRunInOrderOfTheirTime(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var tr trace
		l := asyncio.LoopOf(ctx)
		start := l.Now()
		l.CallAt(start.Add(2*time.Second), func() { tr.add("at-2s") })
		l.CallLater(time.Second, func() { tr.add("1s") })
		l.CallLater(2*time.Second, func() { tr.add("2s") })
		l.CallAt(start.Add(-time.Hour), func() { tr.add("an-hour-ago") })
		l.CallLater(-time.Second, func() { tr.add("a-second-ago") })
		l.CallLater(1<<63-1, func() { t.Error("a callback of in 292 years ran") }).Cancel()
		l.CallSoon(func() { tr.add("soon") })
		asyncio.Sleep(ctx, time.Hour)
		tr.expect(t, "soon an-hour-ago a-second-ago 1s at-2s 2s")
	})
}

func TestACancelledCallbackDoesNotRun(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		ran := 0
		for name, h := range map[string]*asyncio.Handle{
			"CallSoon":  l.CallSoon(func() { t.Error("a cancelled CallSoon ran") }),
			"CallLater": l.CallLater(time.Second, func() { t.Error("a cancelled CallLater ran") }),
			"CallAt":    l.CallAt(l.Now().Add(time.Second), func() { t.Error("a cancelled CallAt ran") }),
		} {
			if first, second := h.Cancel(), h.Cancel(); !first || second {
				t.Errorf("%s: Cancel reported %v, then %v; want true, then false", name, first, second)
			}
		}
		// Cancelled when it is due and queued already.
		var late *asyncio.Handle
		l.CallLater(time.Second, func() {
			if !late.Cancel() {
				t.Error("Cancel of a callback that was due but had not run reported false")
			}
		})
		late = l.CallLater(time.Second, func() { t.Error("a callback ran that was cancelled at the last moment") })
		own := l.CallSoon(func() { ran++ })
		var itself *asyncio.Handle
		itself = l.CallSoon(func() {
			if itself.Cancel() {
				t.Error("Cancel of the running callback reported true")
			}
		})
		asyncio.Sleep(ctx, time.Hour)
		if ran != 1 || own.Cancel() {
			t.Errorf("the callback that was not cancelled ran %d times; Cancel afterwards reports true", ran)
		}
	})
}

func TestCallSoonThreadsafeWakesTheLoop(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var tr trace
		start := time.Now()
		l := asyncio.LoopOf(ctx)
		over := asyncio.NewFuture[int](ctx)
		go func() {
			time.Sleep(time.Second)
			for _, name := range []string{"a", "b", "c"} {
				if err := l.CallSoonThreadsafe(func() { tr.add(name) }); err != nil {
					t.Error(err)
				}
			}
			l.CallSoonThreadsafe(func() { over.SetResult(1) })
		}()
		await(ctx, t, over)
		tr.expect(t, "a b c")
		if took := time.Since(start); took != time.Second {
			t.Errorf("the loop woke after %v, want 1s", took)
		}
	})
}

// What was accepted runs, however close to the end of the loop; what was not is
// refused with ErrLoopClosed.
func TestCallSoonThreadsafeUntilTheLoopCloses(t *testing.T) {
	for range 20 {
		l := asyncio.NewLoop()
		ran := 0 // by the loop alone
		accepted := make([]int, 4)
		var posters sync.WaitGroup
		started := make(chan bool, len(accepted))
		for i := range accepted {
			posters.Go(func() {
				for {
					err := l.CallSoonThreadsafe(func() { ran++ })
					if err != nil {
						if err != asyncio.ErrLoopClosed {
							t.Errorf("refused with %v, want ErrLoopClosed", err)
						}
						return
					}
					if accepted[i]++; accepted[i] == 1 {
						started <- true
					}
					runtime.Gosched() // to whoever runs the loop
				}
			})
		}
		for range accepted {
			<-started
		}
		err := l.Run(t.Context(), func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) })
		posters.Wait()
		want := 0
		for _, n := range accepted {
			want += n
		}
		if err != nil || ran != want {
			t.Fatalf("%d callbacks were accepted, %d ran; Run: %v", want, ran, err)
		}
	}
}

func TestCallSoonThreadsafeInTheLastCallback(t *testing.T) {
	var outer, inner error
	ran := 0
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		l := asyncio.LoopOf(ctx)
		outer = l.CallSoonThreadsafe(func() {
			ran++
			if inner = l.CallSoonThreadsafe(func() { ran++ }); inner != nil {
				ran++
			}
		})
		return nil
	})
	if err != nil || outer != nil || ran != 2 || inner != nil && inner != asyncio.ErrLoopClosed {
		t.Errorf("accepted with %v and %v, of the two %d ran or were refused; Run: %v", outer, inner, ran, err)
	}
}

func TestTasksListsWhatHasNotEnded(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		parked := asyncio.Go(ctx, forever, asyncio.Name("parked"))
		asyncio.Go(ctx, failing(nil), asyncio.Name("ended"))
		asyncio.Sleep(ctx, 0)
		for i := range 600 { // more than a chunk of the list, which is then used again
			asyncio.CreateTask(ctx, value(i))
		}
		asyncio.Sleep(ctx, 0)
		asyncio.Go(ctx, forever, asyncio.Name("not started"))
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(context.Context) error { return nil }, asyncio.Name("in a group"))
			const want = "[main parked not started in a group]"
			if got := names(l.Tasks()); got != want {
				t.Errorf("on the loop: %s, want %s", got, want)
			}
			asyncio.ToThread(ctx, func(context.Context) (int, error) {
				time.Sleep(time.Second) // until the loop has nothing to do
				if got := names(l.Tasks()); got != "[main parked not started]" {
					t.Errorf("elsewhere: %s, want main, parked, not started", got)
				}
				return 0, nil
			})
			return nil
		})
		tasks := l.Tasks()
		if tasks[1] != asyncio.AnyTask(parked) || tasks[0] != asyncio.CurrentTask(ctx) {
			t.Errorf("%v is not what CreateTask and CurrentTask return", tasks)
		}
		for _, task := range tasks[1:] {
			task.Cancel(nil)
		}
		asyncio.Sleep(ctx, 0)
		if got := names(l.Tasks()); got != "[main]" {
			t.Errorf("in the end: %s, want main alone", got)
		}
	})
}

func TestLoopOfAndCurrentTask(t *testing.T) {
	if asyncio.LoopOf(context.Background()) != nil || asyncio.CurrentTask(context.Background()) != nil {
		t.Error("off the loop: a loop or a task, want nil")
	}
	l := asyncio.NewLoop()
	err := l.Run(t.Context(), func(ctx context.Context) error {
		wrapped, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		me := asyncio.CurrentTask(ctx)
		if asyncio.LoopOf(ctx) != l || asyncio.LoopOf(wrapped) != l || me == nil || asyncio.CurrentTask(wrapped) != me {
			t.Error("in main: another loop or task")
		}
		child := asyncio.Go(ctx, func(childCtx context.Context) error {
			if got := asyncio.CurrentTask(ctx); got == me || got != asyncio.CurrentTask(childCtx) {
				t.Errorf("in a child with main's ctx: %v, want the child", got.Name())
			}
			return nil
		})
		child.Await(ctx)
		l.CallSoon(func() {
			if task := asyncio.CurrentTask(ctx); task != nil {
				t.Errorf("in a callback: %v, want nil", task.Name())
			}
			if asyncio.LoopOf(ctx) != l {
				t.Error("in a callback: another loop")
			}
		})
		asyncio.Sleep(ctx, 0)
		_, err := asyncio.ToThread(ctx, func(threadCtx context.Context) (int, error) {
			if asyncio.LoopOf(threadCtx) != nil || asyncio.CurrentTask(threadCtx) != nil || asyncio.CurrentTask(ctx) != nil {
				t.Error("in a thread: a loop or a task, want nil")
			}
			return 0, nil
		})
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestALoopRunsOnce(t *testing.T) {
	l := asyncio.NewLoop(asyncio.WithName("once"))
	err := l.Run(t.Context(), func(ctx context.Context) error {
		var err error
		asyncio.ToThread(ctx, func(ctx context.Context) (int, error) {
			err = l.Run(ctx, func(context.Context) error { t.Error("a second main ran"); return nil })
			return 0, nil
		})
		if !contains(err, "already running") {
			t.Errorf("Run of a running loop: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := l.Run(t.Context(), failing(nil)); err != asyncio.ErrLoopClosed {
		t.Errorf("Run of an ended loop: %v, want ErrLoopClosed", err)
	}
}
