package semantics_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// AsCompleted whose caller is cancelled.

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
