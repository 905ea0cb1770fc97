package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio"
)

// awaiting returns what a step awaits and how to log it, or nil if the step does not wait.
func (in *interpreter) awaiting(ctx context.Context, a at, s step) func() error {
	switch s.Op {
	case "sleep":
		return func() error { return in.leaf(a, s, "ok", asyncio.Sleep(ctx, time.Duration(s.N)*tick)) }
	case "event":
		return func() error { return in.leaf(a, s, "ok", in.events[s.K].Wait(ctx)) }
	case "put":
		return func() error { return in.leaf(a, s, "ok", in.queues[s.K].Put(ctx, s.ID)) }
	case "get":
		return func() error {
			v, err := in.queues[s.K].Get(ctx)
			return in.leaf(a, s, fmt.Sprintf("returned %d", v), err)
		}
	case "join":
		return func() error { return in.leaf(a, s, "ok", in.queues[s.K].Join(ctx)) }
	case "cwait":
		return func() error { return in.conditionWait(ctx, a, s) }
	case "notify":
		return func() error {
			c := in.conditions[s.K]
			if err := in.leaf(a, s, "held", c.L.Acquire(ctx)); err != nil {
				return err
			}
			c.Notify(s.N)
			c.L.Release()
			return nil
		}
	}
	return nil
}

func (in *interpreter) conditionWait(ctx context.Context, a at, s step) error {
	c := in.conditions[s.K]
	if err := in.leaf(a, s, "held", c.L.Acquire(ctx)); err != nil {
		return err
	}
	defer c.L.Release()
	if err := in.settle(ctx, s); err != nil {
		return err
	}
	return in.leaf(a, s, "ok", c.Wait(ctx))
}

// atOnce runs a step that does not wait, and returns the text to log.
func (in *interpreter) atOnce(ctx context.Context, a at, s step) string {
	switch s.Op {
	case "spawn":
		in.spawn(a, s)
	case "cancel":
		return in.cancel(ctx, s)
	case "set":
		in.events[s.K].Set()
	case "clear":
		in.events[s.K].Clear()
	case "futset":
		return fmt.Sprint(in.futures[s.K].SetResult(s.ID))
	case "tryput":
		return fmt.Sprint(in.queues[s.K].TryPut(s.ID))
	case "tryget":
		if v, ok := in.queues[s.K].TryGet(); ok {
			return fmt.Sprintf("returned %d", v)
		}
		return "nothing"
	case "await":
		return "nobody"
	case "done":
		return in.done(s)
	case "shutdown":
		in.queues[s.K].Shutdown(s.How == "immediate")
	}
	return ""
}

func (in *interpreter) cancel(ctx context.Context, s step) string {
	task := in.tasks[s.K]
	switch {
	case task == nil:
		return "nobody"
	case in.running(ctx, task):
		if s.W > 0 {
			task.Cancel(nil)
		}
		return "self"
	}
	return fmt.Sprint(task.Cancel(nil))
}

// view awaits a task or future that another task owns.
func (in *interpreter) view(ctx context.Context, a at, s step, aw asyncio.Awaitable[int]) error {
	v, err := aw.Await(ctx)
	if err != nil && interrupted(err) && ctx.Err() != nil && !errors.Is(err, asyncio.ErrTaskCancelled) {
		in.log(a, s, "cancelled")
		return err
	}
	in.log(a, s, "ok")
	return in.finish(ctx, a, s, ending(v, err))
}

// running reports whether the step runs in task.
func (in *interpreter) running(ctx context.Context, task *asyncio.Task[int]) bool {
	return asyncio.CurrentTask(ctx).ID() == task.ID()
}

// done calls TaskDone, possibly without an item: a panic here, an exception in Python.
func (in *interpreter) done(s step) (text string) {
	defer func() {
		if recover() != nil {
			text = "refused"
		}
	}()
	in.queues[s.K].TaskDone()
	return ""
}
