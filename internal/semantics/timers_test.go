package semantics_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S4: sleeps, callbacks and time-outs that are due at the same instant fire in
// the order in which they were set, also when many were cancelled in between.
func TestS04_TimersOfOneInstantFireInOrder(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		start := l.Now()
		const delay, each = time.Second, 50
		var order []int
		var cancelled []*asyncio.Handle
		n := 0
		for range each {
			first := n
			n += 5
			asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.Sleep(ctx, delay)
				order = append(order, first)
				return nil
			})
			asyncio.Sleep(ctx, 0) // it sleeps now
			l.CallLater(delay, func() { order = append(order, first+1) })
			for range 9 {
				cancelled = append(cancelled, l.CallLater(delay, func() { t.Error("a cancelled callback ran") }))
			}
			l.CallAt(start.Add(delay), func() { order = append(order, first+2) })
			asyncio.Go(ctx, func(ctx context.Context) error {
				ctx, cancel := asyncio.WithTimeout(ctx, delay)
				defer cancel()
				forever(ctx)
				order = append(order, first+3)
				return nil
			})
			asyncio.Sleep(ctx, 0)
			asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.WaitFor(ctx, delay, asyncio.Awaitable[int](asyncio.NewFuture[int](ctx)))
				order = append(order, first+4)
				return nil
			})
			asyncio.Sleep(ctx, 0)
		}
		for _, h := range cancelled {
			h.Cancel()
		}
		asyncio.Sleep(ctx, delay+1)
		if len(order) != n || !slices.IsSorted(order) {
			t.Errorf("%d of %d timers fired, in the order %v", len(order), n, order)
		}
		if now := l.Now().Sub(start); now != delay+1 {
			t.Errorf("they took %v, want %v", now, delay+1)
		}
	})
}

// S4: earlier timers fire first, whenever they were set.
func TestS04_EarlierTimersFireFirst(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var tr trace
		start := time.Now()
		for _, ms := range []int{50, 10, 40, 20, 30, 20} {
			asyncio.LoopOf(ctx).CallLater(time.Duration(ms)*time.Millisecond, func() {
				tr.add(ms)
				if at := time.Since(start); at != time.Duration(ms)*time.Millisecond {
					t.Errorf("the timer of %d ms fired after %v", ms, at)
				}
			})
		}
		asyncio.Sleep(ctx, time.Second)
		tr.expect(t, "10 20 20 30 40 50")
	})
}

// S4: what comes from outside the loop is looked at while tasks keep the loop
// busy, in 64 turns at the latest: with one task, which needs no switch to give
// up a turn, and with many.
func TestS04_TheOutsideIsLookedAtWithin64Turns(t *testing.T) {
	for _, tasks := range []int{1, 2, 100} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			came := false
			most := 0
			err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				for range tasks {
					asyncio.Go(ctx, func(ctx context.Context) error {
						for n := 0; !came && n < 1000; n++ {
							most = max(most, n)
							asyncio.Sleep(ctx, 0)
						}
						return nil
					})
				}
				posted := make(chan error)
				go func() { posted <- asyncio.LoopOf(ctx).CallSoonThreadsafe(func() { came = true }) }()
				return <-posted
			})
			if err != nil || !came || most > 64 {
				t.Errorf("%d busy tasks: came %v, after %d turns, error %v; want 64 turns at most", tasks, came, most, err)
			}
		})
	}
}

// S5: no code of the loop runs between two awaits of a task, whatever kind it
// is: each increments a plain variable in two steps. Under -race this also
// shows that each step happens before the next.
func TestS05_CodeBetweenTwoAwaitsIsAtomic(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		const tasks, rounds = 200, 20
		l := asyncio.LoopOf(ctx)
		counter, inside := 0, false
		increment := func() {
			if inside {
				t.Error("two steps of one loop run at a time")
			}
			inside = true
			read := counter
			runtime.Gosched() // a chance for whoever might run beside
			counter = read + 1
			inside = false
		}

		var outside sync.WaitGroup
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for i := range tasks {
				asyncio.Go(ctx, func(ctx context.Context) error {
					for range rounds {
						increment()
						switch i % 4 {
						case 0:
							asyncio.Sleep(ctx, 0)
						case 1:
							asyncio.Sleep(ctx, time.Millisecond)
						case 2:
							l.CallSoon(increment)
							asyncio.Go(ctx, func(context.Context) error { increment(); return nil }).OnDone(increment)
							asyncio.Sleep(ctx, time.Millisecond)
						case 3:
							asyncio.ToThread(ctx, func(context.Context) (int, error) { time.Sleep(time.Millisecond); return 0, nil })
						}
					}
					return nil
				})
			}
			for range 4 {
				outside.Go(func() {
					for range rounds {
						l.CallSoonThreadsafe(increment)
						asyncio.Submit(l, func(ctx context.Context) (int, error) { increment(); return 0, asyncio.Sleep(ctx, 1) })
						time.Sleep(time.Millisecond)
					}
				})
			}
			return nil
		})
		asyncio.Sleep(ctx, time.Second) // until what came from outside has run
		outside.Wait()
		if want := tasks*rounds + 3*(tasks/4)*rounds + 2*4*rounds; err != nil || counter != want {
			t.Errorf("counted %d with error %v, want %d", counter, err, want)
		}
	})
}

// S5: a task that does not await is not interrupted, however long it takes and
// whatever is due meanwhile.
func TestS05_OnlyAnAwaitGivesUpControl(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		ran := 0
		count := func() { ran++ }
		l.CallSoon(count)
		l.CallLater(0, count)
		asyncio.Go(ctx, func(context.Context) error { ran++; return nil })
		l.CallSoonThreadsafe(count)
		done := asyncio.NewFuture[int](ctx)
		done.SetResult(1)
		for range 1000 {
			done.Await(ctx)
			asyncio.CreateTask(ctx, value(1))
			asyncio.Coroutine[int](value(1)).Await(ctx)
			l.Tasks()
		}
		if ran != 0 {
			t.Errorf("%d others ran while main did not await", ran)
		}
		asyncio.Sleep(ctx, time.Second)
		if ran != 4 {
			t.Errorf("%d others ran when main slept, want 4", ran)
		}
	})
}
