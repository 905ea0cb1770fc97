package semantics_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestEvent_TheZeroValueIsReadyAndNotSet(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var event asyncio.Event
		if event.IsSet() {
			t.Error("IsSet of the zero value")
		}
		a := tryInOrder(ctx, t, 1, event.Wait)[0]
		event.Set()
		if !event.IsSet() {
			t.Error("IsSet is false after Set")
		}
		await(ctx, t, a)
		if a.err != nil {
			t.Error(a.err)
		}
	})
}

func TestEvent_SetWakesEverybodyInOrder(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var event asyncio.Event
		var order []int
		all := make([]*attempt, 10)
		for i := range all {
			all[i] = try(ctx, func(ctx context.Context) error {
				defer func() { order = append(order, i) }()
				return event.Wait(ctx)
			})
		}
		turns(ctx, t, 1)
		all[4].Cancel(nil)
		event.Set()
		if len(order) != 0 {
			t.Error("a waiter ran within Set")
		}
		turns(ctx, t, 1)
		if want := []int{4, 0, 1, 2, 3, 5, 6, 7, 8, 9}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v: the cancelled one first, as it was woken first", order, want)
		}
		for i, a := range all {
			if want := map[bool]error{true: context.Canceled}[i == 4]; a.err != want {
				t.Errorf("waiter %d: %v, want %v", i, a.err, want)
			}
		}
		cancelAll(ctx, all)
	})
}

func TestEvent_SetWakesEverybodyEvenIfItIsClearedAtOnce(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var event asyncio.Event
		all := tryInOrder(ctx, t, 3, event.Wait)
		event.Set()
		event.Clear()
		if event.IsSet() {
			t.Error("IsSet is true after Clear")
		}
		late := try(ctx, event.Wait)
		turns(ctx, t, 2)
		if got := over(all); got != "111" || late.over {
			t.Errorf("over %s, one that came after Clear %v; want 111, false", got, late.over)
		}
		event.Set()
		await(ctx, t, late)
		if late.err != nil {
			t.Error(late.err)
		}
	})
}

func TestEvent_WaitReturnsAtOnceWhenTheFlagIsSet(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var event asyncio.Event
		event.Set()
		event.Set()
		n, stop := countTurns(ctx)
		for range 3 {
			if err := event.Wait(ctx); err != nil {
				t.Error(err)
			}
		}
		stop()
		if *n != 0 {
			t.Errorf("%d turns went by, want none", *n)
		}
		event.Clear()
		event.Clear()
		c, cancel := asyncio.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := event.Wait(c); err != context.DeadlineExceeded {
			t.Errorf("after Clear: %v, want the time-out", err)
		}
	})
}

func TestEvent_CancelAndSetInOneTurn(t *testing.T) {
	for _, setFirst := range []bool{true, false} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			var event asyncio.Event
			a := tryInOrder(ctx, t, 1, event.Wait)[0]
			want := context.Canceled
			if setFirst {
				event.Set()
				want = nil
			}
			a.Cancel(nil)
			event.Set()
			await(ctx, t, a)
			if a.err != want || a.next != context.Canceled {
				t.Errorf("set first %v: %v, next await %v; want %v, context.Canceled", setFirst, a.err, a.next, want)
			}
		})
	}
}

func TestEvent_OnEntryACancelledContextWins(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var event asyncio.Event
		event.Set()
		for _, way := range waysToCancel() {
			c, end := way.make(ctx)
			end()
			asyncio.Sleep(ctx, way.after+1)
			if err := event.Wait(c); err != way.want {
				t.Errorf("%s: %v, want %v", way.name, err, way.want)
			}
		}
	})
}

// As its comment says: to tell of something from another goroutine.
func TestEvent_FromAnotherGoroutineByCallSoonThreadsafe(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var event asyncio.Event
		l := asyncio.LoopOf(ctx)
		go func() {
			time.Sleep(time.Second)
			wantPanic(t, "Set", event.Set, asyncio.ErrWrongTask, "Event.Set")
			if err := l.CallSoonThreadsafe(event.Set); err != nil {
				t.Error(err)
			}
		}()
		start := time.Now()
		if err := event.Wait(ctx); err != nil || time.Since(start) != time.Second {
			t.Errorf("%v after %v, want nil after 1s", err, time.Since(start))
		}
	})
}
