package engine

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// A Sequence runs the body of an iterator on a goroutine of its own for the task
// that resumes it. While it runs, that goroutine is the task's: it may await, and
// the task is suspended then. Extents that the body has open are the task's only
// while the body runs. Off the loop a Sequence is a plain coroutine.
//
//	new --Resume--> running --Suspend--> suspended --Resume--> running --return--> ended
type Sequence struct {
	co      coro.Coro
	body    func()
	g       uintptr     // of the body's goroutine; 0: new
	running atomic.Bool // a Resume or Stop is under way; the rest belongs to it
	stopped bool        // the body is to return
	ended   bool
	panic   error // what the body panicked with, on the loop

	runner *runner // whose step resumes it; nil: off the loop
	opener *Task   // in which the body opened the extents that are open
	ground Extent  // below them stand the task's own
	top    *Extent
}

// Start gives the sequence its body, which runs at the first Resume.
func (s *Sequence) Start(body func()) {
	s.body, s.top = body, &s.ground
	s.co.Start(s.run)
}

// run is the coroutine. It is not inlined, so that a stack trace shows where the
// user's functions end.
//
//go:noinline
func (s *Sequence) run(yield func(struct{}) bool) {
	if s.stopped {
		return
	}
	s.co.Begin(yield)
	s.g = coro.G()
	if s.runner != nil {
		s.runner.g.Store(s.g)
	}
	defer s.keepPanic()
	s.body()
}

// keepPanic makes an error of the body's panic, with the body's stack, which is
// lost when a panic passes from one goroutine to another.
func (s *Sequence) keepPanic() {
	if s.runner == nil {
		return // as in iter.Pull
	}
	if v := recover(); v != nil {
		s.panic = s.runner.loop.cfg.NewPanicError(v, debug.Stack())
	}
}

// Suspend returns control to Resume. The body calls it. It reports whether the
// body is to go on.
func (s *Sequence) Suspend() bool {
	if !s.stopped {
		s.co.Suspend()
	}
	return !s.stopped
}

// Resume runs the body until it suspends, and reports false when it has ended.
// A panic and a Goexit of the body continue in the caller. call names the public
// function for the panic of a misuse.
func (s *Sequence) Resume(call string) (suspended bool) { return s.resume(call, false) }

// Stop runs the body to its end: Suspend returns false in it from now on. A body
// that has not begun never does.
func (s *Sequence) Stop(call string) { s.resume(call, true) }

func (s *Sequence) resume(call string, stop bool) (suspended bool) {
	if !s.running.CompareAndSwap(false, true) {
		panic(Misuse(ErrWrongTask, call, "another call of next or stop has not returned; give each task a Pull of its own"))
	}
	defer s.running.Store(false)
	if s.ended {
		return false
	}
	r := s.admit(call)
	if s.ended {
		return false
	}
	s.stopped = s.stopped || stop
	t, g := s.enter(r)
	defer s.leave(r, t, g)
	s.ended = true // also if the body panics
	if s.co.Resume() {
		s.ended = false
	}
	if s.panic != nil {
		panic(s.panic)
	}
	return !s.ended
}

// admit returns the runner whose step the calling goroutine runs, nil off the
// loop. Extents belong to the task in which they were opened: another task, a
// callback and a foreign goroutine may not go on inside of one. After that task's
// loop has ended, no caller may. The body is abandoned, also when the task has ended.
func (s *Sequence) admit(call string) *runner {
	r := s.runner
	if !r.here() || r.loop.cur.Load() != r { // not as the last time
		r = nil
		if l := steppingHere(); l != nil {
			r = l.cur.Load()
		}
	}
	if s.top != &s.ground && (r == nil || r.task.Load() != s.opener) {
		if s.ended = s.opener.completion.IsDone() || s.opener.Loop().life.Load() == lifeClosed; s.ended {
			return nil
		}
		panic(Misuse(ErrWrongTask, call, fmt.Sprintf("the body is inside of a WithTaskGroup, WaitFor or AsCompleted of task %q; call next and stop in that task",
			s.opener.Name())))
	}
	return r
}

// enter sets the goroutine and the extents of the running task t to those of the body. It
// returns t and the caller's goroutine g, for leave. In a callback t is nil.
func (s *Sequence) enter(r *runner) (t *Task, g uintptr) {
	s.runner = r
	if r == nil {
		return nil, 0
	}
	g = r.g.Load()
	if s.g != 0 {
		r.g.Store(s.g)
	}
	if t = r.task.Load(); t != nil {
		s.ground.up = t.extent()
		t.setExtent(s.top)
	}
	return t, g
}

// leave restores the goroutine and the extents of the caller.
func (s *Sequence) leave(r *runner, t *Task, g uintptr) {
	if r == nil {
		return
	}
	r.g.Store(g)
	if t != nil {
		s.top, s.opener = t.extent(), t
		t.setExtent(s.ground.up)
	}
}
