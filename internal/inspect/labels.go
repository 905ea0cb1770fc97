package inspect

import (
	"context"
	"runtime/pprof"
	"runtime/trace"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// labels are the profiler's labels of tasks, made once for each name. A loop's
// profiles can be told apart by them: go tool pprof -tagroot=asyncio.task.
type labels struct {
	made map[string]context.Context
}

// The profiler's label of a task: its name or, if it was given none, where it was
// created, so that tasks of one kind have one label.
const (
	labelName    = "asyncio.task"
	labelCreated = "asyncio.created"
)

// mostLabels bounds the names that are kept.
const mostLabels = 1024

// of returns a context that has the task's label, and those of Run's ctx.
func (b *labels) of(t *engine.Task) context.Context {
	key, value := labelName, t.GivenName()
	if value == "" {
		key, value = labelCreated, t.Site().String()
	}
	ctx, ok := b.made[value]
	if !ok {
		if len(b.made) >= mostLabels || b.made == nil {
			b.made = map[string]context.Context{}
		}
		ctx = pprof.WithLabels(t.Loop().Context(), pprof.Labels(key, value))
		b.made[value] = ctx
	}
	return ctx
}

// Run implements engine.Tracer. It runs the task under its label and, while package runtime/trace
// records, as a task and a region of that package.
func (d *Debugger) Run(t *engine.Task) error {
	pprof.SetGoroutineLabels(d.labels.of(t))
	if trace.IsEnabled() {
		ctx, task := trace.NewTask(context.Background(), t.Name())
		defer task.End()
		defer trace.StartRegion(ctx, t.Name()).End()
	}
	return t.RunBody()
}
