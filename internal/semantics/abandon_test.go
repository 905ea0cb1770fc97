package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
)

// runAbandoning is runVirtual for a main that leaves tasks which are abandoned.
// Their goroutines stay parked for ever, of which the bubble complains when it
// ends: that is the one complaint it must have.
func runAbandoning(t *testing.T, main func(ctx context.Context) error, opts ...asyncio.Option) (err error) {
	t.Helper()
	defer func() {
		t.Helper()
		if v := fmt.Sprint(recover()); !strings.Contains(v, "blocked goroutines remain") {
			t.Errorf("the bubble ended with %q: no task was abandoned", v)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		err = asyncio.Run(t.Context(), main, append(opts, virtual)...)
	})
	return err
}

// S8: tasks that do not stop are left behind when the time is up, and Run's
// error names each with the places where it was created and where it stands.
func TestS08_TasksThatDoNotStopAreNamed(t *testing.T) {
	for _, d := range []time.Duration{10 * time.Second, 3 * time.Second, time.Hour} {
		var created, parked [2]string
		var start time.Time
		var opts []asyncio.Option
		if d != 10*time.Second { // the default
			opts = append(opts, asyncio.WithShutdownTimeout(d))
		}
		var took time.Duration
		err := runAbandoning(t, func(ctx context.Context) error {
			never := asyncio.NewFuture[int](ctx)
			created[0] = here(1)
			asyncio.Go(ctx, func(ctx context.Context) error {
				parked[0] = here(1)
				never.Await(context.WithoutCancel(ctx))
				return nil
			}, asyncio.Name("stubborn"))
			created[1] = here(1)
			asyncio.Go(context.WithoutCancel(ctx), func(ctx context.Context) error {
				forever(ctx)
				parked[1] = here(1)
				return asyncio.Sleep(context.WithoutCancel(ctx), 2*time.Hour)
			})
			asyncio.Go(ctx, forever, asyncio.Name("obedient"))
			asyncio.Go(ctx, func(ctx context.Context) error { // the last to end in time tells when
				forever(ctx)
				asyncio.Sleep(context.WithoutCancel(ctx), d-1)
				took = time.Since(start)
				return nil
			}, asyncio.Name("in time"))
			asyncio.Sleep(ctx, time.Second)
			start = time.Now()
			return errBoom
		}, opts...)

		if took != d-1 {
			t.Errorf("time-out of %v: the others were awaited for %v", d, took)
		}
		all := leaves(err)
		if len(all) != 2 || all[0] != errBoom {
			t.Fatalf("Run returned %q, want main's error and one about two tasks", all)
		}
		msg := all[1].Error()
		for _, want := range []string{"2 task(s)", d.String(), "stubborn", created[0], parked[0], created[1], parked[1]} {
			if !strings.Contains(msg, want) {
				t.Errorf("the error does not tell %q:\n%s", want, msg)
			}
		}
		for _, not := range []string{"obedient", "in time"} {
			if strings.Contains(msg, not) {
				t.Errorf("the error names %q, which has ended:\n%s", not, msg)
			}
		}
	}
}

// S8: an abandoned task is never resumed, and its deferred calls do not run.
// Whoever waits for it learns that the loop has closed.
func TestS08_AnAbandonedTaskNeverRunsAgain(t *testing.T) {
	resumed, deferred := false, false
	var task *asyncio.Task[struct{}]
	var wake *asyncio.Future[int]
	waiting, awaited := make(chan bool), make(chan error)
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		wake = asyncio.NewFuture[int](ctx)
		task = asyncio.Go(ctx, func(ctx context.Context) error {
			defer func() { deferred = true }()
			wake.Await(context.WithoutCancel(ctx))
			resumed = true
			return nil
		})
		go func() {
			close(waiting)
			_, err := task.Await(context.Background())
			awaited <- err
		}()
		return asyncio.Sleep(ctx, 0)
	}, asyncio.WithShutdownTimeout(1))
	<-waiting
	if got := <-awaited; got != asyncio.ErrLoopClosed || err == nil {
		t.Errorf("its waiter got %v, want ErrLoopClosed; Run returned %v", got, err)
	}
	wake.SetResult(1)
	task.Cancel(nil)
	runtime.Gosched()
	if resumed || deferred {
		t.Errorf("the abandoned task was resumed: %v; its deferred call ran: %v", resumed, deferred)
	}
	if err := task.Err(); err != asyncio.ErrNotDone {
		t.Errorf("its error is %v, want ErrNotDone", err)
	}
	if _, err := task.Await(t.Context()); err != asyncio.ErrLoopClosed {
		t.Errorf("awaited now it gives %v, want ErrLoopClosed", err)
	}
}

// S8: a task that never waits, and so is ready at all times, is abandoned too.
func TestS08_ABusyTaskIsAbandoned(t *testing.T) {
	for name, shield := range map[string]func(context.Context) context.Context{
		"that ignores its cancellation": func(ctx context.Context) context.Context { return ctx },
		"that is shielded":              context.WithoutCancel,
	} {
		const steps = 1_000_000
		n := 0
		err := asyncio.Run(t.Context(), func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				for n = 0; n < steps; n++ {
					asyncio.Sleep(shield(ctx), 0)
				}
				return nil
			}, asyncio.Name("busy"))
			return asyncio.Sleep(ctx, 0)
		}, asyncio.WithShutdownTimeout(1), asyncio.WithLogger(quiet))
		if n == steps || err == nil || !strings.Contains(err.Error(), "busy") {
			t.Errorf("a busy task %s took %d turns after a time-out of 1ns; Run: %v", name, n, err)
		}
	}
}

// S8: however many are abandoned, the error stays readable.
func TestS08_ManyAbandonedTasksAreCounted(t *testing.T) {
	err := runAbandoning(t, func(ctx context.Context) error {
		never := asyncio.NewFuture[int](ctx)
		for range 100 {
			asyncio.Go(ctx, func(ctx context.Context) error {
				never.Await(context.WithoutCancel(ctx))
				return nil
			})
		}
		return asyncio.Sleep(ctx, time.Second)
	})
	if err == nil || !strings.Contains(err.Error(), "100 task(s)") || !strings.Contains(err.Error(), "84 more") {
		t.Errorf("Run returned %v, want 16 of 100 tasks named and 84 counted", err)
	}
	if errors.Is(err, context.Canceled) {
		t.Errorf("the error matches context.Canceled")
	}
}
