package engine

import (
	"fmt"
	"log/slog"

	"github.com/asyncio-go/asyncio/internal/callsite"
	"github.com/asyncio-go/asyncio/internal/coro"
)

// mismatch says why the calling goroutine cannot suspend a task of l, whose
// current step r runs.
func (l *Loop) mismatch(r *runner) error {
	switch {
	case l.life.Load() == lifeClosed:
		return Refuse(ErrLoopClosed, whatClosed)
	case r == nil:
	case r == &l.rootRunner && r.here():
		return Refuse(ErrWrongTask, whatCallback)
	case coro.PulledFrom(r.g.Load()):
		return Refuse(ErrWrongTask, whatPulled)
	}
	if here := steppingHere(); here != nil && here != l {
		return Refuse(ErrWrongLoop, whatOtherLoop)
	}
	return Refuse(ErrWrongTask, whatOtherStep)
}

// refusePulled returns an error if a task's step has resumed the calling goroutine
// by iter.Pull: it must not block then.
func refusePulled() error {
	loops.Lock()
	defer loops.Unlock()
	for _, l := range loops.running {
		if r := l.cur.Load(); r != nil && coro.PulledFrom(r.g.Load()) {
			return Refuse(ErrWrongTask, whatPulled)
		}
	}
	return nil
}

// The functions at the root of a task's stack, and of a Sequence's.
const (
	execName     = "github.com/asyncio-go/asyncio/internal/engine.(*runner).exec"
	sequenceName = "github.com/asyncio-go/asyncio/internal/engine.(*Sequence).run"
)

// Refusal says why the caller may not use what belongs to the loop.
func (l *Loop) Refusal() error { return l.mismatch(l.cur.Load()) }

// RefuseBlocking returns an error, which matches ErrNoLoop, if the calling goroutine runs
// a step of a loop, which the call would block (S19). instead is what to do about it.
func RefuseBlocking(instead string) error {
	g := coro.G()
	loops.Lock()
	defer loops.Unlock()
	for _, l := range loops.running {
		r := l.cur.Load()
		if r == nil {
			continue
		}
		if step := r.g.Load(); step != g && !coro.PulledFrom(step) {
			continue
		}
		step := "a callback"
		if t := r.task.Load(); t != nil {
			step = "task " + quote(t.Name())
		}
		return Refuse(ErrNoLoop, fmt.Sprintf("it would block the event loop, because this goroutine runs %s; %s", step, instead))
	}
	return nil
}

// PassOn is what to do instead of a call whose ctx has no loop.
const PassOn = "pass on the ctx of the coroutine"

// reportIgnoring logs, once, that a task goes on awaiting with a cancelled ctx.
func (l *Loop) reportIgnoring(t *Task) {
	l.log(slog.LevelWarn, "asyncio: the task ignores its cancellation", "task", t.Name(), "created", t.Created(),
		"awaits", refusalsReported, "at", callsite.UserLine())
}
