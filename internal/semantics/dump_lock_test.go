package semantics_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A dump says who holds the lock that a task waits for, however it came to hold it.
func TestDumpNamesTheHolderOfALock(t *testing.T) {
	for name, hold := range map[string]func(ctx context.Context, l *asyncio.Lock){
		"by Acquire":    func(ctx context.Context, l *asyncio.Lock) { l.Acquire(ctx) },
		"by TryAcquire": func(_ context.Context, l *asyncio.Lock) { l.TryAcquire() },
		"handed over": func(ctx context.Context, l *asyncio.Lock) {
			asyncio.Go(ctx, func(ctx context.Context) error {
				l.Acquire(ctx)
				asyncio.Sleep(ctx, time.Second)
				l.Release()
				return nil
			})
			asyncio.Sleep(ctx, 0)
			l.Acquire(ctx)
		},
		"by a condition that was notified": func(ctx context.Context, l *asyncio.Lock) {
			c := asyncio.NewCondition(l)
			l.Acquire(ctx)
			asyncio.Go(ctx, func(ctx context.Context) error {
				l.Acquire(ctx)
				c.NotifyAll()
				l.Release()
				return nil
			})
			c.Wait(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				var l asyncio.Lock
				l.Locked() // the lock's loop is this one
				holder := asyncio.Go(ctx, func(ctx context.Context) error {
					asyncio.Sleep(ctx, 0)
					hold(ctx, &l)
					asyncio.Sleep(ctx, time.Hour)
					l.Release()
					return nil
				}, asyncio.Name("holder"))
				asyncio.Sleep(ctx, time.Minute)
				waiter := asyncio.Go(ctx, func(ctx context.Context) error {
					defer l.Release()
					return l.Acquire(ctx)
				}, asyncio.Name("waiter"))
				asyncio.Sleep(ctx, time.Minute)
				text := dump(t, asyncio.LoopOf(ctx))
				expectLine(t, text, "waiter", 2, `waits (lock held by #2 "holder") at `)
				if strings.Contains(text, "wait cycle") {
					t.Errorf("a cycle where there is none:\n%s", text)
				}
				holder.Await(ctx)
				waiter.Await(ctx)
			})
		})
	}
}

// The task to which a lock was handed holds it before it runs.
func TestDumpNamesTheTaskThatALockWasHandedTo(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var l asyncio.Lock
		l.Acquire(ctx)
		use := func(ctx context.Context) error {
			defer l.Release()
			return l.Acquire(ctx)
		}
		next := asyncio.Go(ctx, use, asyncio.Name("next"))
		last := asyncio.Go(ctx, use, asyncio.Name("last"))
		asyncio.Sleep(ctx, 0)
		l.Release()
		text := dump(t, asyncio.LoopOf(ctx))
		expectLine(t, text, "next", 2, "ready at ")
		expectLine(t, text, "last", 2, `waits (lock held by #2 "next") at `)
		next.Await(ctx)
		last.Await(ctx)
	})
}
