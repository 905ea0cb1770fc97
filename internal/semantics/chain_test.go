package semantics_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S6: a task that creates its successor and ends, again and again, leaves
// nothing behind: no layer of ctx, no task, and nothing of what it asked of its
// ctx. Else the objects of the heap grow with the length of the chain.
func TestS06_AChainOfSuccessorsLeavesNothingBehind(t *testing.T) {
	links := map[string]func(ctx context.Context){
		"plain":       func(context.Context) {},
		"std context": func(ctx context.Context) { _, cancel := context.WithCancel(ctx); cancel() },
		"time-out":    func(ctx context.Context) { _, cancel := asyncio.WithTimeout(ctx, 1<<60); cancel() },
		"await with a std context": func(ctx context.Context) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			asyncio.Sleep(ctx, 0)
		},
		"group":                 func(ctx context.Context) { asyncio.WithTaskGroup(ctx, func(context.Context) error { return nil }) },
		"detached":              func(context.Context) {},
		"detached, std context": func(ctx context.Context) { _, cancel := context.WithCancel(ctx); cancel() },
		"gather":                func(ctx context.Context) { asyncio.Gather(ctx, value(1)) },
	}
	for name, use := range links {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				const length, warm = 10_000, 2_000
				var before, after int
				over := asyncio.NewFuture[int](ctx)
				n := 0
				next := func(ctx context.Context) context.Context { return ctx }
				if strings.HasPrefix(name, "detached") {
					next = asyncio.Detach
				}
				var link func(ctx context.Context) error
				link = func(ctx context.Context) error {
					use(ctx)
					n++
					collectNowAndThen(n)
					switch n {
					case warm:
						before = heapObjects(ctx)
					case length:
						after = heapObjects(ctx)
						over.SetResult(n)
						return nil
					}
					asyncio.Go(next(ctx), link)
					return nil
				}
				asyncio.Go(ctx, link)
				await(ctx, t, over)
				if grown := after - before; grown > (length-warm)*3/4 {
					t.Errorf("%d tasks left %d objects behind", length-warm, grown)
				}
			})
		})
	}
}

// S6: the same for tasks that one long-lived task creates.
func TestS06_EndedChildrenLeaveNothingBehind(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		const children, warm = 10_000, 2_000
		before := 0
		for n := range children {
			if n == warm {
				before = heapObjects(ctx)
			}
			asyncio.Go(ctx, func(ctx context.Context) error {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				return asyncio.Sleep(ctx, 0)
			}).Await(ctx)
			collectNowAndThen(n)
		}
		if grown := heapObjects(ctx) - before; grown > (children-warm)*3/4 {
			t.Errorf("%d tasks left %d objects behind", children-warm, grown)
		}
	})
}

// collectNowAndThen keeps what is only waiting to be collected from being
// counted: some of it stays until it has been seen that nobody holds it.
func collectNowAndThen(n int) {
	if n%250 == 0 {
		runtime.GC()
	}
}

// heapObjects counts the reachable objects of the process, once nothing is under
// way any more.
func heapObjects(ctx context.Context) int {
	asyncio.Sleep(ctx, time.Second)
	runtime.GC()
	runtime.GC() // what has a clean-up goes in two
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapObjects)
}
