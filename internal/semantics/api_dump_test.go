package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// expectLine checks the one line of a dump that is about the task of some name:
// how deep it is indented, and what it has to tell.
func expectLine(t *testing.T, text, name string, depth int, tells ...string) {
	t.Helper()
	for line := range strings.Lines(text) {
		said := strings.TrimLeft(line, " ")
		if _, called, _ := strings.Cut(said, " "); said[0] != '#' || !strings.HasPrefix(called, `"`+name+`" `) {
			continue
		}
		if got := len(line) - len(said); got != depth {
			t.Errorf("%q stands %d deep, want %d:\n%s", name, got, depth, text)
		}
		for _, want := range tells {
			if !strings.Contains(said, want) {
				t.Errorf("the line about %q does not tell %q:\n%s", name, want, line)
			}
		}
		return
	}
	t.Errorf("no line about %q:\n%s", name, text)
}

// A dump shows each task, what it waits for and at which line of the user's
// code, and where it was created.
func TestDumpShowsWhatEachTaskWaitsFor(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		sites := map[string]string{}
		f := asyncio.NewFuture[int](ctx)
		// Each task is created and waits in one line.
		sites["future"] = here(1)
		first := asyncio.Go(ctx, func(ctx context.Context) error { _, err := f.Await(ctx); return err }, asyncio.Name("future"))
		sites["task"] = here(1)
		asyncio.Go(ctx, func(ctx context.Context) error { _, err := first.Await(ctx); return err }, asyncio.Name("task"))
		sites["sleep"] = here(1)
		asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) }, asyncio.Name("sleep"))
		sites["gather"] = here(1)
		asyncio.Go(ctx, func(ctx context.Context) error { _, err := asyncio.Gather(ctx, f, f); return err }, asyncio.Name("gather"))
		sites["wait"] = here(1)
		asyncio.Go(ctx, func(ctx context.Context) error { _, _, err := asyncio.Wait(ctx, 0, first); return err }, asyncio.Name("wait"))
		asyncio.Sleep(ctx, time.Second)
		asyncio.Go(ctx, forever, asyncio.Name("fresh"))

		text := dump(t, asyncio.LoopOf(ctx))
		if headline, _, _ := strings.Cut(text, "\n"); !strings.Contains(headline, `"of the test"`) || !strings.Contains(headline, "7 task(s)") {
			t.Errorf("the headline is %q, want the loop's name and 7 tasks", headline)
		}
		for name, waits := range map[string]string{
			"future": "waits (await)",
			"task":   fmt.Sprintf("awaits #%d %q", first.ID(), "future"),
			"sleep":  "waits (sleep)",
			"gather": "waits (gather)",
			"wait":   "waits (wait)",
		} {
			expectLine(t, text, name, 2, waits+" at "+sites[name], "created at "+sites[name])
		}
		expectLine(t, text, "main", 2, "running")
		expectLine(t, text, "fresh", 2, "not started")

		for _, task := range asyncio.LoopOf(ctx).Tasks()[1:] {
			task.Cancel(nil)
		}
		for len(asyncio.LoopOf(ctx).Tasks()) > 1 {
			asyncio.Sleep(ctx, 0)
		}
	}, asyncio.WithName("of the test"))
}

// A task whose function runs in a thread is told apart from one that waits for a place of
// the limiter.
func TestDumpTellsThreadsFromThoseThatWaitForOne(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		free := make(chan struct{})
		runs := func(ctx context.Context) (int, error) { <-free; return 0, nil }
		one := asyncio.Via(asyncio.NewLimiter(1))
		var tasks []asyncio.AnyTask
		begin := func(name string, opts ...asyncio.ThreadOption) {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				_, err := asyncio.ToThread(ctx, runs, opts...)
				return err
			}, asyncio.Name(name)))
		}
		begin("runs", one)
		begin("runs and may be abandoned", asyncio.Abandon())
		begin("waits", one)
		begin("waits and may be abandoned", one, asyncio.Abandon())
		turns(ctx, t, 2)
		text := dump(t, asyncio.LoopOf(ctx))
		expectLine(t, text, "runs", 2, "waits (thread) at ")
		expectLine(t, text, "runs and may be abandoned", 2, "waits (thread) at ")
		expectLine(t, text, "waits", 2, "waits (limiter) at ")
		expectLine(t, text, "waits and may be abandoned", 2, "waits (limiter) at ")
		close(free)
		asyncio.Wait(ctx, asyncio.AllCompleted, tasks...)
	})
}

// A dump shows who owns whom, also from another goroutine.
func TestDumpShowsWhoOwnsWhom(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		opened := ""
		owner := asyncio.Go(ctx, func(ctx context.Context) error {
			opened = here(1)
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.Go(ctx, forever, asyncio.Name("child"))
				asyncio.Go(ctx, func(ctx context.Context) error {
					return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
						asyncio.Go(ctx, forever, asyncio.Name("grandchild"))
						return forever(ctx)
					})
				}, asyncio.Name("owner, too"))
				asyncio.Go(context.WithoutCancel(ctx), forever, asyncio.Name("shielded"))
				return nil
			})
		}, asyncio.Name("owner"))
		asyncio.Go(ctx, forever, asyncio.Name("of Run"))
		asyncio.Sleep(ctx, time.Second)

		here := dump(t, asyncio.LoopOf(ctx))
		elsewhere, _ := asyncio.ToThread(ctx, func(context.Context) (string, error) { return dump(t, asyncio.LoopOf(ctx)), nil })
		for _, text := range []string{here, elsewhere} {
			expectLine(t, text, "main", 2)
			expectLine(t, text, "owner", 2, "waits (task group) at "+opened)
			expectLine(t, text, "child", 6)
			expectLine(t, text, "owner, too", 6)
			expectLine(t, text, "grandchild", 10)
			expectLine(t, text, "shielded", 6)
			expectLine(t, text, "of Run", 2)
			if !strings.Contains(text, "    group of 3 task(s)\n") || !strings.Contains(text, "        group of 1 task(s)\n") {
				t.Errorf("the groups are not told:\n%s", text)
			}
		}

		for range 3 { // the shielded one last
			for _, task := range asyncio.LoopOf(ctx).Tasks()[1:] {
				task.Cancel(nil)
			}
			asyncio.Sleep(ctx, time.Second)
		}
		owner.Err()
	})
}

// While a step blocks the loop, here on a channel, a dump names it and its line,
// and shows all the tasks there are.
func TestDumpOfABlockedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := asyncio.NewLoop(virtual)
		blocks, parked := "", ""
		ch, over := make(chan int), make(chan error)
		if text := dump(t, l); !strings.Contains(text, "0 task(s), not started") {
			t.Errorf("before Run:\n%s", text)
		}
		go func() {
			over <- l.Run(t.Context(), func(ctx context.Context) error {
				asyncio.Go(ctx, func(ctx context.Context) error {
					return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
						parked = here(1)
						asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) }, asyncio.Name("child"))
						return nil
					})
				}, asyncio.Name("owner"))
				asyncio.Sleep(ctx, time.Second)
				asyncio.Go(ctx, func(context.Context) error {
					blocks = here(1)
					<-ch
					return nil
				}, asyncio.Name("blocker"))
				return asyncio.Sleep(ctx, 0)
			})
		}()
		time.Sleep(2 * time.Second)
		synctest.Wait() // the loop stands in the receive
		start := time.Now()
		text := dump(t, l)
		if took := time.Since(start); took > time.Second {
			t.Errorf("the dump of a blocked loop took %v", took)
		}
		if headline, _, _ := strings.Cut(text, "\n"); !strings.Contains(headline, `4 task(s), blocked by task "blocker"`) {
			t.Errorf("the headline is %q", headline)
		}
		expectLine(t, text, "blocker", 2, "running at "+blocks)
		expectLine(t, text, "owner", 2, "waits (task group)")
		expectLine(t, text, "child", 6, "waits (sleep) at "+parked)
		expectLine(t, text, "main", 2, "ready")
		if got := names(l.Tasks()); got != "[main owner child blocker]" {
			t.Errorf("Tasks of the blocked loop: %s", got)
		}
		close(ch)
		if err := <-over; err != nil {
			t.Error(err)
		}
		if text := dump(t, l); !strings.Contains(text, "0 task(s), closed") {
			t.Errorf("after Run:\n%s", text)
		}
	})
}

// slowToSay is an error that takes its time to tell what it is.
type slowToSay struct{}

func (slowToSay) Error() string { time.Sleep(300 * time.Millisecond); return "slow" }

// A loop that takes long to answer is not blocked while its steps end, nor while it is
// writing the dump.
func TestDumpOfABusyLoop(t *testing.T) {
	const step = 30 * time.Millisecond
	steps := func(n int) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				for range n { // in one turn
					asyncio.Go(ctx, func(context.Context) error { time.Sleep(step); return nil })
				}
				return nil
			})
		}
	}
	for name, c := range map[string]struct {
		main     func(ctx context.Context) error
		headline string // after the number of tasks
	}{
		"a turn of many steps":                     {main: steps(10), headline: ""},
		"a turn that is longer than anybody waits": {main: steps(50), headline: ", busy: it has not answered for 1s"},
		"a long dump": {main: func(ctx context.Context) error {
			failed := asyncio.Go(ctx, failing(slowToSay{}))
			asyncio.Sleep(ctx, time.Minute)
			failed.Err()
			return nil
		}, headline: ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := asyncio.NewLoop(virtual)
				over := make(chan error)
				go func() { over <- l.Run(t.Context(), c.main) }()
				time.Sleep(step / 2)
				text := dump(t, l)
				if headline, _, _ := strings.Cut(text, "\n"); !strings.HasSuffix(headline, " task(s)"+c.headline) {
					t.Errorf("the headline is %q, want that it ends with %q", headline, " task(s)"+c.headline)
				}
				if err := <-over; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// brokenWriter fails.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBoom }

func TestDumpReturnsTheWritersError(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		if err := asyncio.LoopOf(ctx).Dump(brokenWriter{}); !errors.Is(err, errBoom) {
			t.Errorf("Dump: %v, want boom", err)
		}
	})
}

// A dump may be asked for at any moment, from anywhere.
func TestDumpWhileTasksComeAndGo(t *testing.T) {
	stop := make(chan bool)
	l := asyncio.NewLoop()
	over := make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				over <- n
				return
			default:
				dump(t, l)
				l.Tasks()
				n++
			}
		}
	}()
	err := l.Run(t.Context(), func(ctx context.Context) error {
		for range 300 {
			err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				for range 10 {
					asyncio.Go(ctx, func(ctx context.Context) error {
						ctx, cancel := context.WithTimeout(ctx, time.Hour)
						defer cancel()
						return asyncio.Sleep(ctx, 0)
					})
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	close(stop)
	if n := <-over; err != nil || n == 0 {
		t.Errorf("%d dumps, Run: %v", n, err)
	}
}

// Where there are many tasks of a kind, the dump says so before it lists them.
func TestDumpCountsTasksOfAKind(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		gate := asyncio.NewFuture[int](ctx)
		wait := func(ctx context.Context) error { _, err := gate.Await(ctx); return err }
		waits := here(-1)
		for range 40 {
			asyncio.Go(ctx, wait)
		}
		created := here(-2)
		for range 19 {
			asyncio.Go(ctx, forever)
		}
		asyncio.Sleep(ctx, 0)
		asyncio.Sleep(ctx, 0)
		text := dump(t, asyncio.LoopOf(ctx))
		want := fmt.Sprintf("\n  40 of them: waits (await) at %s, created at %s\n", waits, created)
		if !strings.Contains(text, want) || strings.Count(text, "of them: ") != 1 {
			t.Errorf("the dump does not tell%sand nothing else of the kind:\n%s", want, text)
		}
		for _, task := range asyncio.LoopOf(ctx).Tasks()[1:] {
			task.Cancel(nil)
		}
		for len(asyncio.LoopOf(ctx).Tasks()) > 1 {
			asyncio.Sleep(ctx, 0)
		}
	})
}

// The line of a task that ranges over a queue is the user's, not that of the iterator
// that was inlined there.
func TestDumpShowsTheLineOfARange(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		queue := asyncio.NewQueue[int](0)
		site := ""
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			site = here(1)
			for range queue.All(ctx) {
			}
			return ctx.Err()
		}, asyncio.Name("consumer"))
		asyncio.Sleep(ctx, time.Second)
		expectLine(t, dump(t, asyncio.LoopOf(ctx)), "consumer", 2, "waits (queue get) at "+site)
		task.Cancel(nil)
		asyncio.Wait(ctx, asyncio.AllCompleted, task)
	})
}
