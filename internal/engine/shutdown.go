package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/asyncio-go/asyncio/internal/timerheap"
)

// shutdown is the end of Run (S8, S12):
//
//	running --main ends, or a panic, or Goexit--> stopping --no task is left,
//	or the time is up--> over
type shutdown struct {
	timerheap.Timer
	main     *Task
	began    bool
	timeUp   bool
	timeUpAt uint64    // the turn of timeUp
	unswept  int       // tasks admitted since all were cancelled
	sweptAt  uint64    // the turn of the last sweep
	panics   []error   // of tasks and callbacks, the first is Run's
	exiting  bool      // something called runtime.Goexit: Run's goroutine does too
	exited   []*runner // coroutines held in their Goexit until the end
	stuck    error     // names the abandoned tasks
	hopeless bool      // virtual time: reported that nothing can run again
}

var errShutdown = fmt.Errorf("asyncio: the loop shuts down: %w", context.Canceled)

// Clock implements timerheap.Item.
func (s *shutdown) Clock() *timerheap.Timer { return &s.Timer }

// Expire implements timerheap.Item: the shutdown has taken too long.
func (s *shutdown) Expire() {
	l := s.main.completion.loop
	s.timeUp, s.timeUpAt = true, l.turns
	l.raise(signalStop)
}

// beginShutdown cancels all remaining tasks.
func (l *Loop) beginShutdown() {
	s := &l.stop
	if s.began {
		return
	}
	s.began = true
	if l.cfg.OnLeft != nil && len(s.panics) == 0 && !s.exiting {
		left := l.Tasks()
		l.cfg.OnLeft(slices.DeleteFunc(left, func(t *Task) bool { return t.node.state.Load() != nil }))
	}
	s.unswept = 1
	l.sweep()
	l.timers.Arm(l.After(l.cfg.ShutdownTimeout), s)
}

// sweep cancels the tasks that were created since the last sweep, and reports whether there were any.
// Clean-up may create shielded tasks. These run until their first wait, and for at most rootEvery
// turns.
func (l *Loop) sweep() bool {
	s := &l.stop
	if !s.began || s.unswept == 0 {
		return false
	}
	s.unswept, s.sweptAt = 0, l.turns
	found := false
	for _, t := range l.Tasks() {
		found = t.node.Cancel(context.Canceled, errShutdown) || found
	}
	return found
}

// over reports whether Run may return.
func (l *Loop) over() bool {
	s := &l.stop
	if !s.began {
		return false
	}
	if l.counters.live() == 0 {
		l.timers.Disarm(s)
		return true
	}
	// Tasks that are ready when the time is up still run, for at most rootEvery turns.
	if s.timeUp && (l.ready.len() == 0 || l.turns-s.timeUpAt > rootEvery) {
		l.abandon()
		return true
	}
	return false
}

// abandon abandons the tasks that did not stop, and records their names.
func (l *Loop) abandon() {
	left := l.Tasks()
	sites := stackSites(left, runtime.NumGoroutine())
	var b strings.Builder
	fmt.Fprintf(&b, "asyncio: %d task(s) did not stop within %v and were abandoned", len(left), l.cfg.ShutdownTimeout)
	for _, t := range left {
		if t.r != nil { // it must not get locks or values any more
			t.r.w.Remove()
			t.r.leaveNode()
		}
	}
	for i, t := range left {
		if i == maxNamed {
			fmt.Fprintf(&b, "\n\tand %d more", len(left)-i)
			break
		}
		fmt.Fprintf(&b, "\n\t%s created at %s, parked %s", quote(t.Name()), t.Created(), t.parkedAt(sites))
	}
	l.stop.stuck = errors.New(b.String())
}

const maxNamed = 16

// outcome returns the error of Run, or panics with the first panic.
func (l *Loop) outcome() error {
	s := &l.stop
	if len(s.panics) > 0 {
		s.exiting = false
		l.releaseExited()
		panic(s.panics[0])
	}
	l.releaseExited() // does not return if something called Goexit
	mainErr := s.main.completion.Receive()
	errs := append([]error{mainErr}, l.failures.kept...)
	if more := l.failures.count - len(l.failures.kept); more > 0 {
		errs = append(errs, fmt.Errorf("asyncio: and %d more unhandled errors", more))
	}
	errs = append(append(errs, s.stuck), l.stalled...)
	switch joined := errors.Join(errs...); {
	case joined == nil:
		return nil
	case len(errs) == 2 && s.stuck == nil:
		return mainErr
	default:
		return joined
	}
}

// unwinds reports whether Run panics or exits its goroutine: it returns no error.
func (s *shutdown) unwinds() bool { return len(s.panics) > 0 || s.exiting }

// unreturned is the error of main that Run does not return because it unwinds. It is
// nil if main's error has the same cause as the end of Run.
func (s *shutdown) unreturned() *failure {
	t := s.main
	f := t.completion.fail
	if f == nil || f.cancelled || f.received.Load() {
		return nil
	}
	for _, end := range append(s.panics[:len(s.panics):len(s.panics)], errExited) {
		if (&cancelState{err: end, cause: end}).explains(f.err) {
			return nil
		}
	}
	t.completion.fail = t.completion.loop.newFailure(&t.completion, t, f.err, t.Name())
	return t.completion.fail
}

// crash ends Run because of a panic.
func (l *Loop) crash(err error) {
	l.stop.panics = append(l.stop.panics, err)
	l.raise(signalStop)
}

// panicked returns the error of a value recovered in t (nil: in a callback). Code of the program can
// no longer recover it. Unless panics are errors, it ends Run.
func (l *Loop) panicked(t *Task, v any) error {
	err := l.printPanic(t, v)
	if l.cfg.PanicsAsErrors {
		return err
	}
	if t != nil {
		t.node.flags |= flagQuiet // Run panics: not reported as an error too
	}
	l.crash(err)
	return err
}

// printPanic makes an error of a recovered value and, unless panics are errors or
// this one was printed before, prints it. It must be called by the deferred function
// that recovered, for the stack.
func (l *Loop) printPanic(t *Task, v any) error {
	err := l.cfg.NewPanicError(v, debug.Stack())
	if l.cfg.PanicsAsErrors {
		return err
	}
	stack, first := l.cfg.PrintOnce(err)
	if !first {
		return err
	}
	where := "a callback"
	if t != nil {
		where = fmt.Sprintf("task %s created at %s", quote(t.Name()), t.Created())
	}
	fmt.Fprintf(l.cfg.Stderr, "%v [in %s]\n\n%s\n", err, where, stack)
	return err
}

// protect runs a callback. A panic is an unhandled error or ends Run. A Goexit continues in Run, which
// handles it.
func (l *Loop) protect(fn func()) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		err := l.panicked(nil, v)
		if l.cfg.PanicsAsErrors {
			l.failures.lost(l, &failure{err: err, name: "callback"})
		}
	}()
	fn()
}

var errExited = errors.New("asyncio: the task called runtime.Goexit")

// exited is the end of a task that called runtime.Goexit, called by the last
// deferred function of its coroutine. The coroutine is held here until the loop
// has ended. Then its Goexit continues in Run's goroutine.
func (l *Loop) exited(r *runner, t *Task) {
	t.node.flags |= flagQuiet
	l.stop.exiting = true
	l.raise(signalStop)
	l.finish(t, errExited)
	r.task.Store(nil)
	l.stop.exited = append(l.stop.exited, r)
	l.handoff = l.pick()
	r.co.Suspend()
}

// releaseExited resumes the held coroutines, whose Goexit ends the goroutine that resumes them. The
// last one is resumed on the caller's goroutine, the others on new ones.
func (l *Loop) releaseExited() {
	s := &l.stop
	held := s.exited
	s.exited = nil
	for i, r := range held {
		if s.exiting && i == len(held)-1 {
			r.co.Resume()
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.co.Resume()
		}()
		<-done
	}
}

// stuck is called when virtual time shows that no task can run any more.
func (l *Loop) stuck() {
	s := &l.stop
	if s.hopeless {
		s.began, s.timeUp = true, true
		return
	}
	s.hopeless = true
	if l.cfg.OnStuck != nil {
		l.cfg.OnStuck(l.dumpHere())
	}
	for _, t := range l.Tasks() {
		t.node.Cancel(context.Canceled, ErrDeadlock)
	}
}
