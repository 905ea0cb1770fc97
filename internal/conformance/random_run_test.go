package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
)

// tick is the unit of time of random programs.
const tick = time.Millisecond

// An interpreter runs a random program. programs/random_run.py does the same in Python.
type interpreter struct {
	root       context.Context // the ctx of main, for tasks without an owner
	lines      []string
	tasks      map[int]*asyncio.Task[int]
	created    []int // the tasks in order
	locks      [2]asyncio.Lock
	semaphores [2]*asyncio.Semaphore
	events     [2]asyncio.Event
	conditions [2]*asyncio.Condition
	queues     [2]*asyncio.Queue[int]
	futures    [2]*asyncio.Future[int]
}

// An at is the position of a coroutine: the name of its task for the trace, and the ctx for
// children of the group.
type at struct {
	name  int
	group context.Context
}

// errReturn ends a coroutine early, and is not an error of the program.
var errReturn = errors.New("return")

// interpret runs a program and returns its trace.
func interpret(t *testing.T, p tree) []string {
	var in interpreter
	synctest.Test(t, func(t *testing.T) {
		asyncio.Run(t.Context(), func(ctx context.Context) error {
			in.main(ctx, p)
			return nil
		}, asyncio.WithErrorHandler(func(asyncio.Unhandled) {}))
	})
	return in.lines
}

// main runs the program. At the horizon it cancels the remaining tasks, in the order of creation,
// and awaits them.
func (in *interpreter) main(ctx context.Context, p tree) {
	in.root = ctx
	in.tasks = map[int]*asyncio.Task[int]{}
	in.semaphores = [2]*asyncio.Semaphore{asyncio.NewSemaphore(1), asyncio.NewSemaphore(2)}
	in.conditions = [2]*asyncio.Condition{asyncio.NewCondition(nil), asyncio.NewCondition(nil)}
	in.queues = [2]*asyncio.Queue[int]{asyncio.NewQueue[int](0), asyncio.NewQueue[int](1)}
	in.futures = [2]*asyncio.Future[int]{asyncio.NewFuture[int](ctx), asyncio.NewFuture[int](ctx)}
	in.spawn(at{}, step{Do: p.Do})
	asyncio.Sleep(ctx, time.Duration(p.Horizon)*tick)
	for left := in.left(); len(left) > 0; left = in.left() {
		for _, task := range left {
			task.Cancel(nil)
		}
		for _, task := range left {
			task.Await(ctx)
		}
		asyncio.Sleep(ctx, tick) // tasks that were created since have begun
	}
	for _, name := range in.created {
		in.lines = append(in.lines, fmt.Sprintf("%d ended %s", name, ending(in.tasks[name].Result())))
	}
}

// left returns the tasks that have not ended, in the order of creation.
func (in *interpreter) left() (tasks []*asyncio.Task[int]) {
	for _, name := range in.created {
		if task := in.tasks[name]; errors.Is(task.Err(), asyncio.ErrNotDone) {
			tasks = append(tasks, task)
		}
	}
	return tasks
}

func (in *interpreter) log(a at, s step, text string) {
	now := asyncio.LoopOf(in.root).Now().Sub(bubbleStart) / tick
	in.lines = append(in.lines, fmt.Sprintf("%d %d %d %s %s", a.name, now, s.ID, s.Op, text))
}

func (in *interpreter) spawn(a at, s step) {
	ctx, group := in.root, context.Context(nil)
	if s.Grp && a.group != nil {
		ctx, group = a.group, a.group
	}
	in.tasks[s.ID] = asyncio.CreateTask(ctx, in.coroutine(at{s.ID, group}, s))
	in.created = append(in.created, s.ID)
}

// coroutine returns a coroutine that runs the body of a step and returns the step's number.
func (in *interpreter) coroutine(a at, s step) asyncio.Coroutine[int] {
	return func(ctx context.Context) (int, error) {
		if err := in.steps(ctx, a, s.Do); err != nil && err != errReturn {
			return 0, err
		}
		return s.ID, nil
	}
}

func (in *interpreter) steps(ctx context.Context, a at, steps []step) error {
	for _, s := range steps {
		if err := in.step(ctx, a, s); err != nil {
			return err
		}
	}
	return nil
}

// interrupted reports whether err means that the coroutine was cancelled. The error of another task
// is a result here and does not propagate.
func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// settle sleeps until an instant at which no other task acts.
func (in *interpreter) settle(ctx context.Context, s step) error {
	if s.W == 0 {
		return nil
	}
	return asyncio.Sleep(ctx, time.Duration(s.W)*tick)
}

// leaf logs the outcome of an await.
func (in *interpreter) leaf(a at, s step, ok string, err error) error {
	switch {
	case err == nil:
		in.log(a, s, ok)
	case errors.Is(err, asyncio.ErrQueueShutdown):
		in.log(a, s, "shut down")
	case interrupted(err):
		in.log(a, s, "cancelled")
		return err
	case errors.Is(err, asyncio.ErrDeadlock):
		in.log(a, s, "deadlock")
		return err
	default:
		in.log(a, s, "misuse: "+err.Error())
	}
	return nil
}

// then is settle after leaf.
func (in *interpreter) then(ctx context.Context, s step, err error) error {
	if err != nil {
		return err
	}
	return in.settle(ctx, s)
}

// finish ends a step that may have failed. The error ends here, or continues as a new error.
func (in *interpreter) finish(ctx context.Context, a at, s step, text string) error {
	in.log(a, s, text)
	if err := in.settle(ctx, s); err != nil {
		return err
	}
	if s.Fails && strings.HasPrefix(text, "raised") {
		return in.boom(s)
	}
	return nil
}

func (in *interpreter) boom(s step) error { return boom(fmt.Sprintf("e%d", s.ID)) }

// ending formats the outcome of a task. Its own timeouts were caught. A timeout that ended it was
// around its group or the gather that created it. CPython cancels the task in that case.
func ending(v int, err error) string {
	if err != nil {
		if !isGroup(err) && interrupted(err) {
			return "raised cancelled"
		}
		return "raised " + describe(err)
	}
	return fmt.Sprintf("returned %d", v)
}

// deadlocked reports whether a wait returned ErrDeadlock. Such a program is not compared: in
// CPython the tasks wait for each other until they are cancelled.
func deadlocked(lines []string) bool {
	return slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "deadlock") })
}

// raised returns the outcome of a block without a result.
func raised(err error) string {
	if err != nil {
		return "raised " + describe(err)
	}
	return "ok"
}

func (in *interpreter) step(ctx context.Context, a at, s step) error {
	if slices.Contains([]string{"timeout", "group", "waitfor", "wait", "gather", "results", "each"}, s.Op) && ctx.Err() != nil {
		return ctx.Err()
	}
	switch s.Op {
	case "try":
		return in.try(ctx, a, s)
	case "timeout":
		return in.timeout(ctx, a, s)
	case "group":
		return in.group(ctx, a, s)
	case "waitfor":
		return in.waitFor(ctx, a, s)
	case "wait":
		return in.wait(ctx, a, s)
	case "gather":
		return in.gather(ctx, a, s)
	case "results":
		return in.results(ctx, a, s)
	case "each":
		return in.each(ctx, a, s)
	case "lock":
		return in.held(ctx, a, s, &in.locks[s.K])
	case "sem":
		return in.held(ctx, a, s, in.semaphores[s.K])
	case "await":
		if task := in.tasks[s.K]; task != nil && !in.running(ctx, task) {
			return in.view(ctx, a, s, task)
		}
	case "future":
		return in.view(ctx, a, s, in.futures[s.K])
	case "raise":
		if err := in.settle(ctx, s); err != nil {
			return err
		}
		return in.boom(s)
	}
	if s.Op == "cancel" {
		if err := in.settle(ctx, s); err != nil {
			return err
		}
	}
	if wait := in.awaiting(ctx, a, s); wait != nil {
		return in.then(ctx, s, wait())
	}
	if text := in.atOnce(ctx, a, s); text != "" {
		in.log(a, s, text)
	}
	return in.settle(ctx, s)
}
