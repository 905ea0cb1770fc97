package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Large numbers: of tasks at once, of awaits in each other, of successors.

func TestStress_AMillionTasksAtOnce(t *testing.T) {
	const million = 1_000_000 / fewer
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		sum := int64(0)
		tasks := make([]*asyncio.Task[int], million)
		before := liveHeap()
		for i := range tasks {
			tasks[i] = asyncio.CreateTask(ctx, func(context.Context) (int, error) { sum += int64(i); return i, nil })
		}
		// With its closure, and its places in the queue and the list of tasks: no stack, in any case.
		if each := (liveHeap() - before) / million; each > 300 {
			t.Errorf("a task that has not started takes %d bytes", each)
		}
		if n := len(asyncio.LoopOf(ctx).Tasks()); n != million+1 {
			t.Errorf("%d tasks, want %d and main", n, million)
		}
		vs, err := asyncio.Gather(ctx, tasks...)
		if err != nil || len(vs) != million || vs[million-1] != million-1 || sum != int64(million)*(million-1)/2 {
			t.Errorf("%v; %d results, sum %d", err, len(vs), sum)
		}
	})
}

// All of them parked at the same time, which takes a goroutine each.
func TestStress_ManyParkedTasksAtOnce(t *testing.T) {
	const many = 100_000 / fewer
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		f := asyncio.NewFuture[int](ctx)
		parked := 0
		task := func(ctx context.Context) (int, error) {
			parked++
			defer func() { parked-- }()
			return 1, errors.Join(asyncio.Sleep(ctx, time.Second), second(f.Await(ctx)))
		}
		tasks := make([]*asyncio.Task[int], many)
		for i := range tasks {
			tasks[i] = asyncio.CreateTask(ctx, task)
		}
		turns(ctx, t, 1)
		if parked != many {
			t.Errorf("%d tasks are parked, want %d", parked, many)
		}
		for _, task := range tasks[:many/2] {
			task.Cancel(errWhy)
		}
		asyncio.Sleep(ctx, 2*time.Second)
		f.SetResult(1)
		cancelled := 0
		for _, r := range asyncio.GatherResults(ctx, tasks...) {
			if errors.Is(r.Err, asyncio.ErrTaskCancelled) {
				cancelled++
			} else if r.Err != nil {
				t.Fatal(r.Err)
			}
		}
		if cancelled != many/2 || parked != 0 || time.Since(start) != 2*time.Second {
			t.Errorf("%d of %d were cancelled, %d are still parked, after %v", cancelled, many, parked, time.Since(start))
		}
	})
}

// depth is how far things are nested.
const depth = 100_000 / fewer

// nestings await something nested in something, to the given depth, and return the depth.
var nestings = map[string]func(ctx context.Context, n int, bottom func(ctx context.Context) error) (int, error){
	"coroutines that await each other inline": inline,
	"tasks that await tasks": func(ctx context.Context, n int, bottom func(ctx context.Context) error) (int, error) {
		var nest func(ctx context.Context, n int) (int, error)
		nest = func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return 0, bottom(ctx)
			}
			v, err := asyncio.CreateTask(ctx, asyncio.Coro(nest, n-1)).Await(ctx)
			return v + 1, err
		}
		return nest(ctx, n)
	},
	"gathers": func(ctx context.Context, n int, bottom func(ctx context.Context) error) (int, error) {
		var nest func(ctx context.Context, n int) (int, error)
		nest = func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return 0, bottom(ctx)
			}
			vs, err := asyncio.Gather(ctx, asyncio.Coro(nest, n-1))
			if err != nil {
				return 0, err
			}
			return vs[0] + 1, nil
		}
		return nest(ctx, n)
	},
	"groups in each other's bodies": func(ctx context.Context, n int, bottom func(ctx context.Context) error) (v int, err error) {
		if n == 0 {
			return 0, bottom(ctx)
		}
		var nest func(ctx context.Context) error
		nest = func(ctx context.Context) error {
			if v == n {
				return bottom(ctx)
			}
			v++
			return asyncio.WithTaskGroup(ctx, nest)
		}
		err = nest(ctx)
		return v, err
	},
	"groups in each other's children": func(ctx context.Context, n int, bottom func(ctx context.Context) error) (v int, err error) {
		var nest func(ctx context.Context) error
		nest = func(ctx context.Context) error {
			if v == n {
				return bottom(ctx)
			}
			v++
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { asyncio.Go(ctx, nest); return nil })
		}
		err = nest(ctx)
		return v, err
	},
	"time-outs": func(ctx context.Context, n int, bottom func(ctx context.Context) error) (v int, err error) {
		var nest func(ctx context.Context) error
		nest = func(ctx context.Context) error {
			if v == n {
				return bottom(ctx)
			}
			v++
			ctx, cancel := asyncio.WithTimeout(ctx, time.Hour)
			defer cancel()
			return nest(ctx)
		}
		err = nest(ctx)
		return v, err
	},
}

func inline(ctx context.Context, n int, bottom func(ctx context.Context) error) (int, error) {
	if n == 0 {
		return 0, bottom(ctx)
	}
	v, err := asyncio.Coroutine[int](func(ctx context.Context) (int, error) { return inline(ctx, n-1, bottom) }).Await(ctx)
	return v + 1, err
}

func TestStress_AHundredThousandDeep(t *testing.T) {
	for name, nest := range nestings {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				start := time.Now()
				v, err := nest(ctx, depth, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) })
				if v != depth || err != nil || time.Since(start) != time.Second {
					t.Errorf("the value from below: %d, %v after %v; want %d after 1s", v, err, time.Since(start), depth)
				}
				_, err = nest(ctx, depth, func(context.Context) error { return errBroken })
				wantErr(t, "an error from below", err, errBroken)
			})
		})
	}
}

func TestStress_AHundredThousandDeepCancelledFromTheTop(t *testing.T) {
	for name, nest := range nestings {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				reached := asyncio.NewFuture[int](ctx)
				task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
					return nest(ctx, depth, func(ctx context.Context) error {
						reached.SetResult(1)
						return forever(ctx)
					})
				})
				await(ctx, t, reached)
				task.Cancel(errWhy)
				_, err := task.Await(ctx)
				wantErr(t, "the top", err, asyncio.ErrTaskCancelled, errWhy)
				for range depth + 10 { // those below that are not awaited
					if len(asyncio.LoopOf(ctx).Tasks()) == 1 {
						break
					}
					asyncio.Sleep(ctx, 0)
				}
				if n := len(asyncio.LoopOf(ctx).Tasks()); n != 1 {
					t.Errorf("%d tasks are left, want main", n)
				}
			})
		})
	}
}

// Contexts are asked at every depth, as ordinary code does.
func TestStress_DeepContextsAreAsked(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		const depth = 10_000 / fewer
		asked := 0
		var nest func(ctx context.Context, n int) error
		nest = func(ctx context.Context, n int) error {
			asked++
			d, ok := ctx.Deadline()
			if ctx.Err() != nil || asyncio.LoopOf(ctx) == nil || asyncio.CurrentTask(ctx) == nil || ok != (asked > 1) {
				return fmt.Errorf("at depth %d: %v, deadline %v, %v", asked, ctx.Err(), d, ok)
			}
			if n == 0 {
				return asyncio.Sleep(ctx, time.Second)
			}
			ctx, cancel := asyncio.WithTimeout(ctx, time.Hour)
			defer cancel()
			return nest(ctx, n-1)
		}
		if err := nest(ctx, depth); err != nil {
			t.Error(err)
		}
	})
}

// chains make successors in different ways: each calls next in what it starts.
var chains = map[string]func(ctx context.Context, next func(ctx context.Context)){
	"tasks": func(ctx context.Context, next func(ctx context.Context)) {
		asyncio.Go(ctx, func(ctx context.Context) error { next(ctx); return nil })
	},
	"submitted tasks": func(ctx context.Context, next func(ctx context.Context)) {
		asyncio.Submit(asyncio.LoopOf(ctx), func(ctx context.Context) (int, error) { next(ctx); return 0, nil })
	},
	"tasks that await before": func(ctx context.Context, next func(ctx context.Context)) {
		asyncio.Go(ctx, func(ctx context.Context) error { err := asyncio.Sleep(ctx, 0); next(ctx); return err })
	},
	"done callbacks": func(ctx context.Context, next func(ctx context.Context)) {
		asyncio.Go(ctx, func(context.Context) error { return nil }).OnDone(func() { next(ctx) })
	},
	"callbacks": func(ctx context.Context, next func(ctx context.Context)) {
		asyncio.LoopOf(ctx).CallSoon(func() { next(ctx) })
	},
	"timers": func(ctx context.Context, next func(ctx context.Context)) {
		asyncio.LoopOf(ctx).CallLater(1, func() { next(ctx) })
	},
}

func TestStress_AChainOfAMillionSuccessors(t *testing.T) {
	for name, link := range chains {
		t.Run(name, func(t *testing.T) {
			million := 1_000_000 / fewer
			if name != "tasks" {
				million /= 5 // there is no difference in kind, and tests must be fast
			}
			for scope, within := range map[string]func(ctx context.Context, body func(ctx context.Context) error) error{
				"Run":     func(ctx context.Context, body func(ctx context.Context) error) error { return body(ctx) },
				"a group": asyncio.WithTaskGroup,
			} {
				asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
					var first, last uint64
					err := within(ctx, func(ctx context.Context) error {
						over := asyncio.NewFuture[int](ctx)
						n := 0
						var next func(ctx context.Context)
						next = func(ctx context.Context) {
							switch n++; n {
							case million / 100:
								first = liveHeap()
							case million:
								last = liveHeap()
								over.SetResult(n)
								return
							}
							link(ctx, next)
						}
						link(ctx, next)
						return second(over.Await(ctx))
					})
					// Less than one object for each; the rest of the process may move by some.
					if last > first+uint64(million)+64<<10 {
						t.Errorf("in %s: the heap grew from %d to %d bytes along %d successors", scope, first, last, million)
					}
					if err != nil {
						t.Errorf("in %s: %v", scope, err)
					}
				})
			}
		})
	}
}
