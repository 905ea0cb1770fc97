package asyncio_test

import (
	"context"
	"fmt"
	"math/rand/v2"
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

// A task that a panic leaves behind would show: the loop of the test ends with its tasks counted. Goexit likewise.
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

func TestAsCompleted_WhenCancelledWhatHasNotEndedComesWithTheError(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		var tr trace
		task, future := asyncio.CreateTask(ctx, after(sec(90), 9, nil)), asyncio.NewFuture[int](ctx)
		own := asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
			forever(ctx)
			asyncio.Sleep(context.WithoutCancel(ctx), sec(3))
			return 3, nil // a value that was returned wins (S14)
		})
		a := try(ctx, func(ctx context.Context) error {
			for i, r := range asyncio.AsCompleted(ctx, []asyncio.Awaitable[int]{task, after(sec(1), 1, nil), own, after(sec(80), 8, nil), future}...) {
				told(&tr, start, i, r)
			}
			return ctx.Err()
		})
		asyncio.Sleep(ctx, sec(2))
		a.Cancel(errWhy)
		await(ctx, t, a)
		tr.expect(t, "1:1,<nil>@1 3:0,context canceled@2 2:3,<nil>@5 0:0,context canceled@5 4:0,context canceled@5")
		if v := await(ctx, t, task); v != 9 {
			t.Errorf("the task handed in: %d, want it to go on", v)
		}
		future.Cancel(nil)
	})
}

// S16: the caller's own cancellation is told from that of a member, whenever it comes.
func TestAsCompleted_CancelledWhileTheBodyIsShielded(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		got := map[int]asyncio.Result[int]{}
		a := try(ctx, func(ctx context.Context) error {
			for i, r := range asyncio.AsCompleted(ctx, value(1), after(sec(1), 2, nil), after(time.Hour, 3, nil)) {
				got[i] = r
				asyncio.Sleep(context.WithoutCancel(ctx), sec(4))
			}
			return nil
		})
		asyncio.Sleep(ctx, sec(2))
		a.Cancel(errWhy)
		await(ctx, t, a)
		if got[0].Value != 1 || got[1].Value != 2 || got[1].Err != nil {
			t.Errorf("what had ended: %v, %v; want 1 and 2", got[0], got[1])
		}
		if got[2].Err != context.Canceled {
			t.Errorf("what was cut short: %v, want context.Canceled itself", got[2].Err)
		}
	})
}

func TestAsCompleted_AMemberThatIsCancelledComesWithErrTaskCancelled(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.CreateTask(ctx, after(time.Hour, 0, nil))
		asyncio.LoopOf(ctx).CallLater(sec(1), func() { task.Cancel(errWhy) })
		for i, r := range asyncio.AsCompleted(ctx, []asyncio.Awaitable[int]{after(sec(2), 2, nil), task}...) {
			if i == 1 {
				wantErr(t, "the cancelled one", r.Err, asyncio.ErrTaskCancelled, errWhy)
			} else if r.Err != nil || r.Value != 2 {
				t.Errorf("the other one: %v", r)
			}
		}
	})
}

// On entry a cancelled ctx wins (S15): nothing is started, and each position comes with the error.
func TestAsCompleted_OnEntryACancelledContextWins(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		done := asyncio.CreateTask(ctx, value(1))
		await(ctx, t, done)
		c, cancel := asyncio.WithTimeout(ctx, time.Hour)
		cancel()
		body := asyncio.Coroutine[int](func(context.Context) (int, error) { t.Error("a member was started"); return 0, nil })
		var got []int
		for i, r := range asyncio.AsCompleted(c, []asyncio.Awaitable[int]{done, body}...) {
			got = append(got, i)
			if r.Err != context.Canceled {
				t.Errorf("%d: %v, want context.Canceled", i, r.Err)
			}
		}
		if !slices.Equal(got, []int{0, 1}) {
			t.Errorf("positions %v, want 0 and 1", got)
		}
		turns(ctx, t, 2)
	})
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

// A member of a random crowd ends at a random time, the caller is cancelled or breaks off at another: the twin
// is a sorted list.
func TestAsCompleted_RandomCrowds(t *testing.T) {
	for seed := range uint64(200) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			n, cut, leaveAfter := 1+r.IntN(20), sec(r.IntN(30))+time.Millisecond, r.IntN(30)
			type member struct {
				at       time.Duration
				i        int
				handedIn bool
			}
			var twin []member
			var aws []asyncio.Awaitable[int]
			var tasks []*asyncio.Task[int]
			for i := range n {
				m := member{sec(r.IntN(20)), i, r.IntN(2) == 0}
				twin = append(twin, m)
				if coro := after(m.at, i, nil); m.handedIn {
					tasks = append(tasks, asyncio.CreateTask(ctx, coro))
					aws = append(aws, tasks[len(tasks)-1])
				} else {
					aws = append(aws, coro)
				}
			}
			var want []string
			slices.SortStableFunc(twin, func(a, b member) int { return int(a.at - b.at) })
			for _, m := range twin {
				if m.at < cut {
					want = append(want, fmt.Sprint(m.at))
				}
			}
			late := n - len(want)
			var got []string
			cancelled := 0
			a := try(ctx, func(ctx context.Context) error {
				ctx, cancel := asyncio.WithTimeout(ctx, cut)
				defer cancel()
				seen := map[int]bool{}
				for i, r := range asyncio.AsCompleted(ctx, aws...) {
					if seen[i] {
						t.Errorf("seed %d: position %d twice", seed, i)
					}
					seen[i] = true
					switch {
					case r.Err == context.DeadlineExceeded:
						cancelled++
					case r.Err != nil || r.Value != i:
						t.Errorf("seed %d: %d: %v", seed, i, r)
					default:
						got = append(got, fmt.Sprint(twin[slices.IndexFunc(twin, func(m member) bool { return m.i == i })].at))
					}
					if len(seen) == leaveAfter {
						break
					}
				}
				if left := len(asyncio.LoopOf(ctx).Tasks()); left > 2+len(tasks) {
					t.Errorf("seed %d: %d tasks live after the loop, want at most %d", seed, left, 2+len(tasks))
				}
				return nil
			})
			await(ctx, t, a)
			if leaveAfter > 0 && leaveAfter < n {
				want, late = want[:min(len(want), leaveAfter)], max(0, leaveAfter-len(want))
			}
			if !slices.Equal(got, want) || cancelled != late {
				t.Errorf("seed %d: got %v and %d cut short, want %v and %d", seed, got, cancelled, want, late)
			}
			for _, task := range tasks {
				await(ctx, t, task)
			}
		})
	}
}
