package semantics_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// expectTasks checks what the metrics say of tasks.
func expectTasks(t *testing.T, m asyncio.Metrics, want asyncio.TaskMetrics) {
	t.Helper()
	if m.Tasks != want {
		t.Errorf("tasks are counted as %+v, want %+v", m.Tasks, want)
	}
}

func TestMetricsCountOutcomes(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		failing := func(context.Context) error { return errors.New("failed") }
		var tasks []*asyncio.Task[struct{}]
		for range 3 {
			tasks = append(tasks, asyncio.Go(ctx, func(context.Context) error { return nil }))
		}
		for range 2 {
			tasks = append(tasks, asyncio.Go(ctx, failing))
		}
		tasks = append(tasks, asyncio.Go(ctx, func(context.Context) error { panic("panicked") }))
		cancelled := asyncio.Go(ctx, forever)
		begun := asyncio.Go(ctx, forever)
		cancelled.Cancel(nil)
		asyncio.Wait(ctx, asyncio.AllCompleted, tasks...)
		begun.Cancel(nil)
		asyncio.Wait(ctx, asyncio.AllCompleted, cancelled, begun)
		for _, task := range tasks {
			task.Err()
		}
		m := asyncio.LoopOf(ctx).Metrics()
		expectTasks(t, m, asyncio.TaskMetrics{Created: 9, Running: 1, Succeeded: 3, Failed: 2, Cancelled: 2, Panics: 1})

		// A task of an ended scope fails before it begins.
		var group context.Context
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { group = ctx; return nil })
		asyncio.Go(group, forever).Err()
		m = asyncio.LoopOf(ctx).Metrics()
		expectTasks(t, m, asyncio.TaskMetrics{Created: 10, Running: 1, Succeeded: 3, Failed: 3, Cancelled: 2, Panics: 1})
	}, asyncio.WithPanicsAsErrors())
}

func TestMetricsCountTasksByState(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range 5 {
				asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
			}
			asyncio.Sleep(ctx, time.Second)
			for range 2 {
				asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
			}
			l.CallSoon(func() {
				m := l.Metrics() // in a callback no task runs
				expectTasks(t, m, asyncio.TaskMetrics{Created: 8, Waiting: 8})
			})
			m := l.Metrics()
			if m.Ready != 3 {
				t.Errorf("%d ready, want two tasks and a callback", m.Ready)
			}
			if m.Timers != 5 {
				t.Errorf("%d timers, want those of the 5 tasks that sleep", m.Timers)
			}
			expectTasks(t, m, asyncio.TaskMetrics{Created: 8, Ready: 2, Running: 1, Waiting: 5})
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Each await that gives up control ends a step, whether another task runs between
// or not.
func TestMetricsCountSteps(t *testing.T) {
	const yields = 150 // the loop comes to its root several times
	for _, others := range []int{0, 1, 3} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l := asyncio.LoopOf(ctx)
			yield := func(ctx context.Context) error {
				for range yields {
					if err := asyncio.Sleep(ctx, 0); err != nil {
						return err
					}
				}
				return nil
			}
			before := l.Metrics()
			asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				for range others {
					asyncio.Go(ctx, yield)
				}
				return yield(ctx)
			})
			after := l.Metrics()
			// Each of the others has one step more, as has main if it waited for them.
			want := uint64((others+1)*yields + others + min(others, 1))
			if got := after.Steps - before.Steps; got != want {
				t.Errorf("%d steps of %d tasks, want %d", got, others+1, want)
			}
			if turns := after.Turns - before.Turns; turns < yields || turns > yields+yields/10 {
				t.Errorf("%d turns, want %d or a few more", turns, yields)
			}
		})
	}
}

func TestMetricsTellIdleTime(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		before := l.Metrics()
		asyncio.Sleep(ctx, time.Hour)
		m := l.Metrics()
		if m.Uptime != time.Hour || m.Idle != time.Hour || m.Busy() != 0 {
			t.Errorf("up for %v, of that idle for %v: want an hour each", m.Uptime, m.Idle)
		}
		time.Sleep(time.Hour) // blocks the loop
		m = l.Metrics()
		if m.Uptime != 2*time.Hour || m.Idle != time.Hour {
			t.Errorf("up for %v, of that idle for %v: want two hours and one", m.Uptime, m.Idle)
		}
		if u := m.Utilization(asyncio.Metrics{}); u != 0.5 {
			t.Errorf("a utilization of %v since the beginning, want 0.5", u)
		}
		if u := m.Utilization(m); u != 0 {
			t.Errorf("a utilization of %v in no time, want 0", u)
		}
		if u := before.Utilization(asyncio.Metrics{}); u != 0 {
			t.Errorf("a utilization of %v at the beginning, want 0", u)
		}
	}, asynciotest.AllowStalls())
}

// Another goroutine sees a sleeping loop's waiting as it goes on.
func TestMetricsOfASleepingLoopFromOutside(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		seen := make(chan asyncio.Metrics, 1)
		time.AfterFunc(30*time.Minute, func() { seen <- l.Metrics() })
		asyncio.Sleep(ctx, time.Hour)
		if m := <-seen; m.Idle != 30*time.Minute || m.Tasks.Waiting != 1 || m.Tasks.Running != 0 {
			t.Errorf("idle for %v with tasks %+v, want 30m and one that waits", m.Idle, m.Tasks)
		}
	})
}

// While a step blocks the loop, others read how many wait for it, and for how long.
func TestMetricsOfABlockedLoop(t *testing.T) {
	const tasks = 100
	l := asyncio.NewLoop(asyncio.WithName("blocked"))
	blocked, release := make(chan struct{}), make(chan struct{})
	seen := make(chan asyncio.Metrics, 1)
	go func() {
		<-blocked
		m := l.Metrics()
		for m.CurrentDelay == 0 { // the monitor's next tick
			runtime.Gosched()
			m = l.Metrics()
		}
		seen <- m
		close(release)
	}()
	err := l.Run(context.Background(), func(ctx context.Context) error {
		never := asyncio.NewFuture[int](ctx)
		for range tasks {
			asyncio.Go(ctx, func(ctx context.Context) error { _, err := never.Await(ctx); return err })
		}
		for l.Metrics().Tasks.Waiting < tasks {
			asyncio.Sleep(ctx, 0)
		}
		asyncio.Sleep(ctx, time.Millisecond) // the loop goes by its root
		close(blocked)
		<-release
		for l.Metrics().Delay.Count() == 0 {
			asyncio.Sleep(ctx, 0)
		}
		if l.Metrics().Delay.Sum <= 0 {
			t.Error("the delay is not in the histogram")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	m := <-seen
	expectTasks(t, m, asyncio.TaskMetrics{Created: tasks + 1, Running: 1, Waiting: tasks})
	if m.Name != "blocked" {
		t.Errorf("the name is %q", m.Name)
	}
	m = l.Metrics()
	expectTasks(t, m, asyncio.TaskMetrics{Created: tasks + 1, Succeeded: 1, Cancelled: tasks})
	if m.CurrentDelay != 0 || m.Uptime == 0 || m.Uptime != l.Metrics().Uptime {
		t.Errorf("a closed loop tells a delay of %v, and %v of Run", m.CurrentDelay, m.Uptime)
	}
}

func TestMetricsBeforeRun(t *testing.T) {
	m := asyncio.NewLoop().Metrics()
	expectTasks(t, m, asyncio.TaskMetrics{})
	if m.Uptime != 0 || m.Busy() != 0 || m.Steps != 0 || len(m.Executors) != 0 {
		t.Errorf("a loop that has not begun tells %+v", m)
	}
}

// metered tells that it runs, and waits to be told to end, by meterGate.
var metered = asyncio.Register("semantics.metered", func(context.Context, int) (int, error) {
	meterGate <- struct{}{}
	<-meterGate
	return 0, nil
})

var meterGate chan struct{} // made by the test, in its bubble

func TestMetricsTellOfExecutors(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		if got := l.Metrics().Executors; len(got) != 0 {
			t.Errorf("executors %v before the first call", got)
		}
		pool := asyncio.NewThreadPool(1)
		ch := make(chan struct{})
		meterGate = ch
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range 3 {
				metered.Submit(ctx, pool, 0)
			}
			asyncio.Recv(ctx, ch)
			got := l.Metrics().Executors
			if len(got) != 1 || got[0].Workers != 1 || got[0].Running != 1 || got[0].Waiting != 2 || got[0].Name != pool.Metrics().Name {
				t.Errorf("the pool tells %+v, want one call that runs and two that wait", got)
			}
			asyncio.Send(ctx, ch, struct{}{})
			for range 2 {
				asyncio.Recv(ctx, ch)
				asyncio.Send(ctx, ch, struct{}{})
			}
			return nil
		})
		if err := pool.Close(ctx); err != nil {
			t.Error(err)
		}
		if got := l.Metrics().Executors; len(got) != 1 || !got[0].Closed || got[0].Running != 0 {
			t.Errorf("the closed pool tells %+v", got)
		}
		other := asyncio.NewThreadPool(2)
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			metered.Submit(ctx, other, 0)
			asyncio.Recv(ctx, ch)
			return asyncio.Send(ctx, ch, struct{}{})
		})
		if got := l.Metrics().Executors; len(got) != 1 || got[0].Name != other.Metrics().Name {
			t.Errorf("executors %+v, want the one that is not closed", got)
		}
		other.Close(ctx)
	})
}

func TestMetricsTellOfThreads(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		ch := make(chan struct{})
		asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { <-ch; return 0, nil })
			return err
		})
		asyncio.Sleep(ctx, 0)
		if m := l.Metrics().Threads; m.Running != 1 || m.Waiting != 0 || m.Workers != 512 {
			t.Errorf("threads are %+v, want one call that runs", m)
		}
		close(ch)
		for l.Metrics().Threads.Running > 0 {
			asyncio.Sleep(ctx, 0)
		}
		for len(l.Tasks()) > 1 {
			asyncio.Sleep(ctx, 0)
		}
	})
}

// What has ended stays counted, also while a step blocks the loop after tasks were created
// that the last whole copy of the figures does not have.
func TestMetricsOutcomesNeverGoBack(t *testing.T) {
	const ended, created = 5, 100
	l := asyncio.NewLoop()
	blocked, release := make(chan struct{}), make(chan struct{})
	seen := make(chan asyncio.Metrics, 1)
	go func() {
		<-blocked
		seen <- l.Metrics()
		close(release)
	}()
	err := l.Run(context.Background(), func(ctx context.Context) error {
		for range ended {
			if _, err := asyncio.Go(ctx, func(context.Context) error { return nil }).Await(ctx); err != nil {
				return err
			}
		}
		if m := l.Metrics(); m.Tasks.Succeeded != ended {
			t.Errorf("%d succeeded, want %d", m.Tasks.Succeeded, ended)
		}
		for range created {
			asyncio.Go(ctx, forever)
		}
		asyncio.Sleep(ctx, time.Millisecond) // the next turn begins on the root, which counts who lives
		close(blocked)
		<-release
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if m := <-seen; m.Tasks.Succeeded != ended {
		t.Errorf("of a blocked loop with %d more tasks, %d succeeded; want %d, as before", created, m.Tasks.Succeeded, ended)
	}
}
