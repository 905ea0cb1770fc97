package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// reports is an error handler that keeps what it is told.
type reports []asyncio.Unhandled

func (r *reports) option() asyncio.Option {
	return asyncio.WithErrorHandler(func(u asyncio.Unhandled) { *r = append(*r, u) })
}

// S9: an error that nobody received goes to the handler with its task and the
// creation site, and Run returns it after main's.
func TestS09_AnErrorNobodyReceivedIsReportedAndReturned(t *testing.T) {
	var got reports
	var created string
	var task *asyncio.Task[struct{}]
	mains := errors.New("main's own")
	err := runVirtual(t, func(ctx context.Context) error {
		created = here(1)
		task = asyncio.Go(ctx, failing(errBoom), asyncio.Name("forgotten"))
		asyncio.Sleep(ctx, time.Second)
		if len(got) != 0 {
			t.Errorf("reported while it could still be received: %v", got)
		}
		return mains
	}, got.option())

	if len(got) != 1 || got[0].Err != errBoom || got[0].TaskName != "forgotten" || got[0].Created != created || got[0].Task != asyncio.AnyTask(task) {
		t.Errorf("the handler was told %+v, want boom of %q created at %s", got, "forgotten", created)
	}
	all := leaves(err)
	if len(all) != 2 || all[0] != mains {
		t.Fatalf("Run returned %q, want main's error and one more", all)
	}
	var u *asyncio.UnhandledError
	if !errors.As(all[1], &u) || u.Err != errBoom || u.Task != "forgotten" || u.Created != created || !errors.Is(err, errBoom) {
		t.Errorf("Run returned %#v, want boom of %q created at %s", all[1], "forgotten", created)
	}
	for _, want := range []string{"forgotten", created, "boom"} {
		if !strings.Contains(all[1].Error(), want) {
			t.Errorf("the message %q does not tell %q", all[1], want)
		}
	}
}

// S9: main returning without an error does not make the others' vanish.
func TestS09_MainsSuccessHidesNothing(t *testing.T) {
	err := runVirtual(t, func(ctx context.Context) error {
		asyncio.Go(ctx, failing(errBoom))
		return asyncio.Sleep(ctx, time.Second)
	}, asyncio.WithLogger(quiet))
	wantErr(t, "Run", err, errBoom)
}

// S9: Run returns the first 16 and the number of the others; the handler is
// told of all.
func TestS09_SixteenAndACount(t *testing.T) {
	for _, n := range []int{1, 16, 17, 40} {
		var got reports
		err := runVirtual(t, func(ctx context.Context) error {
			for i := range n {
				asyncio.Go(ctx, failing(fmt.Errorf("error %d", i)))
			}
			return asyncio.Sleep(ctx, time.Second)
		}, got.option())
		all := leaves(err)
		if len(got) != n || len(all) != min(n, 17) {
			t.Errorf("of %d errors %d were reported and %d returned", n, len(got), len(all))
		}
		for i, e := range all[:min(n, 16)] {
			if want := fmt.Sprint("error ", i); !strings.HasSuffix(e.Error(), want) || got[i].Err.Error() != want {
				t.Errorf("error %d of %d: returned %q, reported %q", i, n, e, got[i].Err)
			}
		}
		if n > 16 && !strings.Contains(all[16].Error(), fmt.Sprint(n-16, " more")) {
			t.Errorf("after 16 of %d errors comes %q", n, all[16])
		}
	}
}

// S9: without a handler there is a line in the log.
func TestS09_WithoutAHandlerItIsLogged(t *testing.T) {
	var log logbook
	var created string
	runVirtual(t, func(ctx context.Context) error {
		created = here(1)
		asyncio.Go(ctx, failing(errBoom), asyncio.Name("forgotten"))
		return asyncio.Sleep(ctx, time.Second)
	}, asyncio.WithLogger(slog.New(&log)))
	lines := log.containing("boom")
	if len(lines) != 1 || !strings.Contains(lines[0], "forgotten") || !strings.Contains(lines[0], created) {
		t.Errorf("logged %q, want one line that names the task and %s", lines, created)
	}
}

// S9: the error of a task whose handle nobody has any more is reported at that
// moment, while Run goes on, and returned by Run in the end.
func TestS09_AnUnreachableHandleIsReportedEarly(t *testing.T) {
	var got reports
	var created string
	early := 0
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		created = here(1)
		asyncio.Go(ctx, failing(errBoom), asyncio.Name("forgotten"))
		kept := asyncio.Go(ctx, failing(errBoom), asyncio.Name("kept"))
		for cycles := 0; len(got) == 0 && cycles < 1000; cycles++ {
			asyncio.Sleep(ctx, 0)
			runtime.GC()
		}
		early = len(got)
		return kept.Err()
	}, got.option())
	if early != 1 || len(got) != 1 || got[0].Err != errBoom || got[0].TaskName != "forgotten" || got[0].Created != created || got[0].Task != nil {
		t.Errorf("%d reported before main returned, in all %+v; want the forgotten one of two, created at %s", early, got, created)
	}
	if all := leaves(err); len(all) != 2 || all[0] != errBoom || !errors.As(all[1], new(*asyncio.UnhandledError)) {
		t.Errorf("Run returned %q, want main's error and the forgotten one", all)
	}
}

// S9: in virtual time nothing depends on the collector.
func TestS09_UnderTheTestsReportsComeAtTheEnd(t *testing.T) {
	var got reports
	early := 0
	runVirtual(t, func(ctx context.Context) error {
		asyncio.Go(ctx, failing(errBoom))
		for range 10 {
			asyncio.Sleep(ctx, time.Second)
			runtime.GC()
		}
		early = len(got)
		return nil
	}, got.option())
	if early != 0 || len(got) != 1 {
		t.Errorf("%d reported before main returned, %d in all; want 0 and 1", early, len(got))
	}
}

// S9: a dump shows what has failed and was not received, and nothing else.
func TestS09_ADumpListsWhatNobodyReceivedYet(t *testing.T) {
	var created, before, after string
	runVirtual(t, func(ctx context.Context) error {
		created = here(1)
		lost := asyncio.Go(ctx, failing(errBoom), asyncio.Name("unlucky"))
		good := asyncio.Go(ctx, failing(nil), asyncio.Name("lucky"))
		seen := asyncio.Go(ctx, failing(errors.New("seen")))
		asyncio.Sleep(ctx, 0)
		seen.Err()
		good.Err()
		before = dump(t, asyncio.LoopOf(ctx))
		lost.Err()
		after = dump(t, asyncio.LoopOf(ctx))
		return nil
	})
	for _, want := range []string{"not received", `"unlucky"`, created, "boom"} {
		if !strings.Contains(before, want) {
			t.Errorf("the dump does not show %q:\n%s", want, before)
		}
	}
	_, unreceived, _ := strings.Cut(before, "not received")
	unreceived, _, _ = strings.Cut(unreceived, "\n")
	if strings.Contains(before, `"lucky"`) || strings.Contains(unreceived, "seen") || strings.Count(before, "not received") != 1 || strings.Contains(after, "not received") {
		t.Errorf("the dumps show what was received:\n%s\n%s", before, after)
	}
}

// dump returns what the loop's Dump writes.
func dump(t *testing.T, l *asyncio.Loop) string {
	t.Helper()
	var b strings.Builder
	if err := l.Dump(&b); err != nil {
		t.Errorf("Dump: %v", err)
	}
	return b.String()
}

// S9: that a task was cancelled is no error to report, however it ended.
func TestS09_ATasksOwnCancellationIsNoError(t *testing.T) {
	var got reports
	err := runVirtual(t, func(ctx context.Context) error {
		asyncio.Go(ctx, forever)                                 // by the end of Run
		asyncio.Go(ctx, failing(errBoom)).Cancel(nil)            // before its first step
		asyncio.Go(ctx, forever).Cancel(errBoom)                 // with a cause
		limited, cancel := asyncio.WithTimeout(ctx, time.Second) // by a time-out that it was created under
		defer cancel()
		asyncio.Go(limited, forever)
		std, stop := context.WithCancelCause(ctx)
		asyncio.Go(std, func(ctx context.Context) error { forever(ctx); return context.Cause(ctx) })
		asyncio.Sleep(ctx, 2*time.Second)
		stop(errBoom)
		return asyncio.Sleep(ctx, time.Second)
	}, got.option())
	if err != nil || len(got) != 0 {
		t.Errorf("Run returned %v, reported %v; want nothing", err, got)
	}
}

// S9, S14: a task that returns such an error without having been cancelled has failed.
func TestS09_ACancellationThatDidNotHappenIsAnError(t *testing.T) {
	for _, claimed := range []error{context.Canceled, context.DeadlineExceeded, asyncio.ErrTaskCancelled} {
		err := runVirtual(t, func(ctx context.Context) error {
			asyncio.Go(ctx, failing(claimed))
			return asyncio.Sleep(ctx, time.Second)
		}, asyncio.WithLogger(quiet))
		var u *asyncio.UnhandledError
		if !errors.As(err, &u) || u.Err.Error() != claimed.Error() {
			t.Errorf("Run returned %v, want the unhandled error %q", err, claimed)
		}
		if claimed == asyncio.ErrTaskCancelled { // S16: the task was not
			wantNotErr(t, "Run", err, claimed)
		} else {
			wantErr(t, "Run", err, claimed)
		}
	}
}

// S9: the same for the error of a future.
func TestS09_AFuturesErrorIsNotLost(t *testing.T) {
	var got reports
	var created string
	err := runVirtual(t, func(ctx context.Context) error {
		created = here(1)
		asyncio.NewFuture[int](ctx).SetError(errBoom)
		seen := asyncio.NewFuture[int](ctx)
		seen.SetError(errors.New("seen"))
		seen.Await(ctx)
		asyncio.NewFuture[int](ctx).Cancel(errors.New("cancelled"))
		return nil
	}, got.option())
	if len(got) != 1 || got[0].Err != errBoom || got[0].Created != created || got[0].Task != nil {
		t.Errorf("reported %+v, want boom of the future created at %s", got, created)
	}
	wantErr(t, "Run", err, errBoom)
}

// S10: a coroutine that nobody awaits does nothing at all.
func TestS10_ACoroutineNeverAwaitedIsHarmless(t *testing.T) {
	ran := false
	var got reports
	err := runVirtual(t, func(ctx context.Context) error {
		body := func(context.Context, string) (int, error) { ran = true; return 0, errBoom }
		for range 1000 {
			_ = asyncio.Coro(body, "never")
		}
		_ = asyncio.Proc(func(context.Context) error { ran = true; return errBoom })
		return asyncio.Sleep(ctx, time.Hour)
	}, got.option())
	if ran || err != nil || len(got) != 0 {
		t.Errorf("a coroutine that was not awaited ran: %v; Run: %v, reported: %v", ran, err, got)
	}
}

// S10: a task that nobody awaits runs, and its error is not lost.
func TestS10_ATaskNeverAwaitedIsNotLost(t *testing.T) {
	ran := 0
	err := runVirtual(t, func(ctx context.Context) error {
		for range 3 {
			asyncio.Go(ctx, func(context.Context) error { ran++; return errBoom })
		}
		return asyncio.Sleep(ctx, 0)
	}, asyncio.WithLogger(quiet))
	if all := leaves(err); ran != 3 || len(all) != 3 {
		t.Errorf("%d of 3 ran, Run returned %q", ran, all)
	}
}

// What users name their tasks and loops, and what their errors say, forges no line of a dump.
func TestDumpsCannotBeForged(t *testing.T) {
	const forged = "x\n  #99 \"forged\" running, created at nowhere:1"
	var dump strings.Builder
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		sleeper := asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) }, asyncio.Name(forged))
		asyncio.Go(ctx, func(ctx context.Context) error { _, err := sleeper.Await(ctx); return err }, asyncio.Name(forged))
		asyncio.Go(ctx, func(ctx context.Context) error { return lock.Acquire(ctx) }, asyncio.Name(forged))
		failed := asyncio.Go(ctx, func(context.Context) error { return errors.New(forged) }, asyncio.Name(forged))
		for range 3 {
			asyncio.Sleep(ctx, 0)
		}
		defer failed.Err()
		return asyncio.LoopOf(ctx).Dump(&dump)
	}, asyncio.WithName(forged), asyncio.WithLogger(quiet))
	if err != nil {
		t.Error(err)
	}
	if lines := strings.Count(dump.String(), "\n"); lines < 5 || strings.Contains(dump.String(), "\n  #99") || strings.Contains(dump.String(), "\nforged") {
		t.Errorf("%d lines:\n%s", lines, &dump)
	}
}
