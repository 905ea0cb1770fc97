package semantics_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S19 and S20 for the primitives: who may call them.

// refused checks that every call of the kit that takes a ctx fails with want.
func refused(t *testing.T, k *kit, ctx context.Context, want error) {
	t.Helper()
	for _, call := range append(k.suspending(), k.puts()...) {
		if strings.HasPrefix(call.name, "Recv") || strings.HasPrefix(call.name, "Send") {
			if want == asyncio.ErrWrongLoop { // a channel belongs to no loop
				continue
			}
		}
		wantErr(t, call.name, call.call(ctx), want)
	}
}

// refusedWithoutCtx is refused for the calls that have no ctx: they panic, and name themselves.
func refusedWithoutCtx(t *testing.T, k *kit, want error) {
	t.Helper()
	for _, call := range k.loopOnly() {
		name, _, _ := strings.Cut(call.name, "(")
		name = name[strings.Index(name, ".")+1:] // the three queues share their calls
		wantPanic(t, call.name, call.call, want, name)
	}
}

// elsewhere runs fn in a goroutine of its own and blocks the loop meanwhile.
func elsewhere(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	<-done
}

func TestS20_PrimitivesRefuseAForeignGoroutine(t *testing.T) {
	for name, prepare := range map[string]func(k *kit){"generous": (*kit).generous, "exhausted": (*kit).exhaust, "full": (*kit).fill} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				k := newKit()
				k.bind()
				prepare(k)
				k.unchanged(t, func() {
					elsewhere(func() {
						refused(t, k, ctx, asyncio.ErrWrongTask)
						refusedWithoutCtx(t, k, asyncio.ErrWrongTask)
					})
				})
			})
		})
	}
}

// Also while the loop waits for something, and no step runs.
func TestS20_PrimitivesRefuseAForeignGoroutineWhileTheLoopSleeps(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		k := newKit()
		k.bind()
		k.generous()
		done := make(chan struct{})
		go func() {
			defer close(done)
			time.Sleep(time.Second)
			refused(t, k, ctx, asyncio.ErrWrongTask)
			refusedWithoutCtx(t, k, asyncio.ErrWrongTask)
		}()
		k.unchanged(t, func() {
			asyncio.Sleep(ctx, time.Hour)
			<-done
		})
	})
}

func TestS20_ACallbackCannotSuspendButMayServe(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		k := newKit()
		k.generous()
		done := asyncio.NewFuture[int](ctx)
		asyncio.LoopOf(ctx).CallSoon(func() {
			defer done.SetResult(1)
			k.unchanged(t, func() { refused(t, k, ctx, asyncio.ErrWrongTask) })
			for _, call := range k.loopOnly() {
				if v := panicOf(call.call); v != nil {
					t.Errorf("%s in a callback: panic %v", call.name, v)
				}
			}
		})
		await(ctx, t, done)
	})
}

// An await inside a sequence of asyncio.Pull is legal, and so are the calls without a ctx.
func TestS20_PrimitivesWorkInAPullOfTheTask(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		inPull := func(fn func()) {
			next, stop := asyncio.Pull(func(yield func(int) bool) { fn() })
			defer stop()
			next()
		}
		k := newKit()
		inPull(func() { // not used by any loop yet
			for _, call := range k.loopOnly() {
				if strings.HasPrefix(call.name, "Condition") {
					continue
				}
				if v := panicOf(call.call); v != nil {
					t.Errorf("%s, the first call, in a Pull: panic %v", call.name, v)
				}
			}
		})
		k = newKit()
		k.bind()
		k.generous()
		inPull(func() {
			for _, call := range append(k.suspending(), k.puts()...) {
				c, cancel := asyncio.WithTimeout(ctx, time.Second)
				if err := call.call(c); err != nil && err != context.DeadlineExceeded {
					t.Errorf("%s in a Pull: %v", call.name, err)
				}
				cancel()
			}
		})
	})
}

func TestS19_PrimitivesNeedALoop(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		k := newKit()
		k.generous()
		k.unchanged(t, func() {
			offLoop(ctx, func(ctx context.Context) error {
				refused(t, k, ctx, asyncio.ErrNoLoop)
				refused(t, k, context.Background(), asyncio.ErrNoLoop)
				return nil
			})
			refused(t, k, context.Background(), asyncio.ErrNoLoop)
			var none context.Context
			for _, call := range append(k.suspending(), k.puts()...) {
				wantClear(t, call.name+" with a nil ctx", call.call(none), "nil context")
			}
		})
	})
}

// Iterators have no error to return: they panic.
func TestS20_AllPanicsWhereItCannotWait(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(0)
		q.TryPut(1)
		drain := func(ctx context.Context) func() {
			return func() {
				for range q.All(ctx) {
					t.Error("an item came out")
					return
				}
			}
		}
		elsewhere(func() {
			wantPanic(t, "in a foreign goroutine", drain(ctx), asyncio.ErrWrongTask)
			wantPanic(t, "off the loop", drain(context.Background()), asyncio.ErrNoLoop)
			if err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				wantPanic(t, "from a second loop", drain(ctx), asyncio.ErrWrongLoop)
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	})
}

// What no loop has used yet may be used by anybody: filled before Run, say.
func TestS20_WhatNoLoopHasUsedMayBeUsedByAnybody(t *testing.T) {
	k := newKit()
	k.generous()
	k.lock.TryAcquire()
	k.barrier.Abort()
	var wg sync.WaitGroup
	wg.Go(func() { k.semaphore.TryAcquire() })
	wg.Wait()
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for name, q := range k.queues {
			if v, err := q.Get(ctx); v != 1 || err != nil {
				t.Errorf("%s.Get: %d, %v; want what was put before Run", name, v, err)
			}
		}
		if !k.lock.Locked() || k.semaphore.TryAcquire() || !k.condition.L.Locked() || !k.event.IsSet() || !k.barrier.Broken() {
			t.Error("what was done before Run is forgotten")
		}
		elsewhere(func() { // by now they are the loop's
			wantPanic(t, "Semaphore.Release", k.semaphore.Release, asyncio.ErrWrongTask, "Semaphore.Release")
		})
	})
}
