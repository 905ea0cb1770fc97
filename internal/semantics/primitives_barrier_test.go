package semantics_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// arrive makes the calls of tasks that come to a barrier and keep the number they get.
func arrive(b *asyncio.Barrier, into *[]int) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		i, err := b.Wait(ctx)
		if err == nil {
			*into = append(*into, i)
		} else if i != 0 {
			return fmt.Errorf("number %d with the error %w", i, err)
		}
		return err
	}
}

func TestBarrier_ItHoldsTasksUntilNHaveCome(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			b := asyncio.NewBarrier(n)
			var got []int
			var all []*attempt
			for round := range 3 {
				for i := range n - 1 {
					all = append(all, try(ctx, arrive(b, &got)))
					asyncio.Sleep(ctx, time.Second)
					if len(got) != round*n || b.Waiting() != i+1 || b.Parties() != n || b.Broken() {
						t.Errorf("n %d, after %d: passed %v, waiting %d, parties %d, broken %v", n, i+1, got, b.Waiting(), b.Parties(), b.Broken())
					}
				}
				all = append(all, try(ctx, arrive(b, &got)))
				turns(ctx, t, 2)
				if len(got) != (round+1)*n || b.Waiting() != 0 {
					t.Errorf("n %d, after all: passed %v, waiting %d", n, got, b.Waiting())
				}
				now := slices.Clone(got[round*n:])
				slices.Sort(now)
				for i, number := range now {
					if number != i {
						t.Errorf("n %d: numbers %v, want 0 to %d, each once", n, got[round*n:], n-1)
						break
					}
				}
			}
			for i, a := range all {
				if a.err != nil {
					t.Errorf("task %d: %v", i, a.err)
				}
			}
			cancelAll(ctx, all)
		})
	}
}

func TestBarrier_TheNumbersAreInOrderOfArrival(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		b := asyncio.NewBarrier(5)
		numbers := make([]int, 5)
		var all []*attempt
		for i := range numbers {
			all = append(all, try(ctx, func(ctx context.Context) (err error) {
				numbers[i], err = b.Wait(ctx)
				return err
			}))
		}
		endByThemselves(ctx, t, all)
		if !slices.Equal(numbers, []int{0, 1, 2, 3, 4}) {
			t.Errorf("numbers %v, want 0 to 4", numbers)
		}
	})
}

// endByThemselves lets the attempts end by themselves, which they must.
func endByThemselves(ctx context.Context, t *testing.T, all []*attempt) {
	t.Helper()
	asyncio.Sleep(ctx, time.Hour)
	for i, a := range all {
		if !a.over || a.err != nil {
			t.Errorf("task %d: over %v, %v", i, a.over, a.err)
		}
	}
	cancelAll(ctx, all)
}

// The last one does not wait, and the next round begins at once: those who went on are not in its way.
func TestBarrier_ItServesAgainAtOnce(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		b := asyncio.NewBarrier(2)
		n, stop := countTurns(ctx)
		var first, second []int
		a := tryInOrder(ctx, t, 1, arrive(b, &first))[0]
		before := *n
		if i, err := b.Wait(ctx); i != 1 || err != nil || *n != before {
			t.Errorf("the last one: %d, %v after %d turns; want 1, nil, 0", i, err, *n-before)
		}
		if b.Waiting() != 0 {
			t.Errorf("%d wait, want 0: the first was let go", b.Waiting())
		}
		c := try(ctx, arrive(b, &second)) // comes before the first has gone on
		turns(ctx, t, 1)
		if !a.over || c.over || b.Waiting() != 1 {
			t.Errorf("the first over %v, the one of the next round %v, %d wait; want true, false, 1", a.over, c.over, b.Waiting())
		}
		if i, err := b.Wait(ctx); i != 1 || err != nil {
			t.Errorf("the last of the next round: %d, %v", i, err)
		}
		turns(ctx, t, 1)
		stop()
		if !slices.Equal(first, []int{0}) || !slices.Equal(second, []int{0}) {
			t.Errorf("%v, %v; want [0] twice", first, second)
		}
		cancelAll(ctx, []*attempt{a, c})
	})
}

func TestBarrier_ACancelledTaskIsNotCounted(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		b := asyncio.NewBarrier(3)
		var got []int
		all := tryInOrder(ctx, t, 2, arrive(b, &got))
		all[0].Cancel(errWhy)
		if b.Waiting() != 1 {
			t.Errorf("%d wait after the cancel, want 1", b.Waiting())
		}
		third := try(ctx, arrive(b, &got)) // the same turn: only two have come
		turns(ctx, t, 2)
		if all[0].err != context.Canceled || len(got) != 0 || b.Broken() {
			t.Errorf("cancelled: %v; passed %v, broken %v; want nobody to pass", all[0].err, got, b.Broken())
		}
		if i, err := b.Wait(ctx); i != 2 || err != nil {
			t.Errorf("the last: %d, %v; want 2", i, err)
		}
		turns(ctx, t, 1)
		if !slices.Equal(got, []int{0, 1}) {
			t.Errorf("numbers %v, want [0 1]", got)
		}
		cancelAll(ctx, append(all, third))
	})
}

// Who was let go keeps that, though cancelled, reset or aborted before it goes on (S15).
func TestBarrier_WhoWasLetGoGoes(t *testing.T) {
	for name, then := range map[string]func(b *asyncio.Barrier, a *attempt){
		"cancel": func(_ *asyncio.Barrier, a *attempt) { a.Cancel(nil) },
		"reset":  func(b *asyncio.Barrier, _ *attempt) { b.Reset() },
		"abort":  func(b *asyncio.Barrier, _ *attempt) { b.Abort() },
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				b := asyncio.NewBarrier(3)
				var got []int
				all := tryInOrder(ctx, t, 2, arrive(b, &got))
				if _, err := b.Wait(ctx); err != nil {
					t.Error(err)
				}
				then(b, all[0])
				turns(ctx, t, 1)
				if all[0].err != nil || all[1].err != nil || !slices.Equal(got, []int{0, 1}) {
					t.Errorf("%v, %v, numbers %v; want them to pass", all[0].err, all[1].err, got)
				}
				cancelAll(ctx, all)
			})
		})
	}
}

func TestBarrier_ResetSendsTheWaitingAwayAndBeginsAnew(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		b := asyncio.NewBarrier(3)
		var got []int
		all := tryInOrder(ctx, t, 2, arrive(b, &got))
		b.Reset()
		all[1].Cancel(nil) // too late: it has been sent away
		if b.Waiting() != 0 || b.Broken() {
			t.Errorf("after Reset: %d wait, broken %v; want 0, false", b.Waiting(), b.Broken())
		}
		again := try(ctx, arrive(b, &got))
		turns(ctx, t, 1)
		for i, a := range all {
			if a.err != asyncio.ErrBarrierBroken {
				t.Errorf("waiter %d: %v, want ErrBarrierBroken", i, a.err)
			}
		}
		turns(ctx, t, 1)
		if again.over {
			t.Errorf("who came after Reset: %v, want it to wait", again.err)
		}
		more := tryInOrder(ctx, t, 1, arrive(b, &got))
		last := try(ctx, arrive(b, &got))
		endByThemselves(ctx, t, append(more, again, last))
		cancelAll(ctx, all)
	})
}

func TestBarrier_AbortBreaksItUntilReset(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		b := asyncio.NewBarrier(2)
		var got []int
		a := tryInOrder(ctx, t, 1, arrive(b, &got))[0]
		b.Abort()
		b.Abort()
		a.Cancel(nil)
		if !b.Broken() || b.Waiting() != 0 {
			t.Errorf("after Abort: broken %v, %d wait; want true, 0", b.Broken(), b.Waiting())
		}
		n, stop := countTurns(ctx)
		for range 2 {
			if i, err := b.Wait(ctx); i != 0 || err != asyncio.ErrBarrierBroken || *n != 0 {
				t.Errorf("Wait: %d, %v after %d turns; want ErrBarrierBroken at once", i, err, *n)
			}
		}
		stop()
		await(ctx, t, a)
		if a.err != asyncio.ErrBarrierBroken || len(got) != 0 {
			t.Errorf("the waiter: %v, passed %v", a.err, got)
		}
		b.Reset()
		if b.Broken() {
			t.Error("broken after Reset")
		}
		endByThemselves(ctx, t, []*attempt{try(ctx, arrive(b, &got)), try(ctx, arrive(b, &got))})
	})
}

func TestBarrier_ResetAndAbortOfAnEmptyOne(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		b := asyncio.NewBarrier(1)
		b.Reset()
		if i, err := b.Wait(ctx); i != 0 || err != nil {
			t.Errorf("after Reset: %d, %v", i, err)
		}
		b.Abort()
		b.Reset()
		if i, err := b.Wait(ctx); i != 0 || err != nil {
			t.Errorf("after Abort and Reset: %d, %v", i, err)
		}
	})
}

func TestBarrier_OnEntryACancelledContextWins(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		b := asyncio.NewBarrier(2)
		var got []int
		a := tryInOrder(ctx, t, 1, arrive(b, &got))[0]
		for _, way := range waysToCancel() {
			c, end := way.make(ctx)
			end()
			asyncio.Sleep(ctx, way.after+1)
			if i, err := b.Wait(c); i != 0 || err != way.want {
				t.Errorf("%s: %d, %v; want %v", way.name, i, err, way.want)
			}
		}
		if a.over || b.Waiting() != 1 {
			t.Errorf("over %v, %d wait; want false, 1", a.over, b.Waiting())
		}
		cancelAll(ctx, []*attempt{a})
		if b.Waiting() != 0 {
			t.Errorf("%d wait, want 0", b.Waiting())
		}
	})
}

func TestBarrier_NewNeedsAParty(t *testing.T) {
	wantClearPanic(t, "0", func() { asyncio.NewBarrier(0) }, "NewBarrier(0)", "at least 1")
	wantClearPanic(t, "-1", func() { asyncio.NewBarrier(-1) }, "NewBarrier(-1)", "at least 1")
}

// Tasks come and are cancelled, and the barrier is reset and aborted, in every order of six such steps: it opens
// for the third of those that still wait, no earlier and no later, and Waiting counts them.
func TestBarrier_ItCountsWhoStillWaits(t *testing.T) {
	for program := range 4 * 4 * 4 * 4 * 4 * 4 {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			b := asyncio.NewBarrier(3)
			var got []int
			var all, waiting []*attempt
			var want []error // of all
			leave := func(err error) {
				for _, a := range waiting {
					want[slices.Index(all, a)] = err
				}
				waiting = nil
			}
			for step, rest := 0, program; step < 6; step, rest = step+1, rest/4 {
				switch rest % 4 {
				case 0: // one comes
					a := try(ctx, arrive(b, &got))
					all, waiting, want = append(all, a), append(waiting, a), append(want, context.Canceled)
					turns(ctx, t, 1)
					if len(waiting) == 3 {
						leave(nil)
					}
				case 1: // the oldest is cancelled, and has not run when the next step is taken
					if len(waiting) > 0 {
						waiting[0].Cancel(nil)
						waiting = waiting[1:]
					}
				case 2:
					b.Reset()
					leave(asyncio.ErrBarrierBroken)
				case 3:
					b.Abort()
					b.Reset()
					leave(asyncio.ErrBarrierBroken)
				}
				if b.Waiting() != len(waiting) {
					t.Fatalf("program %d, step %d: %d wait, want %d", program, step, b.Waiting(), len(waiting))
				}
			}
			cancelAll(ctx, all)
			for i, a := range all {
				if a.err != want[i] {
					t.Errorf("program %d, task %d: %v, want %v", program, i, a.err, want[i])
				}
			}
		})
	}
}

func TestBarrier_ManyParties(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		n := 2000 / min(fewer, 10)
		b := asyncio.NewBarrier(n)
		var got []int
		var tasks []*asyncio.Task[struct{}]
		for range n {
			tasks = append(tasks, asyncio.Go(ctx, arrive(b, &got)))
		}
		if _, err := asyncio.Gather(ctx, tasks...); err != nil || len(got) != n {
			t.Errorf("%v, %d of %d passed", err, len(got), n)
		}
	})
}
