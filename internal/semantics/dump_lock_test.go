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
			l.Acquire(ctx)
			asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.Sleep(ctx, time.Second)
				l.Release()
				return nil
			})
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

// A lock that nobody will release is told apart from one that is held.
func TestDumpOfALockWhoseHolderHasEnded(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var l asyncio.Lock
		await(ctx, t, asyncio.Go(ctx, l.Acquire, asyncio.Name("forgetful")))
		waiter := asyncio.Go(ctx, l.Acquire, asyncio.Name("waiter"))
		asyncio.Sleep(ctx, time.Second)
		expectLine(t, dump(t, asyncio.LoopOf(ctx)), "waiter", 2, `waits (lock held by #2 "forgetful", which has ended)`)
		l.Release()
		await(ctx, t, waiter)
		l.Release()
	})
}

// Rings of locks are told: two tasks that take two locks in two orders, through a task
// that is awaited too, and one task that acquires its lock again.
func TestDumpFindsRingsOfLocks(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var first, second asyncio.Lock
		both := func(name string, one, other *asyncio.Lock) *asyncio.Task[struct{}] {
			return asyncio.Go(ctx, func(ctx context.Context) error {
				one.Acquire(ctx)
				defer one.Release()
				asyncio.Sleep(ctx, time.Second)
				if err := other.Acquire(ctx); err != nil {
					return nil // it was cancelled
				}
				other.Release()
				return nil
			}, asyncio.Name(name))
		}
		a, b := both("a", &first, &second), both("b", &second, &first)
		asyncio.Sleep(ctx, time.Minute)
		text := dump(t, asyncio.LoopOf(ctx))
		if want := `wait cycle: #2 "a" -> #3 "b" -> #2 "a"` + "\n"; strings.Count(text, "wait cycle") != 1 || !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
		a.Cancel(nil)
		a.Await(ctx)
		b.Await(ctx)
		if text := dump(t, asyncio.LoopOf(ctx)); strings.Contains(text, "wait cycle") {
			t.Errorf("the cycle is broken:\n%s", text)
		}

		var again asyncio.Lock
		c := asyncio.Go(ctx, func(ctx context.Context) error {
			again.Acquire(ctx)
			defer again.Release()
			again.Acquire(ctx)
			return nil
		}, asyncio.Name("c"))
		asyncio.Sleep(ctx, time.Second)
		if text := dump(t, asyncio.LoopOf(ctx)); !strings.Contains(text, `"c" -> #4 "c"`+"\n") {
			t.Errorf("a task that waits for itself is not told:\n%s", text)
		}
		c.Cancel(nil)
		c.Await(ctx)
	})
}
