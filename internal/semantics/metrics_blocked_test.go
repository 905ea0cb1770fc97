package semantics_test

import (
	"context"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The metrics of a blocked loop count what the blocking step has done, also if nothing was published before.
func TestMetrics_BlockedBeforeTheFirstProbe(t *testing.T) {
	none := func(context.Context) error { return nil }
	for name, c := range map[string]struct {
		before func(ctx context.Context)
		want   asyncio.TaskMetrics
		timers int
		ready  int
		steps  uint64 // at least
	}{
		"in its first step": {
			func(ctx context.Context) {
				for range 3 {
					asyncio.Go(ctx, none)
				}
				asyncio.LoopOf(ctx).CallLater(time.Hour, func() {})
				asyncio.LoopOf(ctx).CallSoon(func() {})
			}, asyncio.TaskMetrics{Created: 4, Ready: 3, Running: 1}, 1, 4, 0,
		},
		"in a later step of a young loop": {
			func(ctx context.Context) {
				asyncio.Go(ctx, none).Await(ctx)
				asyncio.Go(ctx, func(context.Context) error { return errBroken }).Await(ctx)
				for range 5 {
					asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
				}
				asyncio.Sleep(ctx, 0)
			}, asyncio.TaskMetrics{Created: 8, Waiting: 5, Running: 1, Succeeded: 1, Failed: 1}, 5, 0, 8,
		},
		"in a callback": {
			func(ctx context.Context) {
				asyncio.LoopOf(ctx).CallSoon(blockForMetrics(ctx))
				asyncio.Sleep(ctx, 0)
			}, asyncio.TaskMetrics{Created: 1, Ready: 1}, 0, 1, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan asyncio.Metrics, 1)
			err := asyncio.Run(context.WithValue(t.Context(), seenKey{}, seen), func(ctx context.Context) error {
				c.before(ctx)
				if len(seen) == 0 {
					blockForMetrics(ctx)()
				}
				return nil
			}, asyncio.WithLogger(quiet), asyncio.WithErrorHandler(func(asyncio.Unhandled) {}), asyncio.WithStallThreshold(0))
			if err != nil {
				t.Error(err)
			}
			m := <-seen
			if m.Tasks != c.want || m.Timers != c.timers || m.Ready != c.ready || m.Turns == 0 || m.Steps < c.steps || m.Steps > c.steps+10 {
				t.Errorf("the metrics are %+v, %d timers, %d ready, %d turns, %d steps,\nwant %+v, %d, %d, at least 1, at least %d",
					m.Tasks, m.Timers, m.Ready, m.Turns, m.Steps, c.want, c.timers, c.ready, c.steps)
			}
		})
	}
}

type seenKey struct{}

// blockForMetrics returns a function that blocks the loop until another goroutine has its metrics.
func blockForMetrics(ctx context.Context) func() {
	l, seen := asyncio.LoopOf(ctx), ctx.Value(seenKey{}).(chan asyncio.Metrics)
	return func() {
		done := make(chan asyncio.Metrics)
		go func() { done <- l.Metrics() }()
		seen <- <-done
	}
}
