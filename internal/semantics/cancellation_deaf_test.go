package semantics_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S13, second part: the task that ignores its cancellation is reported, with the line.

const ignores = "ignores its cancellation"

// deaf awaits n times with its cancelled ctx.
func deaf(ctx context.Context, n int) {
	for range n {
		asyncio.Sleep(ctx, 1)
	}
}

func TestS13_AfterAThousandIgnoredAwaitsItIsReportedWithTheLine(t *testing.T) {
	for n, reports := range map[int]int{999: 0, 1000: 1, 5000: 1} {
		var log logbook
		var line string
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			task := asyncio.Go(ctx, func(ctx context.Context) error {
				forever(ctx)
				for range n {
					asyncio.Sleep(ctx, 1)
				}
				line = here(-2)
				return ctx.Err()
			}, asyncio.Name("stubborn"))
			turns(ctx, t, 1)
			task.Cancel(nil)
			task.Await(ctx)
		}, asyncio.WithLogger(slog.New(&log)))
		got := log.containing(ignores)
		if len(got) != reports {
			t.Errorf("%d ignored awaits: reported %d times, want %d: %q", n, len(got), reports, got)
		}
		for _, report := range got {
			for _, want := range []string{"stubborn", "at=" + line, "1000"} {
				if !strings.Contains(report, want) {
					t.Errorf("the report does not name %q: %s", want, report)
				}
			}
		}
	}
}

// Each await counts, whatever it is and with whichever context that is cancelled along with the task's.
func TestS13_IgnoringIsReportedForEveryKindOfAwait(t *testing.T) {
	var log logbook
	var names []string
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		calls, end, _ := suspendingCalls(ctx)
		defer end()
		for _, call := range calls {
			names = append(names, call.name)
			task := asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.CurrentTask(ctx).Cancel(nil)
				c := without(context.WithCancel(ctx))
				for range 600 {
					call.call(ctx)
					call.call(c)
				}
				return nil
			}, asyncio.Name("awaits "+call.name))
			await(ctx, t, task)
		}
	}, asyncio.WithLogger(slog.New(&log)))
	for _, name := range names {
		if got := log.containing("awaits " + name + " created="); len(got) != 1 {
			t.Errorf("%s: reported %d times, want once", name, len(got))
		}
	}
}

// A task that is not cancelled may poll with expired time-outs as often as it likes, and without losing its turn.
func TestS13_WhoPollsWithTimeOutsIsNotReported(t *testing.T) {
	var log logbook
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		steps := 0
		counting := asyncio.Go(ctx, func(ctx context.Context) error {
			for ; ctx.Err() == nil; steps++ {
				asyncio.Sleep(ctx, 0)
			}
			return ctx.Err()
		})
		for range 3000 {
			c, cancel := asyncio.WithTimeout(ctx, 0)
			if err := asyncio.Sleep(c, 0); err != context.DeadlineExceeded {
				t.Fatalf("Sleep with an expired time-out: %v", err)
			}
			cancel()
			turns(ctx, t, 1)
		}
		if steps > 3001 {
			t.Errorf("another task had %d turns while this one gave up 3000", steps)
		}
		counting.Cancel(nil)
		counting.Await(ctx)
	}, asyncio.WithLogger(slog.New(&log)))
	if got := log.containing(ignores); len(got) > 0 {
		t.Errorf("reported: %q", got)
	}
}

// What a task does under context.WithoutCancel is clean-up.
func TestS13_LongCleanUpIsNotReported(t *testing.T) {
	var log logbook
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			asyncio.CurrentTask(ctx).Cancel(nil)
			deaf(context.WithoutCancel(ctx), 3000)
			return ctx.Err()
		})
		task.Await(ctx)
	}, asyncio.WithLogger(slog.New(&log)))
	if got := log.containing(ignores); len(got) > 0 {
		t.Errorf("reported: %q", got)
	}
}
