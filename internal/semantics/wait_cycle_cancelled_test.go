package semantics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// S24: a wait that was cancelled in this turn closes no cycle, although its task has not run yet.

// cancelsInStep cancel a context in one step, without a turn of the loop.
var cancelsInStep = map[string]func(ctx context.Context) (c context.Context, cancel func()){
	"by handle": func(ctx context.Context) (context.Context, func()) {
		return asyncio.WithTimeout(ctx, time.Hour)
	},
	"in another goroutine": func(ctx context.Context) (context.Context, func()) {
		c, cancel := asyncio.WithTimeout(ctx, time.Hour)
		return c, func() {
			done := make(chan struct{})
			go func() { defer close(done); cancel() }()
			<-done
		}
	},
	"a std context": func(ctx context.Context) (context.Context, func()) { return context.WithCancel(ctx) },
	"below a std context": func(ctx context.Context) (context.Context, func()) {
		std, cancel := context.WithCancel(ctx)
		return without(asyncio.WithTimeout(std, time.Hour)), cancel
	},
	"a deadline": func(ctx context.Context) (context.Context, func()) {
		c, _ := asyncio.WithTimeout(ctx, time.Millisecond)
		return c, func() {
			for at, _ := c.Deadline(); time.Now().Before(at); {
			}
		}
	},
	"a std deadline": func(ctx context.Context) (context.Context, func()) {
		c := without(context.WithTimeout(ctx, time.Millisecond))
		return c, func() { <-c.Done() }
	},
}

// secondWaits are waits of the calling task that close a cycle, as first waits for that task. They return the error of
// the wait.
var secondWaits = map[string]func(ctx context.Context, first *asyncio.Task[struct{}], lock *asyncio.Lock) error{
	"Await": func(ctx context.Context, first *asyncio.Task[struct{}], _ *asyncio.Lock) error {
		return first.Join(ctx)
	},
	"Lock": func(ctx context.Context, _ *asyncio.Task[struct{}], lock *asyncio.Lock) error {
		return lock.Acquire(ctx)
	},
	"Gather": func(ctx context.Context, first *asyncio.Task[struct{}], _ *asyncio.Lock) error {
		_, err := asyncio.Gather(ctx, first)
		return err
	},
	"Wait": func(ctx context.Context, first *asyncio.Task[struct{}], _ *asyncio.Lock) error {
		_, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, first)
		return err
	},
	"through a third": func(ctx context.Context, first *asyncio.Task[struct{}], _ *asyncio.Lock) error {
		return asyncio.Go(ctx, func(ctx context.Context) error { return first.Join(ctx) }).Join(ctx)
	},
}

func TestS24_AWaitThatWasCancelledClosesNoCycle(t *testing.T) {
	for how, derive := range cancelsInStep {
		for name, wait := range secondWaits {
			err := asyncio.Run(t.Context(), func(ctx context.Context) error {
				c, cancel := derive(ctx)
				defer cancel()
				var lock asyncio.Lock
				main := asyncio.CurrentTask(ctx)
				var first *asyncio.Task[struct{}]
				second := asyncio.Go(ctx, func(ctx context.Context) error {
					main = asyncio.CurrentTask(ctx)
					asyncio.Sleep(ctx, 0)
					asyncio.Sleep(ctx, 0)
					cancel()
					return wait(ctx, first, &lock)
				})
				first = asyncio.Go(ctx, func(ctx context.Context) error {
					lock.Acquire(ctx)
					defer lock.Release()
					if err := main.Join(c); !errors.Is(err, c.Err()) || errors.Is(err, asyncio.ErrDeadlock) {
						t.Errorf("%s, %s: the first wait: %v, want %v", how, name, err, c.Err())
					}
					return nil
				})
				return second.Join(ctx)
			}, asyncio.WithStallThreshold(0))
			if err != nil {
				t.Errorf("%s, %s: the second wait: %v", how, name, err)
			}
		}
	}
}

// When the end of a group closes a cycle that contains a cancelled wait, no other wait is ended.
func TestS24_TheEndOfAGroupBreaksNoWaitThatWasCancelled(t *testing.T) {
	for how, derive := range cancelsInStep {
		err := asyncio.Run(t.Context(), func(ctx context.Context) error {
			c, cancel := derive(ctx)
			defer cancel()
			owner := asyncio.CurrentTask(ctx)
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.Go(ctx, func(context.Context) error {
					if err := owner.Join(c); errors.Is(err, asyncio.ErrDeadlock) || c.Err() == nil {
						t.Errorf("%s: the child's wait: %v, want %v", how, err, c.Err())
					}
					return nil
				})
				asyncio.Sleep(ctx, 0)
				cancel()
				return nil
			})
		}, asyncio.WithStallThreshold(0))
		if err != nil {
			t.Errorf("%s: %v", how, err)
		}
	}
}
