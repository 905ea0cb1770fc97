package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

func (in *interpreter) try(ctx context.Context, a at, s step) error {
	err := in.steps(ctx, a, s.Do)
	if err == nil || err == errReturn || !interrupted(err) || ctx.Err() == nil {
		return err
	}
	in.log(a, s, "interrupted")
	in.steps(context.WithoutCancel(ctx), a, s.Clean)
	switch s.How {
	case "reraise":
		return err
	case "fail":
		return in.boom(s)
	case "return":
		return errReturn
	}
	return nil
}

// passes reports whether the outcome of a block also ends the enclosing block: the coroutine was
// cancelled from outside, or returns.
func passes(ctx context.Context, err error) bool {
	return err == errReturn || ctx.Err() != nil && err != nil && !isGroup(err) && interrupted(err)
}

func (in *interpreter) timeout(ctx context.Context, a at, s step) error {
	limited, cancel := asyncio.WithTimeout(ctx, time.Duration(s.N)*tick)
	err := in.steps(limited, a, s.Do)
	cancel()
	if passes(ctx, err) {
		return err
	}
	return in.finish(ctx, a, s, raised(err))
}

// group runs a body in a task group. The errors of the group are in the order in which they
// happened. CPython's list ends with the error of the body, so group moves it to the end.
func (in *interpreter) group(ctx context.Context, a at, s step) error {
	var own error
	err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		own = in.steps(ctx, at{a.name, ctx}, s.Do)
		if own == nil {
			own = ctx.Err()
		}
		return own
	})
	if err == nil { // all tasks ended in spite of a cancellation: the next await returns it, in CPython this one
		err = ctx.Err()
	}
	if passes(ctx, err) {
		return err
	}
	if isGroup(err) {
		var all, last []error
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			if e == own {
				last = append(last, e)
			} else {
				all = append(all, e)
			}
		}
		err = errors.Join(append(all, last...)...)
	}
	return in.finish(ctx, a, s, raised(err))
}

func (in *interpreter) waitFor(ctx context.Context, a at, s step) error {
	early := false
	_, err := asyncio.WaitFor(ctx, time.Duration(s.N)*tick, asyncio.Proc(func(ctx context.Context) error {
		err := in.steps(ctx, a, s.Do)
		if err == errReturn {
			early, err = true, nil
		}
		return err
	}))
	if passes(ctx, err) {
		return err
	}
	text := raised(err)
	if err == nil && early {
		text = "returned early"
	}
	return in.finish(ctx, a, s, text)
}

func (in *interpreter) wait(ctx context.Context, a at, s step) error {
	var tasks []*asyncio.Task[int]
	names := map[*asyncio.Task[int]]int{}
	for _, m := range s.Do {
		if task := in.tasks[m.K]; task != nil && m.K != a.name && names[task] == 0 {
			tasks = append(tasks, task)
			names[task] = m.K + 1
		}
	}
	if len(tasks) == 0 {
		return in.finish(ctx, a, s, "nobody")
	}
	until := map[string]asyncio.WaitUntil{"all": asyncio.AllCompleted, "first": asyncio.FirstCompleted, "error": asyncio.FirstError}[s.How]
	limited, cancel := asyncio.WithTimeout(ctx, time.Duration(s.N)*tick)
	done, _, err := asyncio.Wait(limited, until, tasks...)
	cancel()
	if passes(ctx, err) {
		return err
	}
	text := "done"
	if errors.Is(err, asyncio.ErrDeadlock) {
		text = "deadlock"
	}
	for _, task := range done {
		text += fmt.Sprintf(" %d", names[task]-1)
	}
	return in.finish(ctx, a, s, text)
}

// members are the arguments of a gather: new coroutines, and existing tasks.
func (in *interpreter) members(a at, s step) (aws []asyncio.Awaitable[int], names []int) {
	seen := map[int]bool{}
	for _, m := range s.Do {
		if m.Op == "member" {
			aws, names = append(aws, in.coroutine(at{m.ID, a.group}, m)), append(names, m.ID)
		} else if task := in.tasks[m.K]; task != nil && m.K != a.name && !seen[m.K] {
			seen[m.K] = true
			aws, names = append(aws, task), append(names, m.K)
		}
	}
	return aws, names
}

func (in *interpreter) gather(ctx context.Context, a at, s step) error {
	aws, _ := in.members(a, s)
	values, err := asyncio.Gather(ctx, aws...)
	if passes(ctx, err) {
		return err
	}
	if err != nil {
		return in.finish(ctx, a, s, ending(0, err))
	}
	return in.finish(ctx, a, s, fmt.Sprintf("returned %d", values))
}

func (in *interpreter) results(ctx context.Context, a at, s step) error {
	aws, _ := in.members(a, s)
	results := asyncio.GatherResults(ctx, aws...)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var parts []string
	for _, r := range results {
		parts = append(parts, ending(r.Value, r.Err))
	}
	return in.finish(ctx, a, s, strings.Join(parts, " "))
}

func (in *interpreter) each(ctx context.Context, a at, s step) error {
	aws, names := in.members(a, s)
	type end struct {
		at       time.Time
		position int
		text     string
	}
	var ends []end
	for i, r := range asyncio.AsCompleted(ctx, aws...) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		in.log(a, s, "one more")
		ends = append(ends, end{asyncio.LoopOf(ctx).Now(), i, fmt.Sprintf("%d %s", names[i], ending(r.Value, r.Err))})
	}
	// CPython does not define the order of tasks that end at one instant.
	slices.SortFunc(ends, func(a, b end) int { return cmp.Or(a.at.Compare(b.at), a.position-b.position) })
	var parts []string
	for _, e := range ends {
		parts = append(parts, e.text)
	}
	in.log(a, s, strings.Join(parts, " "))
	return in.settle(ctx, s)
}

func (in *interpreter) held(ctx context.Context, a at, s step, lock interface {
	Acquire(context.Context) error
	Release()
}) error {
	if err := in.leaf(a, s, "ok", lock.Acquire(ctx)); err != nil {
		return err
	}
	defer lock.Release()
	if err := in.settle(ctx, s); err != nil {
		return err
	}
	return in.steps(ctx, a, s.Do)
}
