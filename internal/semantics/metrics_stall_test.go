package semantics_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// inBubble runs main on a loop that is watched, in virtual time. Its stalls are no failures of the test.
func inBubble(t *testing.T, main func(ctx context.Context, t *testing.T), opts ...asyncio.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		opts := append([]asyncio.Option{asyncio.WithLogger(quiet), asynciotest.NoStalls(50 * time.Millisecond)}, opts...)
		err := asyncio.Run(t.Context(), func(ctx context.Context) error { main(ctx, t); return nil }, opts...)
		var stalled *asyncio.StallError
		if err != nil && !errors.As(err, &stalled) {
			t.Error(err)
		}
	})
}

// Stalls are counted by class, and for how long they lasted.
func TestMetricsTellOfStalls(t *testing.T) {
	inBubble(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		if m := l.Metrics(); len(m.Stalls) != 0 || m.CurrentStall != 0 {
			t.Errorf("before there is any, the stalls are %v, the current one takes %v", m.Stalls, m.CurrentStall)
		}
		for range 3 {
			time.Sleep(time.Minute)
			asyncio.Sleep(ctx, time.Second)
		}
		<-time.After(time.Hour)
		asyncio.Sleep(ctx, time.Second)
		m := l.Metrics()
		if len(m.Stalls) != 2 || m.CurrentStall != 0 {
			t.Fatalf("the stalls are %v, the current one takes %v: want two classes and none", m.Stalls, m.CurrentStall)
		}
		for i, want := range []struct {
			class asyncio.StallClass
			count uint64
			took  time.Duration
		}{{asyncio.StallSleep, 3, 3 * time.Minute}, {asyncio.StallChannel, 1, time.Hour}} {
			s := m.Stalls[i]
			if got := s.Lasted.Sum; s.Class != want.class || s.Lasted.Count() != want.count || got > want.took || got < want.took-time.Second {
				t.Errorf("%d stalls of class %v took %v, want %d of class %v and %v", s.Lasted.Count(), s.Class, got, want.count, want.class, want.took)
			}
		}
	})
}

// Whenever the monitor's tick falls: a stall is told of at once when it ends, also where
// the loop does nothing more, and a loop that sleeps is not stalled.
func TestMetrics_StallsAreCountedExactly(t *testing.T) {
	inBubble(t, func(ctx context.Context, t *testing.T) {
		for i := range 2000 {
			time.Sleep(40 * time.Millisecond) // not over the threshold
			asyncio.Sleep(ctx, time.Second)
			time.Sleep(short)
			asyncio.Sleep(ctx, time.Second)
			stalls := asyncio.LoopOf(ctx).Metrics().Stalls
			if len(stalls) != 1 || stalls[0].Class != asyncio.StallSleep || stalls[0].Lasted.Count() != uint64(i+1) {
				t.Fatalf("after %d steps of %v the stalls are %v", i+1, short, stalls)
			}
		}
	})
}

// The stall that goes on is told to others, with its age.
func TestMetricsTellOfTheCurrentStall(t *testing.T) {
	inBubble(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		seen := make(chan asyncio.Metrics, 1)
		time.AfterFunc(time.Minute, func() { seen <- l.Metrics() })
		time.Sleep(time.Hour)
		m := <-seen
		if m.CurrentStall > time.Minute+time.Second || m.CurrentStall < 59*time.Second || len(m.Stalls) != 0 {
			t.Errorf("after a minute the stall takes %v, and those that have ended are %v", m.CurrentStall, m.Stalls)
		}
		asyncio.Sleep(ctx, 0)
		if m := l.Metrics(); m.CurrentStall != 0 {
			t.Errorf("the stall is over and takes %v", m.CurrentStall)
		}
	})
}

var slept = asyncio.Register("semantics.slept", func(_ context.Context, d time.Duration) (bool, error) {
	time.Sleep(d)
	return true, nil
})

// How long calls ran is told of goroutines, too, whoever called.
func TestMetricsTellHowLongCallsRan(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		pool := asyncio.NewThreadPool(2)
		for _, d := range []time.Duration{time.Minute, time.Hour} {
			if _, err := slept.Call(ctx, pool, d); err != nil {
				t.Error(err)
			}
			asyncio.ToThread(ctx, func(context.Context) (int, error) { time.Sleep(d); return 0, errBroken })
		}
		m := asyncio.LoopOf(ctx).Metrics()
		if len(m.Executors) != 1 {
			t.Fatalf("there are the executors %v, want the pool", m.Executors)
		}
		for _, e := range []asyncio.ExecutorMetrics{m.Threads, m.Executors[0]} {
			if e.Run.Count() != 2 || e.Run.Sum != time.Hour+time.Minute {
				t.Errorf("%s: %d calls ran for %v, want 2 for 1h1m", e.Name, e.Run.Count(), e.Run.Sum)
			}
		}
		if err := pool.Close(ctx); err != nil {
			t.Error(err)
		}
	})
}

// Who asks a blocked loop for its metrics leaves nothing behind, that it would have to do later.
func TestMetricsOfABlockedLoopDoNotPileUp(t *testing.T) {
	var reports []asyncio.Stall
	inBubble(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		go func() {
			for range 50 {
				l.Metrics()
			}
		}()
		time.Sleep(time.Second)
		asyncio.Sleep(ctx, time.Second)
		if m := l.Metrics(); m.CurrentStall != 0 || m.Turns < 2 {
			t.Errorf("the loop answers with %+v, want the figures of after the stall", m)
		}
	}, asyncio.WithStallHandler(func(s asyncio.Stall) { reports = append(reports, s) }))
	if len(reports) != 5 {
		t.Fatalf("%d reports, want 5", len(reports))
	}
	for _, s := range reports {
		if s.ReadyTasks > 1 {
			t.Errorf("after %v there are %d ready, want the question for the metrics only", s.Elapsed, s.ReadyTasks)
		}
	}
}

// What runs when main has ended, and the loop with it, is watched to its end like all else.
func TestStallsAtTheEndOfTheLoop(t *testing.T) {
	nap := func() { time.Sleep(short) }
	for name, c := range map[string]struct {
		main func(ctx context.Context, l *asyncio.Loop)
		opts []asyncio.Option
	}{
		"a callback": {main: func(_ context.Context, l *asyncio.Loop) { l.CallSoon(nap) }},
		"a callback before the last": {main: func(_ context.Context, l *asyncio.Loop) {
			l.CallSoon(nap)
			l.CallSoon(func() {})
		}},
		"a callback that ends Run's goroutine": {main: func(_ context.Context, l *asyncio.Loop) {
			l.CallSoon(func() { nap(); runtime.Goexit() })
		}},
		"the error handler": {
			main: func(ctx context.Context, l *asyncio.Loop) {
				asyncio.Go(ctx, func(context.Context) error { return errBroken })
				asyncio.Sleep(ctx, time.Millisecond)
			},
			opts: []asyncio.Option{asyncio.WithErrorHandler(func(asyncio.Unhandled) { nap() })},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l *asyncio.Loop
				var ended []asyncio.Stall
				opts := append([]asyncio.Option{asyncio.WithLogger(quiet), asynciotest.NoStalls(50 * time.Millisecond),
					asyncio.WithStallHandler(func(s asyncio.Stall) {
						if s.Ended {
							ended = append(ended, s)
						}
					})}, c.opts...)
				endOf(func() {
					asyncio.Run(t.Context(), func(ctx context.Context) error {
						l = asyncio.LoopOf(ctx)
						c.main(ctx, l)
						return nil
					}, opts...)
				})
				if len(ended) != 1 || ended[0].Class != asyncio.StallSleep {
					t.Errorf("the reports of the end of a stall are %v, want one of %v", ended, asyncio.StallSleep)
				}
				if m := l.Metrics(); len(m.Stalls) != 1 || m.Stalls[0].Lasted.Count() != 1 || m.CurrentStall != 0 {
					t.Errorf("the stalls are %v, and one goes on for %v: want one, and none", m.Stalls, m.CurrentStall)
				}
			})
		})
	}
}
