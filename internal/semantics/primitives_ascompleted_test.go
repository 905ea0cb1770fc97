package semantics_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// sec is so many seconds.
func sec(n int) time.Duration { return time.Duration(n) * time.Second }

// told puts what AsCompleted gives into a trace.
func told(tr *trace, start time.Time, i int, r asyncio.Result[int]) {
	tr.add(fmt.Sprintf("%d:%d,%v@%g", i, r.Value, r.Err, time.Since(start).Seconds()))
}

func TestAsCompleted_GivesPositionsInTheOrderInWhichTheyEnd(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		var tr trace
		future := asyncio.NewFuture[int](ctx)
		asyncio.LoopOf(ctx).CallLater(sec(4), func() { future.SetResult(40) })
		done := asyncio.CreateTask(ctx, value(0))
		turns(ctx, t, 1)
		for i, r := range asyncio.AsCompleted(ctx, []asyncio.Awaitable[int]{
			after(sec(3), 30, nil), after(sec(1), 0, errBoom), future, done,
			asyncio.CreateTask(ctx, after(sec(2), 20, nil)), after(sec(2), 21, nil),
		}...) {
			told(&tr, start, i, r)
		}
		tr.expect(t, "3:0,<nil>@0 1:0,boom@1 4:20,<nil>@2 5:21,<nil>@2 0:30,<nil>@3 2:40,<nil>@4")
	})
}

func TestAsCompleted_StartsWhenTheLoopBegins(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		started := 0
		seq := asyncio.AsCompleted(ctx, asyncio.Coroutine[int](func(context.Context) (int, error) {
			started++
			return started, nil
		}))
		asyncio.Sleep(ctx, time.Second)
		if started != 0 {
			t.Error("it started before the range loop")
		}
		for round := range 2 { // each loop is a call of its own
			for i, r := range seq {
				if i != 0 || r.Value != round+1 || r.Err != nil {
					t.Errorf("round %d: %d, %v", round, i, r)
				}
			}
		}
	})
}

func TestAsCompleted_OfNothingAndOfTheSameTwice(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for range asyncio.AsCompleted[int, *asyncio.Task[int]](ctx) {
			t.Error("something came of nothing")
		}
		task := asyncio.CreateTask(ctx, after(sec(1), 7, nil))
		var got []int
		for i, r := range asyncio.AsCompleted(ctx, task, task) {
			got = append(got, i, r.Value)
		}
		if !slices.Equal(got, []int{0, 7, 1, 7}) {
			t.Errorf("got %v, want each position once", got)
		}
	})
}

// The body takes its time: what ends meanwhile comes in its order, and nothing is held up.
func TestAsCompleted_WhileTheBodyAwaits(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		var tr trace
		for i, r := range asyncio.AsCompleted(ctx, after(sec(5), 5, nil), after(sec(3), 3, nil), after(sec(1), 1, nil), after(sec(20), 20, nil)) {
			told(&tr, start, i, r)
			asyncio.Sleep(ctx, sec(7))
		}
		tr.expect(t, "2:1,<nil>@1 1:3,<nil>@8 0:5,<nil>@15 3:20,<nil>@22")
	})
}

// ways to leave the loop early.
var waysToLeave = map[string]func(ctx context.Context, aws []asyncio.Awaitable[int]){
	"break": func(ctx context.Context, aws []asyncio.Awaitable[int]) {
		for range asyncio.AsCompleted(ctx, aws...) {
			break
		}
	},
	"return": func(ctx context.Context, aws []asyncio.Awaitable[int]) {
		for range asyncio.AsCompleted(ctx, aws...) {
			return
		}
	},
	"panic": func(ctx context.Context, aws []asyncio.Awaitable[int]) {
		defer func() { recover() }()
		for range asyncio.AsCompleted(ctx, aws...) {
			panic("left")
		}
	},
}

func TestAsCompleted_LeavingTheLoopCancelsWhatItStartedAndWaits(t *testing.T) {
	for name, leave := range waysToLeave {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				start := time.Now()
				var tr trace
				clean := asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
					err := forever(ctx)
					tr.add(err)
					asyncio.Sleep(context.WithoutCancel(ctx), sec(2))
					tr.add("cleaned up")
					return 0, err
				})
				task, future := asyncio.CreateTask(ctx, after(sec(9), 9, nil)), asyncio.NewFuture[int](ctx)
				leave(ctx, []asyncio.Awaitable[int]{clean, after(sec(1), 1, nil), task, future})
				tr.expect(t, "context canceled cleaned up")
				if took := time.Since(start); took != sec(3) {
					t.Errorf("it took %v, want 3s: the clean-up is waited for", took)
				}
				if v, err := task.Await(ctx); v != 9 || err != nil || future.Err() != asyncio.ErrNotDone {
					t.Errorf("what was handed in: %d, %v, %v; want it left alone", v, err, future.Err())
				}
				future.Cancel(nil)
			})
		})
	}
}

// A clean-up that awaits is waited for, also when the body leaves by runtime.Goexit.
func TestAsCompleted_GoexitInTheBodyWaitsToo(t *testing.T) {
	ended := false
	how, _ := endOf(func() {
		asyncio.Run(context.Background(), func(ctx context.Context) error {
			clean := asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
				err := forever(ctx)
				asyncio.Sleep(context.WithoutCancel(ctx), 0)
				ended = true
				return 0, err
			})
			for range asyncio.AsCompleted(ctx, clean, value(1)) {
				runtime.Goexit()
			}
			return nil
		})
	})
	if how != itExited || !ended {
		t.Errorf("Run %s, cleaned up %v; want it to exit its goroutine after the clean-up", how, ended)
	}
}

// S9: what it gives counts as received; what a break leaves behind was started here, and is nobody's error.
func TestAsCompleted_ReceivesTheErrors(t *testing.T) {
	var unhandled []error
	err := runVirtual(t, func(ctx context.Context) error {
		task := asyncio.CreateTask(ctx, after(sec(1), 0, errBoom))
		for range asyncio.AsCompleted(ctx, []asyncio.Awaitable[int]{task, after(sec(2), 0, errBroken)}...) {
		}
		for range asyncio.AsCompleted(ctx, value(1), after(sec(2), 0, errBroken)) {
			break
		}
		return nil
	}, asyncio.WithErrorHandler(func(u asyncio.Unhandled) { unhandled = append(unhandled, u.Err) }))
	if err != nil || len(unhandled) != 0 {
		t.Errorf("Run: %v, reported %v; want nothing", err, unhandled)
	}
}

func TestAsCompleted_Misuse(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var none asyncio.Coroutine[int]
		body := asyncio.Coroutine[int](func(context.Context) (int, error) { t.Error("a member was started"); return 0, nil })
		each := func(what string, ctx context.Context, want error, words ...string) {
			n := 0
			for _, r := range asyncio.AsCompleted(ctx, body, body) {
				n++
				wantErr(t, what, r.Err, want)
			}
			if n != 2 {
				t.Errorf("%s: %d results, want 2", what, n)
			}
		}
		for _, r := range asyncio.AsCompleted(ctx, body, none) {
			wantClear(t, "a nil coroutine", r.Err, "nil", "1 of 2")
		}
		each("without a loop", context.Background(), asyncio.ErrNoLoop)
		elsewhere(func() { each("elsewhere", ctx, asyncio.ErrWrongTask) })
		turns(ctx, t, 2)
	})
}

// A task or future of another loop can be a member.
func TestAsCompleted_OfAnotherLoop(t *testing.T) {
	withOtherLoop(t, func(ctx, other context.Context, t *testing.T) {
		start := time.Now()
		var tr trace
		worker := asyncio.Submit(asyncio.LoopOf(other), after(sec(2), 2, nil))
		for i, r := range asyncio.AsCompleted(ctx, []asyncio.Awaitable[int]{worker, after(sec(1), 1, nil), after(sec(3), 3, nil)}...) {
			told(&tr, start, i, r)
		}
		tr.expect(t, "1:1,<nil>@1 0:2,<nil>@2 2:3,<nil>@3")
	})
}
