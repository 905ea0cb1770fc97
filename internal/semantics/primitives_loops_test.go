package semantics_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S20 for the primitives: several loops, and loops that have ended.

func TestS20_PrimitivesRefuseASecondLoop(t *testing.T) {
	for name, prepare := range map[string]func(k *kit){"generous": (*kit).generous, "exhausted": (*kit).exhaust, "full": (*kit).fill} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				k := newKit()
				k.bind()
				prepare(k)
				k.unchanged(t, func() {
					elsewhere(func() {
						err := asyncio.Run(context.Background(), func(ctx context.Context) error {
							refused(t, k, ctx, asyncio.ErrWrongLoop)
							refusedWithoutCtx(t, k, asyncio.ErrWrongLoop)
							return nil
						})
						if err != nil {
							t.Error(err)
						}
					})
				})
			})
		})
	}
}

// The ctx of the first loop in a task of the second is refused as that of another loop, for channels too.
func TestS20_PrimitivesRefuseTheContextOfTheirLoopElsewhere(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		k := newKit()
		k.bind()
		k.generous()
		k.unchanged(t, func() {
			elsewhere(func() {
				err := asyncio.Run(context.Background(), func(context.Context) error {
					refused(t, k, ctx, asyncio.ErrWrongLoop)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		})
	})
}

// When its loop has ended, a primitive goes on with the next, in the state in which it was left.
func TestS20_PrimitivesServeTheNextLoop(t *testing.T) {
	k := newKit()
	for _, loop := range []string{"first", "second", "third"} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			if loop != "first" {
				if !k.lock.Locked() || !k.event.IsSet() || k.semaphore.TryAcquire() || k.barrier.Waiting() != 0 {
					t.Errorf("the %s loop finds another state than was left", loop)
				}
				k.lock.Release()
				k.semaphore.Release()
				k.event.Clear()
			}
			for name, q := range k.queues {
				if loop != "first" {
					if v, err := q.Get(ctx); v != 5 || err != nil {
						t.Errorf("%s.Get on the %s loop: %d, %v; want 5", name, loop, v, err)
					}
				}
				waiter := try(ctx, func(ctx context.Context) error { return second(q.Get(ctx)) })
				turns(ctx, t, 1)
				if err := q.Put(ctx, 4); err != nil {
					t.Errorf("%s.Put on the %s loop: %v", name, loop, err)
				}
				await(ctx, t, waiter)
				q.TryPut(5)
			}
			for _, call := range k.suspending() { // all of them can wait here, and be cancelled
				if !strings.HasPrefix(call.name, "Condition") && !strings.HasSuffix(call.name, ".Get") && call.name != "Recv" {
					a := try(ctx, call.call)
					turns(ctx, t, 1)
					a.Cancel(nil)
					await(ctx, t, a)
					if a.err != nil && a.err != context.Canceled {
						t.Errorf("%s on the %s loop: %v", call.name, loop, a.err)
					}
				}
			}
			byCallback(ctx, func() { k.lock.TryAcquire() })
			k.semaphore.TryAcquire()
			k.event.Set()
		})
	}
}

// Between two loops, and off any, a primitive is anybody's again.
func TestS20_AfterItsLoopAPrimitiveIsAnybodys(t *testing.T) {
	k := newKit()
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		k.bind()
		k.generous()
		k.lock.TryAcquire()
	})
	for _, call := range k.loopOnly() {
		if v := panicOf(call.call); v != nil && call.name != "Lock.Release" {
			t.Errorf("%s after the end of the loop: panic %v", call.name, v)
		}
	}
	k.lock.TryAcquire()
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		a := try(ctx, k.lock.Acquire)
		turns(ctx, t, 1)
		k.lock.Release()
		await(ctx, t, a)
		if a.err != nil {
			t.Error(a.err)
		}
	})
}

// Two loops that use a primitive for the first time at once: one of them has it, the other is refused.
func TestS20_OneOfTwoLoopsWinsAPrimitive(t *testing.T) {
	for range 20 {
		k := newKit()
		k.fill()
		for _, call := range append(k.suspending(), k.puts()...) {
			if call.name == "Recv" || call.name == "Send" || strings.HasPrefix(call.name, "Condition") { // no home, or not without the lock
				continue
			}
			var wg, begin, end sync.WaitGroup
			begin.Add(2)
			end.Add(2)
			var errs [2]error
			for i := range errs {
				wg.Go(func() {
					err := asyncio.Run(context.Background(), func(ctx context.Context) error {
						begin.Done()
						begin.Wait() // it blocks the loops, and is meant to: both try at once
						a := try(ctx, call.call)
						turns(ctx, t, 1)
						a.Cancel(nil)
						await(ctx, t, a)
						errs[i] = a.err
						end.Done()
						end.Wait() // and live until both have tried
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			refused := 0
			for _, err := range errs {
				if errors.Is(err, asyncio.ErrWrongLoop) {
					refused++
				} else if err != nil && err != context.Canceled {
					t.Errorf("%s: %v", call.name, err)
				}
			}
			if refused != 1 {
				t.Errorf("%s of two loops at once: %v and %v, want one ErrWrongLoop", call.name, errs[0], errs[1])
			}
		}
	}
}

// What an abandoned task waited for is not handed to it after its loop has ended: it would be lost for ever.
func TestS20_WhatAnAbandonedTaskWaitedForGoesToTheNextLoop(t *testing.T) {
	for name, newHandOver := range handOvers {
		t.Run(name, func(t *testing.T) {
			h := newHandOver()
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				for range 3 {
					asyncio.Go(ctx, func(ctx context.Context) error { return h.wait(context.WithoutCancel(ctx)) })
				}
				return asyncio.Sleep(ctx, 0)
			}, asyncio.WithShutdownTimeout(0))
			if err == nil || !strings.Contains(err.Error(), "3 task(s) did not stop") {
				t.Fatalf("Run: %v, want three abandoned tasks", err)
			}
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				a := try(ctx, h.wait)
				turns(ctx, t, 1)
				h.serve()
				turns(ctx, t, 2)
				if !a.over || a.err != nil {
					t.Errorf("over %v, %v; want it served", a.over, a.err)
				}
				cancelAll(ctx, []*attempt{a})
			})
		})
	}
}

// A queue keeps an item or room for each woken task. If the task never runs because its loop has ended, the item or
// room is free again.
func TestS20_AnEndedLoopFreesItsItemsAndRoom(t *testing.T) {
	for name, newHandOver := range handOvers {
		if !strings.HasSuffix(name, ".Get") && !strings.HasSuffix(name, ".Put") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			h := newHandOver()
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				ctx = context.WithoutCancel(ctx)
				for range 20 {
					asyncio.Go(ctx, func(ctx context.Context) error { return h.wait(context.WithoutCancel(ctx)) })
				}
				asyncio.Go(ctx, func(ctx context.Context) error {
					for { // wakes one task in each turn, until the loop ends
						asyncio.Sleep(context.WithoutCancel(ctx), 0)
						h.serve()
					}
				})
				return asyncio.Sleep(ctx, 0)
			}, asyncio.WithShutdownTimeout(0))
			if err == nil || !strings.Contains(err.Error(), "did not stop") {
				t.Fatalf("Run: %v, want abandoned tasks", err)
			}
			spare := func() {
				if !h.spare() {
					t.Error("the item or room that was kept for a task of the ended loop is lost")
				}
			}
			if strings.HasPrefix(name, "LIFO") { // without a running loop
				spare()
				return
			}
			asynciotest.Run(t, func(context.Context, *testing.T) { spare() })
		})
	}
}
