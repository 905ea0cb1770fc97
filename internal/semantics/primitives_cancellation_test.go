package semantics_test

import (
	"context"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S15: no permit, item, room or wake-up is lost to a cancellation, whenever it comes.

func TestS15_WhatWasHandedOverWinsOverACancelInTheSameTurn(t *testing.T) {
	eachHandOver(t, func(ctx context.Context, t *testing.T, h handOver) {
		a := tryInOrder(ctx, t, 1, h.wait)[0]
		h.serve()
		a.Cancel(errWhy)
		await(ctx, t, a)
		if a.err != nil || a.next != context.Canceled {
			t.Errorf("served, then cancelled: %v, next await %v; want nil, context.Canceled", a.err, a.next)
		}
		if h.spare != nil && h.spare() {
			t.Error("what was handed over was there a second time")
		}
	})
}

func TestS15_WhoWasCancelledBeforeIsNotServed(t *testing.T) {
	eachHandOver(t, func(ctx context.Context, t *testing.T, h handOver) {
		a := tryInOrder(ctx, t, 1, h.wait)[0]
		a.Cancel(errWhy)
		h.serve()
		await(ctx, t, a)
		if a.err != context.Canceled || a.next != context.Canceled {
			t.Errorf("cancelled, then served: %v, next await %v; want context.Canceled twice", a.err, a.next)
		}
		if h.spare != nil && !h.spare() {
			t.Error("what was served went to the one who had been cancelled")
		}
	})
}

// Cancelled in the same turn as the hand-over, before it: the next in line gets it. It is the wake-up that
// would be lost if the leaving waiter kept it.
func TestS15_AWaiterThatLeavesPassesItsWakeUpOn(t *testing.T) {
	eachHandOver(t, func(ctx context.Context, t *testing.T, h handOver) {
		all := tryInOrder(ctx, t, 2, h.wait)
		all[0].Cancel(nil)
		h.serve()
		turns(ctx, t, 2) // the second one is for the lock of a condition
		if all[0].err != context.Canceled || !all[1].over || all[1].err != nil {
			t.Errorf("the first %v; the second over %v, %v; want the second served", all[0].err, all[1].over, all[1].err)
		}
		cancelAll(ctx, all)
	})
}

// Cancelled after it was woken and before it goes on, the waiter keeps what it has, and nobody else is woken
// or forgotten.
func TestS15_AWokenWaiterThatIsCancelledKeepsWhatItHas(t *testing.T) {
	eachHandOver(t, func(ctx context.Context, t *testing.T, h handOver) {
		all := tryInOrder(ctx, t, 3, h.wait)
		h.serve()
		all[0].Cancel(nil)
		all[1].Cancel(nil)
		turns(ctx, t, 2)
		if got := over(all); got != "110" || all[0].err != nil || all[1].err != context.Canceled {
			t.Errorf("over %s, %v, %v; want 110, nil, context.Canceled", got, all[0].err, all[1].err)
		}
		h.serve()
		turns(ctx, t, 2)
		if !all[2].over || all[2].err != nil {
			t.Errorf("the third: over %v, %v; want it served next", all[2].over, all[2].err)
		}
		cancelAll(ctx, all)
	})
}

// Every subset of five waiters leaves before the first is served: the others come in their order, each exactly once.
func TestS15_TheOrderSurvivesAnyoneLeaving(t *testing.T) {
	const n = 5
	eachHandOver(t, func(ctx context.Context, t *testing.T, h handOver) {
		for leaving := range 1 << n {
			all := tryInOrder(ctx, t, n, h.wait)
			want := make([]byte, n)
			for i, a := range all {
				want[i] = '0'
				if leaving>>i&1 == 1 {
					a.Cancel(nil)
					want[i] = '1'
				}
			}
			for i, a := range all {
				if leaving>>i&1 == 1 {
					continue
				}
				h.serve()
				turns(ctx, t, 2)
				want[i] = '1'
				if got := over(all); got != string(want) || a.err != nil {
					t.Fatalf("%05b leave: over %s, want %s; %v", leaving, got, want, a.err)
				}
			}
			cancelAll(ctx, all)
			if h.spare != nil && h.spare() {
				t.Fatalf("%05b leave: there is something to spare", leaving)
			}
		}
	})
}

// S13, S15: on entry a cancelled ctx wins, and what is there stays there.
func TestS15_OnEntryACancelledContextWinsAndTakesNothing(t *testing.T) {
	eachHandOver(t, func(ctx context.Context, t *testing.T, h handOver) {
		for _, way := range waysToCancel() {
			c, end := way.make(ctx)
			end()
			asyncio.Sleep(ctx, way.after+1)
			h.serve()
			if err := h.wait(c); err != way.want {
				t.Errorf("%s: %v, want %v", way.name, err, way.want)
			}
			if h.spare != nil && !h.spare() {
				t.Errorf("%s: what was there is gone", way.name)
			}
		}
	})
}

// S18: under whatever context one waits, its end ends the wait, with its error, and nothing of the waiter stays behind.
func TestS18_AnyContextEndsTheWait(t *testing.T) {
	eachHandOver(t, func(ctx context.Context, t *testing.T, h handOver) {
		for _, way := range waysToCancel() {
			start := time.Now()
			c, end := way.make(ctx)
			asyncio.LoopOf(ctx).CallLater(time.Minute, end)
			err := h.wait(c)
			if took := time.Since(start); err != way.want || way.after > 0 && took != way.after {
				t.Errorf("%s: %v after %v, want %v after %v", way.name, err, took, way.want, way.after)
			}
			h.serve()
			if h.spare != nil && !h.spare() {
				t.Errorf("%s: what was served went to the one who had left", way.name)
			}
			asyncio.Sleep(ctx, time.Hour)
		}
	})
}

// S17: the error is the ctx's, also when several of them could end the wait.
func TestS17_WaitsTellWhyTheyEnded(t *testing.T) {
	eachHandOver(t, func(ctx context.Context, t *testing.T, h handOver) {
		limited := try(ctx, func(ctx context.Context) error {
			ctx, cancel := asyncio.WithTimeout(ctx, time.Second)
			defer cancel()
			return h.wait(ctx)
		})
		asyncio.Sleep(ctx, time.Minute)
		if limited.err != context.DeadlineExceeded || limited.next != nil {
			t.Errorf("within a second: %v, next await %v; want context.DeadlineExceeded, nil", limited.err, limited.next)
		}
		cause := make(chan error, 1)
		cancelled := try(ctx, func(ctx context.Context) error {
			err := h.wait(ctx)
			cause <- context.Cause(ctx)
			return err
		})
		turns(ctx, t, 1)
		cancelled.Cancel(errWhy)
		await(ctx, t, cancelled)
		if got := <-cause; cancelled.err != context.Canceled || got != errWhy {
			t.Errorf("cancelled: %v because of %v, want context.Canceled because of %v", cancelled.err, got, errWhy)
		}
	})
}

// A waiter that is shielded stays, and is served although its task was cancelled long ago.
func TestS15_AShieldedWaiterStays(t *testing.T) {
	eachHandOver(t, func(ctx context.Context, t *testing.T, h handOver) {
		a := tryInOrder(ctx, t, 1, func(ctx context.Context) error { return h.wait(context.WithoutCancel(ctx)) })[0]
		a.Cancel(nil)
		asyncio.Sleep(ctx, time.Hour)
		if a.over {
			t.Fatalf("it left: %v", a.err)
		}
		h.serve()
		await(ctx, t, a)
		if a.err != nil || a.next != context.Canceled {
			t.Errorf("%v, next await %v; want nil, context.Canceled", a.err, a.next)
		}
	})
}

// S18: a wait under a context of the loop costs no goroutine and no memory, however often it is repeated.
func TestS18_WaitingAllocatesNothing(t *testing.T) {
	const rounds = 200
	eachHandOver(t, func(ctx context.Context, t *testing.T, h handOver) {
		stop := false
		waiter := asyncio.Go(ctx, func(ctx context.Context) error {
			for !stop {
				if err := h.wait(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		serve := func() {
			for range rounds {
				h.serve()
				asyncio.Sleep(ctx, 0)
				asyncio.Sleep(ctx, 0)
			}
		}
		serve()
		objects := mallocs(serve)
		stop = true
		h.serve()
		await(ctx, t, waiter)
		if objects > rounds/10 { // a garbage collection may allocate
			t.Errorf("%d objects for %d waits, want none", objects, rounds)
		}
	})
}

// A crowd in which everybody is cancelled at a turn of his own leaves the primitive as it was.
func TestS15_ACrowdThatIsCancelledAtEveryTurn(t *testing.T) {
	for name, newHandOver := range handOvers {
		for seed := range 20 {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				h := newHandOver()
				all := tryInOrder(ctx, t, 20, h.wait)
				served := 0
				for i := range all {
					if (i+seed)%3 == 0 {
						h.serve()
						served++
					}
					all[(i*7+seed)%len(all)].Cancel(nil)
					if (i+seed)%2 == 0 {
						turns(ctx, t, 1)
					}
				}
				turns(ctx, t, 3)
				got := 0
				for i, a := range all {
					if !a.over {
						t.Errorf("%s, seed %d: %d still waits", name, seed, i)
					} else if a.err == nil {
						got++
					}
				}
				left := 0
				for h.spare != nil && left < served && h.spare() {
					left++
				}
				if got+left > served || h.spare != nil && got+left != served {
					t.Errorf("%s, seed %d: served %d times, %d got something, %d were left", name, seed, served, got, left)
				}
				cancelAll(ctx, all)
			})
		}
	}
}
