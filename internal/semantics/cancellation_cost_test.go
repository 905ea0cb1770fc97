package semantics_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S18, second part: what it costs to park on a context.

const crowd = 1000

// mallocs returns how many objects were allocated while fn ran.
func mallocs(fn func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return int(after.Mallocs - before.Mallocs)
}

// parkCrowd has many tasks park on one future, each with the context that make gives it, twice, and returns how
// many objects the second time cost, and how many goroutines there were beyond one for each task.
func parkCrowd(t *testing.T, make func(ctx context.Context) context.Context) (objects, goroutines int) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		first, gate, last := asyncio.NewFuture[int](ctx), asyncio.NewFuture[int](ctx), asyncio.NewFuture[int](ctx)
		before := runtime.NumGoroutine()
		for range crowd {
			asyncio.Go(ctx, func(ctx context.Context) error {
				c := make(ctx)
				first.Await(c)
				gate.Await(ctx)
				return second(last.Await(c))
			})
		}
		turns(ctx, t, 2)
		first.SetResult(1)
		turns(ctx, t, 2)
		gate.SetResult(1)
		objects = mallocs(func() { turns(ctx, t, 2) })
		goroutines = runtime.NumGoroutine() - before - crowd
		last.SetResult(1)
		turns(ctx, t, 3)
	})
	return objects, goroutines
}

// A few objects are the runtime's own.
const fewObjects = crowd / 10

func TestS18_ToParkCostsNoGoroutineAndNoAllocation(t *testing.T) {
	shared := map[string]func(ctx context.Context) context.Context{
		"the task's own ctx": func(ctx context.Context) context.Context { return ctx },
		"WithTimeout":        func(ctx context.Context) context.Context { return without(asyncio.WithTimeout(ctx, time.Hour)) },
		"two WithTimeout": func(ctx context.Context) context.Context {
			return without(asyncio.WithTimeout(without(asyncio.WithTimeout(ctx, time.Hour)), time.Minute))
		},
		"a value": func(ctx context.Context) context.Context { return context.WithValue(ctx, testKey{}, 1) },
		// A foreign context is registered at the first park, and kept.
		"std WithTimeout": func(ctx context.Context) context.Context { return without(context.WithTimeout(ctx, time.Hour)) },
		"std WithCancel":  func(ctx context.Context) context.Context { return without(context.WithCancel(ctx)) },
		"ours in std in ours": func(ctx context.Context) context.Context {
			return without(asyncio.WithTimeout(without(context.WithTimeout(without(asyncio.WithTimeout(ctx, time.Hour)), time.Hour)), time.Hour))
		},
	}
	for name, make := range shared {
		t.Run(name, func(t *testing.T) {
			objects, goroutines := parkCrowd(t, make)
			if objects > fewObjects {
				t.Errorf("%d objects for %d parks", objects, crowd)
			}
			if goroutines > 0 {
				t.Errorf("%d goroutines besides the %d of the tasks", goroutines, crowd)
			}
		})
	}
}

// The very first park on a context of ours costs nothing either.
func TestS18_TheFirstParkOnOursCostsNoAllocation(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		f, gate := asyncio.NewFuture[int](ctx), asyncio.NewFuture[int](ctx)
		for range crowd {
			asyncio.Go(ctx, func(ctx context.Context) error {
				c, cancel := asyncio.WithTimeout(ctx, time.Hour)
				defer cancel()
				gate.Await(ctx)
				return second(f.Await(c))
			})
		}
		turns(ctx, t, 2)
		gate.SetResult(1)
		if n := mallocs(func() { turns(ctx, t, 2) }); n > fewObjects {
			t.Errorf("%d objects for %d parks", n, crowd)
		}
		f.SetResult(1)
		turns(ctx, t, 3)
	})
}

func TestS18_SleepingAllocatesNothing(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error { // somebody to change with
			for asyncio.Sleep(ctx, 0) == nil {
			}
			return ctx.Err()
		})
		for name, sleep := range map[string]func(){
			"Sleep(ctx, 0)":   func() { asyncio.Sleep(ctx, 0) },
			"Sleep(ctx, 1ns)": func() { asyncio.Sleep(ctx, 1) },
			"Checkpoint(ctx)": func() { asyncio.Checkpoint(ctx) },
		} {
			if n := testing.AllocsPerRun(2000, sleep); n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}

// A server whose tasks each make a std context from theirs does not grow.
func TestS18_EndedTasksLeaveNothingOfTheirStdContextsBehind(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		serve := func(n int) {
			for range n {
				await(ctx, t, asyncio.Go(ctx, func(ctx context.Context) error {
					c, cancel := context.WithTimeout(ctx, time.Second)
					defer cancel()
					return asyncio.Sleep(c, 0)
				}))
			}
		}
		const many = max(20_000/fewer, 4000) // some constant remains; it was 760 bytes for each once
		serve(many)
		before := liveHeap()
		serve(many)
		if after := liveHeap(); after > before+many*100 {
			t.Errorf("%d requests left %d bytes behind", many, after-before)
		}
	})
}
