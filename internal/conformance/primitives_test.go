package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// The helpers of the programs about primitives. programs/harness.py has the same functions.

// tell starts a task that awaits one thing, logs the outcome, and ends.
func tell[T any](ctx context.Context, log logger, name string, aw asyncio.Awaitable[T]) *asyncio.Task[struct{}] {
	return asyncio.Go(ctx, func(ctx context.Context) error {
		result := outcome(aw.Await(ctx))
		log("%s %s", name, result)
		return nil
	})
}

// tellAll is tell for one task for each name.
func tellAll(ctx context.Context, log logger, names string, aw asyncio.Awaitable[struct{}]) []*asyncio.Task[struct{}] {
	var tasks []*asyncio.Task[struct{}]
	for _, name := range names {
		tasks = append(tasks, tell(ctx, log, string(name), aw))
	}
	return tasks
}

// all awaits the tasks, as asyncio.gather does.
func all(ctx context.Context, tasks []*asyncio.Task[struct{}]) { asyncio.Gather(ctx, tasks...) }

// inTime is asyncio.wait_for.
func inTime[T any](limit int, aw asyncio.Awaitable[T]) asyncio.Coroutine[T] {
	return func(ctx context.Context) (T, error) { return asyncio.WaitFor(ctx, seconds(limit), aw) }
}

// done reports whether a task has ended.
func done(t asyncio.AnyTask) bool { return t.Err() != asyncio.ErrNotDone }

// refused calls fn, which is misuse, and logs whether it was detected.
func refused(log logger, what string, fn func()) {
	defer func() {
		if recover() != nil {
			log("%s refused", what)
		} else {
			log("%s accepted", what)
		}
	}()
	fn()
}
