package semantics_test

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// S21: a coroutine may block, and a step over 100 ms is logged when it ends, with task, creation site and
// duration. These tests block a real loop on the real clock: that is their subject.

const blockedMsg = "a step blocked the loop"

// blockFor is far enough over the threshold for a busy machine.
const blockFor = 300 * time.Millisecond

func TestS21_AStepOver100msIsLogged(t *testing.T) {
	for name, block := range map[string]func(ctx context.Context, t *testing.T) (site string){
		"a task": func(ctx context.Context, t *testing.T) string {
			task := asyncio.Go(ctx, func(context.Context) error { time.Sleep(blockFor); return nil }, asyncio.Name("the culprit"))
			site := here(-1)
			await(ctx, t, task)
			return site
		},
		"a later step of a task": func(ctx context.Context, t *testing.T) string {
			task := asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.Sleep(ctx, 0)
				for start := time.Now(); time.Since(start) < blockFor; {
				}
				return asyncio.Sleep(ctx, 1)
			}, asyncio.Name("the culprit"))
			site := here(-6)
			await(ctx, t, task)
			return site
		},
		"a callback": func(ctx context.Context, t *testing.T) string {
			f := asyncio.NewFuture[int](ctx)
			asyncio.LoopOf(ctx).CallSoon(func() { time.Sleep(blockFor); f.SetResult(1) })
			await(ctx, t, f)
			turns(ctx, t, 2)
			return ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log logbook
			var site string
			start := time.Now()
			asyncio.Run(t.Context(), func(ctx context.Context) error { site = block(ctx, t); return nil },
				asyncio.WithLogger(slog.New(&log)))
			who := "the culprit"
			if site == "" {
				who = "callback"
			}
			got := slices.DeleteFunc(log.containing(blockedMsg), func(line string) bool { return !strings.Contains(line, who) })
			if len(got) != 1 {
				t.Fatalf("logged %q, want one line of %s", got, who)
			}
			if !strings.Contains(got[0], who) || !strings.Contains(got[0], site) {
				t.Errorf("the line does not name %s and %s: %s", who, site, got[0])
			}
			took, err := time.ParseDuration(regexp.MustCompile(`duration=(\S+)`).FindStringSubmatch(got[0] + " duration=0")[1])
			if err != nil || took < 100*time.Millisecond || took > time.Since(start) {
				t.Errorf("duration %v (%v), want what a step of %v takes", took, err, blockFor)
			}
		})
	}
}

// Many short steps are not one long one.
func TestS21_ManyShortStepsAreNotLogged(t *testing.T) {
	var log logbook
	asyncio.Run(t.Context(), func(ctx context.Context) error {
		for start := time.Now(); time.Since(start) < blockFor; {
			asyncio.Sleep(ctx, 0)
		}
		return nil
	}, asyncio.WithLogger(slog.New(&log)))
	// A machine may stop the whole process for that long, and it is the truth then; but not three times in 300 ms.
	if got := log.containing(blockedMsg); len(got) > 2 {
		t.Errorf("logged %d times: %q", len(got), got)
	}
}

// Checkpoint gives up the turn once the step is long, and ends with the ctx.
func TestS21_CheckpointLetsOthersRunInALongStep(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		ticks := 0
		ticker := asyncio.Go(ctx, func(ctx context.Context) error {
			for ; ticks < 3; ticks++ {
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			return nil
		})
		calls := 0
		for ; ticks < 3; calls++ {
			if err := asyncio.Checkpoint(ctx); err != nil {
				return err
			}
		}
		if calls < 100 {
			t.Errorf("only %d checkpoints for 3 turns: each seems to give up one", calls)
		}
		asyncio.CurrentTask(ctx).Cancel(errWhy)
		if err := asyncio.Checkpoint(ctx); err != context.Canceled {
			t.Errorf("Checkpoint with a cancelled ctx: %v", err)
		}
		_, err := ticker.Await(context.WithoutCancel(ctx))
		return err
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}
