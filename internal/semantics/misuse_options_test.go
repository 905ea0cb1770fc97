package semantics_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Values out of range, and at the ends of their ranges.

func TestMisuse_NegativeOptions(t *testing.T) {
	for _, d := range []time.Duration{-1, -time.Hour, math.MinInt64} {
		wantClearPanic(t, "WithShutdownTimeout", func() { asyncio.WithShutdownTimeout(d) }, "WithShutdownTimeout", d.String(), "at least 0")
	}
}

func TestMisuse_AbsurdLimiters(t *testing.T) {
	for _, n := range []int{0, -1, -1000, math.MinInt} {
		wantClearPanic(t, "NewLimiter", func() { asyncio.NewLimiter(n) }, "NewLimiter", fmt.Sprint(n), "1")
	}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for _, n := range []int{1, 1 << 30, math.MaxInt} {
			m := asyncio.NewLimiter(n)
			for range 3 {
				v, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { return 7, nil }, asyncio.Via(m))
				if v != 7 || err != nil {
					t.Errorf("a limiter of %d: %d, %v", n, v, err)
				}
			}
		}
	})
}

func TestMisuse_WaitForSomethingElse(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.Go(ctx, func(context.Context) error { return nil })
		for _, until := range []asyncio.WaitUntil{-1, 3, 1000} {
			_, pending, err := asyncio.Wait(ctx, until, task)
			wantClear(t, "Wait", err, fmt.Sprint(int(until)), "AllCompleted", "FirstCompleted", "FirstError")
			if len(pending) != 1 {
				t.Errorf("pending %v, want the task, with an error too", pending)
			}
		}
		await(ctx, t, task)
	})
}

// The longest shutdown time-out is for ever, and none is no time.
func TestMisuse_ExtremeShutdownTimeouts(t *testing.T) {
	for _, d := range []time.Duration{time.Hour, math.MaxInt64 - 1, math.MaxInt64} {
		ended := false
		err := asyncio.Run(t.Context(), func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				forever(ctx)
				err := asyncio.Sleep(context.WithoutCancel(ctx), time.Millisecond)
				ended = true
				return err
			})
			return asyncio.Sleep(ctx, 0)
		}, asyncio.WithShutdownTimeout(d))
		if err != nil || !ended {
			t.Errorf("WithShutdownTimeout(%v): %v, the task ended: %v", d, err, ended)
		}
	}
}

func TestMisuse_ExtremeDurations(t *testing.T) {
	const most, least = time.Duration(math.MaxInt64), time.Duration(math.MinInt64)
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		l := asyncio.LoopOf(ctx)
		for _, d := range []time.Duration{0, -1, least} {
			if err := asyncio.Sleep(ctx, d); err != nil {
				t.Errorf("Sleep(%d): %v", d, err)
			}
			c, cancel := asyncio.WithTimeout(ctx, d)
			if err := c.Err(); err != context.DeadlineExceeded {
				t.Errorf("WithTimeout(%d): %v, want that it has expired", d, err)
			}
			cancel()
			wantErr(t, "WaitFor", second(asyncio.WaitFor(ctx, d, asyncio.Proc(forever))), context.DeadlineExceeded)
			called := false
			l.CallLater(d, func() { called = true })
			turns(ctx, t, 2)
			if !called {
				t.Errorf("CallLater(%d) was not called at once", d)
			}
		}
		for _, at := range []time.Time{{}, time.Unix(0, math.MinInt64), time.Unix(-1<<60, 0)} {
			if err := without(asyncio.WithDeadline(ctx, at)).Err(); err != context.DeadlineExceeded {
				t.Errorf("WithDeadline(%v): %v", at, err)
			}
			called := false
			l.CallAt(at, func() { called = true })
			turns(ctx, t, 2)
			if !called {
				t.Errorf("CallAt(%v) was not called at once", at)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("all that took %v, want no time", took)
		}
		for _, d := range []time.Duration{most, most - 1, 1 << 62} {
			c, cancel := asyncio.WithTimeout(ctx, d)
			if err := asyncio.Sleep(c, time.Second); err != nil {
				t.Errorf("WithTimeout(%v): %v after a second", d, err)
			}
			cancel()
			if _, err := asyncio.WaitFor(ctx, d, asyncio.Proc(func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) })); err != nil {
				t.Errorf("WaitFor(%v): %v", d, err)
			}
			wantErr(t, "a long sleep", asyncio.Sleep(without(asyncio.WithTimeout(ctx, time.Second)), d), context.DeadlineExceeded)
			h := l.CallLater(d, func() { t.Errorf("CallLater(%v) was called", d) })
			turns(ctx, t, 2)
			if !h.Cancel() {
				t.Errorf("CallLater(%v) was not pending", d)
			}
		}
		for _, at := range []time.Time{time.Unix(1<<60, 0), time.Unix(0, math.MaxInt64)} {
			if err := asyncio.Sleep(without(asyncio.WithDeadline(ctx, at)), time.Second); err != nil {
				t.Errorf("WithDeadline(%v): %v", at, err)
			}
			if !l.CallAt(at, func() { t.Errorf("CallAt(%v) was called", at) }).Cancel() {
				t.Errorf("CallAt(%v) was not pending", at)
			}
		}
	})
}

func TestMisuse_NothingToAwait(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		if vs, err := asyncio.Gather[int, *asyncio.Task[int]](ctx); len(vs) != 0 || err != nil {
			t.Errorf("Gather of nothing: %v, %v", vs, err)
		}
		if rs := asyncio.GatherResults[int, *asyncio.Task[int]](ctx); len(rs) != 0 {
			t.Errorf("GatherResults of nothing: %v", rs)
		}
		for until := asyncio.AllCompleted; until <= asyncio.FirstError; until++ {
			done, pending, err := asyncio.Wait[asyncio.AnyTask](ctx, until)
			if len(done)+len(pending) != 0 || err != nil {
				t.Errorf("Wait(%v) for nothing: %v, %v, %v", until, done, pending, err)
			}
		}
		if err := asyncio.WithTaskGroup(ctx, func(context.Context) error { return nil }); err != nil {
			t.Errorf("an empty group: %v", err)
		}
	})
}

func TestMisuse_TheSameTwice(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		runs := 0
		c := asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
			runs++
			n := runs
			return n, asyncio.Sleep(ctx, time.Second)
		})
		task := asyncio.CreateTask(ctx, c)
		vs, err := asyncio.Gather(ctx, task, task, task)
		if err != nil || fmt.Sprint(vs) != "[1 1 1]" {
			t.Errorf("a task three times: %v, %v", vs, err)
		}
		vs, err = asyncio.Gather(ctx, c, c)
		if err != nil || fmt.Sprint(vs) != "[2 3]" {
			t.Errorf("a coroutine twice runs twice: %v, %v; want [2 3]", vs, err)
		}
		again := asyncio.CreateTask(ctx, c)
		done, pending, err := asyncio.Wait(ctx, asyncio.AllCompleted, again, again)
		if len(done) != 2 || len(pending) != 0 || err != nil {
			t.Errorf("Wait for a task twice: %v, %v, %v", done, pending, err)
		}
	})
}

// Ends that come twice, late, or from inside.
func TestMisuse_CancellingTwiceAndLate(t *testing.T) {
	var cancel context.CancelFunc
	var handle *asyncio.Handle
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c, stop := asyncio.WithTimeout(ctx, time.Second)
		for range 3 {
			stop()
		}
		if c.Err() != context.Canceled {
			t.Errorf("after cancel: %v", c.Err())
		}
		c, stop = asyncio.WithTimeout(ctx, time.Second)
		asyncio.Sleep(ctx, 2*time.Second)
		stop()
		if c.Err() != context.DeadlineExceeded {
			t.Errorf("cancel after the time-out: %v", c.Err())
		}
		_, cancel = asyncio.WithTimeout(ctx, time.Hour)
		l := asyncio.LoopOf(ctx)
		h := l.CallLater(time.Second, func() { t.Error("a cancelled callback was called") })
		if !h.Cancel() || h.Cancel() {
			t.Error("Handle.Cancel: want true, then false")
		}
		var inside *asyncio.Handle
		inside = l.CallSoon(func() {
			if inside.Cancel() {
				t.Error("Handle.Cancel inside the callback: true")
			}
		})
		turns(ctx, t, 1)
		if inside.Cancel() {
			t.Error("Handle.Cancel after the call: true")
		}
		handle = l.CallLater(time.Hour, func() { t.Error("called after the end") })
	})
	cancel() // after the loop has ended: harmless
	wantPanic(t, "Handle.Cancel after the end", func() { handle.Cancel() }, asyncio.ErrLoopClosed, "Handle.Cancel")
}
