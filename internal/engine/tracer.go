package engine

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// A Tracer is notified of what the loop does. Without one the cost of a step is a comparison with
// nil. With one every turn begins on the root, so that the tracer is notified of all of it. The loop
// calls the methods, except Created and Stats.
type Tracer interface {
	// Created is called by the goroutine that creates the task, before any other goroutine can
	// reach it.
	Created(t *Task)
	// Run calls t.RunBody.
	Run(t *Task) error
	// StepEnded is called at the end of a step, by the function that picks the next task. The next
	// step begins at once. last reports that the task has ended. t is nil if it has ended by
	// runtime.Goexit.
	StepEnded(t *Task, last bool, why Why)
	// Begin is called when the root begins to run a task or a callback.
	Begin()
	// CallBegan and CallEnded are called before and after a callback.
	CallBegan()
	CallEnded()
	// TurnBegan is called with the number of entries of the turn.
	TurnBegan(entries int)
	// Waited is called when the loop has waited until now.
	Waited(now int64)
	// Stats returns the figures of a task. It may be called by any goroutine.
	Stats(t *Task) TaskStats
}

// SetTracer sets the tracer of a loop that has not started.
func (l *Loop) SetTracer(t Tracer) { l.tracer, l.rootMask = t, 0 }

// Tracer returns the tracer; nil: none.
func (l *Loop) Tracer() Tracer { return l.tracer }

// A TaskRecord belongs to the tracer.
type TaskRecord struct {
	Stats TaskStats
	Last  string // where the previous step ended
}

// TaskStats are the figures of a task. The places are those at which the longest step began and
// ended. They are empty for the beginning and the end of the task.
type TaskStats struct {
	Steps                     uint64
	Ran, Longest, Current     int64 // nanoseconds
	LongestFrom, LongestUntil string
}

// Stats returns the figures of the task. It reports false if its loop has no tracer. It can be called
// from any goroutine, also while the loop is blocked.
func (t *Task) Stats() (TaskStats, bool) {
	tracer := t.completion.loop.tracer
	if tracer == nil {
		return TaskStats{}, false
	}
	return tracer.Stats(t), true
}

// Record sets the stack of the creation, and a new record. Tracer.Created calls it.
func (t *Task) Record(stack []uintptr) {
	e := t.node.extras()
	e.stack, e.record = stack, &TaskRecord{}
}

// Recorded returns the record of a task that was created with the tracer.
func (t *Task) Recorded() *TaskRecord { return t.node.ext.Load().record }

// RunBody runs the coroutine.
func (t *Task) RunBody() error { return t.body.Run(&t.node) }

// GivenName returns the name that the task was given; "": none.
func (t *Task) GivenName() string { return t.node.ext.Load().name }

// Site returns the call that created the task.
func (t *Task) Site() coro.Site { return t.completion.created }

// Context returns the ctx of the loop, which ends with Run.
func (l *Loop) Context() context.Context { return l.root.node }
