package semantics_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Awaits that could never end: of one's own task, and of tasks that await each other in a ring.

// awaitsOf are the ways to await a task.
var awaitsOf = map[string]func(ctx context.Context, task *asyncio.Task[int]) error{
	"Await": func(ctx context.Context, task *asyncio.Task[int]) error { return second(task.Await(ctx)) },
	"AsCompleted": func(ctx context.Context, task *asyncio.Task[int]) (err error) {
		for _, r := range asyncio.AsCompleted(ctx, task) {
			err = r.Err
		}
		return err
	},
	"Wait for the first of one": func(ctx context.Context, task *asyncio.Task[int]) error {
		_, _, err := asyncio.Wait(ctx, asyncio.FirstCompleted, task)
		if err == nil {
			err = task.Err()
		}
		return err
	},
	"WaitFor": func(ctx context.Context, task *asyncio.Task[int]) error {
		return second(asyncio.WaitFor(ctx, time.Hour, task))
	},
	"Gather": func(ctx context.Context, task *asyncio.Task[int]) error { return second(asyncio.Gather(ctx, task)) },
	"GatherResults": func(ctx context.Context, task *asyncio.Task[int]) error {
		return asyncio.GatherResults(ctx, task)[0].Err
	},
	"Wait": func(ctx context.Context, task *asyncio.Task[int]) error {
		_, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, task)
		if err == nil {
			err = task.Err()
		}
		return err
	},
	"Await in a coroutine that is awaited": func(ctx context.Context, task *asyncio.Task[int]) error {
		return second(asyncio.Coroutine[int](task.Await).Await(ctx))
	},
}

func TestMisuse_AwaitOfOnesOwnTask(t *testing.T) {
	for name, wait := range awaitsOf {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				var self *asyncio.Task[int]
				self = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, wait(ctx, self) }, asyncio.Name("narcissus"))
				_, err := self.Await(ctx)
				wantErr(t, name, err, asyncio.ErrDeadlock)
				wantClear(t, name, err, "deadlock", "narcissus")
			})
		})
	}
}

// ring makes tasks of which each awaits the next, and returns their errors.
func ring(ctx context.Context, size int, wait func(ctx context.Context, task *asyncio.Task[int]) error) []error {
	tasks := make([]*asyncio.Task[int], size)
	for i := range tasks {
		tasks[i] = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return i, wait(ctx, tasks[(i+1)%size])
		}, asyncio.Name(fmt.Sprint("member ", i)))
	}
	errs := make([]error, size)
	for i, r := range asyncio.GatherResults(ctx, tasks...) {
		errs[i] = r.Err
	}
	return errs
}

func TestMisuse_TasksThatAwaitEachOtherInARing(t *testing.T) {
	for name, wait := range awaitsOf {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				for _, size := range []int{2, 3, 10} {
					for i, err := range ring(ctx, size, wait) {
						wantErr(t, fmt.Sprintf("member %d of %d", i, size), err, asyncio.ErrDeadlock)
						if i == size-1 {
							wantClear(t, "who closed the ring", err, "member 0", fmt.Sprint("member ", size-1))
						}
					}
				}
			})
		})
	}
}

func TestMisuse_ALongRing(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for i, err := range ring(ctx, 300, awaitsOf["Await"]) {
			if err == nil {
				t.Fatalf("member %d: no error", i)
			}
			if i == 299 {
				wantErr(t, "who closed the ring", err, asyncio.ErrDeadlock)
				if len(err.Error()) > 10_000 {
					t.Errorf("the message has %d bytes", len(err.Error()))
				}
			}
		}
	})
}

// What is no ring is not refused: several await the same, in chains and in diamonds.
func TestMisuse_AwaitsThatOnlyLookLikeARing(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		root := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 1, asyncio.Sleep(ctx, time.Second) })
		layer := []*asyncio.Task[int]{root}
		for range 20 {
			below := layer
			layer = nil
			for range 3 {
				layer = append(layer, asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
					if _, err := below[0].Await(ctx); err != nil {
						return 0, err
					}
					vs, err := asyncio.Gather(ctx, below...)
					if err != nil {
						return 0, err
					}
					return vs[0] + 1, nil
				}))
			}
		}
		vs, err := asyncio.Gather(ctx, layer...)
		if err != nil || fmt.Sprint(vs) != "[21 21 21]" {
			t.Errorf("%v, %v; want [21 21 21]", vs, err)
		}
	})
}

// A task may await one that has awaited it before.
func TestMisuse_AwaitingBackAfterTheEndIsNoRing(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var a, b *asyncio.Task[int]
		a = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			c, cancel := asyncio.WithTimeout(ctx, time.Second)
			defer cancel()
			_, err := b.Await(c)
			wantErr(t, "a gives up", err, context.DeadlineExceeded)
			return 1, nil
		})
		b = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			asyncio.Sleep(ctx, 2*time.Second)
			v, err := a.Await(ctx)
			return v + 1, err
		})
		if v := await(ctx, t, b); v != 2 {
			t.Errorf("b: %d, want 2", v)
		}
	})
}

// An await that has just ended, by a time-out of the same instant, closes no ring.
func TestMisuse_AwaitingBackAtTheEndIsNoRing(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var a, b *asyncio.Task[int]
		b = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			asyncio.Sleep(ctx, time.Second) // armed before a's time-out, so that b goes on before a
			v, err := a.Await(ctx)
			return v + 1, err
		})
		a = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			_, err := asyncio.WaitFor(ctx, time.Second, b)
			wantErr(t, "a gives up", err, context.DeadlineExceeded)
			return 1, nil
		})
		if v := await(ctx, t, b); v != 2 {
			t.Errorf("b: %d, want 2", v)
		}
	})
}

// A deadlock that no await can see, here of a future that nobody will set, is seen in a dump.
func TestMisuse_ADeadlockIsSeenInADump(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		f := asyncio.NewFuture[int](ctx)
		task := asyncio.Go(ctx, func(ctx context.Context) error { return second(f.Await(ctx)) }, asyncio.Name("waits for ever"))
		turns(ctx, t, 1)
		var dump strings.Builder
		if err := asyncio.LoopOf(ctx).Dump(&dump); err != nil || !strings.Contains(dump.String(), "waits for ever") {
			t.Errorf("Dump: %v\n%s", err, dump.String())
		}
		task.Cancel(nil)
		return nil
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}
