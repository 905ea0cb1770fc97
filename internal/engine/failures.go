package engine

import (
	"log/slog"
	"runtime"
	"sync/atomic"
	"weak"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// A failure is the error of a task or future. One that somebody has to receive
// (S9) is listed with the loop: it outlives what it came from, and does not keep
// it alive.
type failure struct {
	task     weak.Pointer[Task]
	err      error
	name     string
	created  coro.Site
	stack    []uintptr // of the creation, in debug mode
	received atomic.Bool

	cancelled bool // it is the task's own cancellation; fixed
}

// newFailure makes the record of an error of c. When the handle of c becomes
// unreachable nobody can receive the error any more, and it is reported then.
func (l *Loop) newFailure(c *Cell, owner *Task, err error, name string) *failure {
	f := &failure{err: err, name: name, created: c.created}
	if owner != nil {
		f.task = weak.Make(owner)
		if e := owner.node.ext.Load(); e != nil {
			f.stack = e.stack
		}
	}
	if !l.bubbled() {
		runtime.AddCleanup(c, func(f *failure) {
			if !f.received.Load() {
				l.post(func() { l.failures.lost(l, f) })
			}
		}, f)
	}
	return f
}

// failures are those of a loop, oldest first. Owned by the loop.
type failures struct {
	open    []*failure // not received as far as is known
	sweepAt int
	kept    []error // what Run returns: the first maxKept
	count   int     // of all that were reported
}

const maxKept = 16

func (fs *failures) add(f *failure) {
	if f == nil {
		return
	}
	if len(fs.open) >= fs.sweepAt {
		fs.sweep()
	}
	fs.open = append(fs.open, f)
}

// sweep forgets what has been received meanwhile. As it runs each time the list
// has doubled, it costs a constant per failure.
func (fs *failures) sweep() {
	open := fs.open[:0]
	for _, f := range fs.open {
		if !f.received.Load() {
			open = append(open, f)
		}
	}
	clear(fs.open[len(open):])
	fs.open = open
	fs.sweepAt = max(64, 2*len(open))
}

// lost reports f, which nobody can receive any more.
func (fs *failures) lost(l *Loop, f *failure) {
	if !f.received.CompareAndSwap(false, true) {
		return
	}
	u := f.unhandled()
	if fs.count++; len(fs.kept) < maxKept {
		fs.kept = append(fs.kept, l.cfg.NewUnhandledError(u))
	}
	l.report(u)
}

// ReportLost reports an error that nobody can receive. On the loop only.
func (l *Loop) ReportLost(err error, name string, created coro.Site) {
	l.failures.lost(l, &failure{err: err, name: name, created: created})
}

// ReportLate logs an error that came after the end of Run. From any goroutine.
func (l *Loop) ReportLate(err error, name string, created coro.Site) {
	l.log(slog.LevelError, "asyncio: an error came after the end of Run", "from", name, "created", created.String(), "error", err)
}

// settle reports, at the end of Run, everything that nobody received. A handler
// may add to the list, or leave by runtime.Goexit: the rest is reported still.
func (fs *failures) settle(l *Loop) {
	finished := false
	defer func() {
		if !finished {
			fs.settle(l)
		}
	}()
	for len(fs.open) > 0 {
		f := fs.open[0]
		fs.open = fs.open[1:]
		fs.lost(l, f)
	}
	finished = true
}

func (f *failure) unhandled() Unhandled {
	return Unhandled{Task: f.task.Value(), Name: f.name, Created: f.site(), Err: f.err}
}

func (f *failure) site() string { return createdAt(f.created, f.stack) }
