package engine

import (
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
	"weak"

	"github.com/asyncio-go/asyncio/internal/callsite"
	"github.com/asyncio-go/asyncio/internal/coro"
)

// A failure is the error of a task or future. One that a caller has to receive (S9)
// is listed with the loop. It outlives the completion, and does not keep it alive.
type failure struct {
	task     weak.Pointer[Task]
	err      error
	name     string
	created  coro.Site
	stack    []uintptr // of the creation, in debug mode
	received atomic.Bool
	watched  atomic.Bool // another goroutine asked for Done, or called Submit: see awaitReceivers

	cancelled bool // it is the task's own cancellation; fixed
}

// newFailure makes the record of an error of c, which owner returned, or nil.
func (l *Loop) newFailure(c *Completion, owner *Task, err error, name string) *failure {
	f := &failure{err: err, name: name, created: c.created}
	if owner != nil {
		f.task = weak.Make(owner)
		if e := owner.node.ext.Load(); e != nil {
			f.stack = e.stack
		}
	}
	return f
}

// reportUnreachable reports f when the handle of c becomes unreachable: no caller can
// receive the error any more.
func (l *Loop) reportUnreachable(c *Completion, f *failure) {
	if l.bubbled() {
		return
	}
	runtime.AddCleanup(c, func(f *failure) {
		if !f.received.Load() {
			l.post(func() { l.failures.lost(l, f) })
		}
	}, f)
}

// receive marks f as received, and wakes the loop if it is in awaitReceivers. first reports
// whether this is the first call. From any goroutine.
func (f *failure) receive(l *Loop) (first bool) {
	if f.received.Swap(true) {
		return false
	}
	if l.lingers.Load() {
		select {
		case l.wakeUp <- struct{}{}:
		default:
		}
	}
	return true
}

// failures are those of a loop, oldest first. Owned by the loop.
type failures struct {
	open    []*failure // not known to be received
	sweepAt int
	kept    []error // what Run returns: the first maxKept
	count   int     // of all reported errors
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

// sweep removes the received failures. As it runs each time the list has doubled, it
// costs a constant per failure.
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

// lost reports f, which no caller can receive any more.
func (fs *failures) lost(l *Loop, f *failure) {
	if !f.receive(l) {
		return
	}
	u := f.unhandled()
	if fs.count++; len(fs.kept) < maxKept {
		fs.kept = append(fs.kept, l.cfg.NewUnhandledError(u))
	}
	l.report(u)
}

// ReportLost reports an error that no caller can receive. On the loop only.
func (l *Loop) ReportLost(err error, name string, created coro.Site) {
	l.failures.lost(l, &failure{err: err, name: name, created: created})
}

// ReportLate logs an error that occurred after Run returned. It can be called from any goroutine.
func (l *Loop) ReportLate(err error, name string, created coro.Site) {
	l.log(slog.LevelError, "asyncio: an error came after the end of Run", "from", name, "created", created.String(), "error", err)
}

// awaitReceivers is called at the end of Run, before errors are reported that no caller
// has received. A goroutine may be about to receive one: its Done channel is closed, or
// Submit has returned, and the scheduler has not let the goroutine go on. The loop waits
// for such a goroutine, and for a moment for any other. In a testing/synctest bubble it
// waits until every other goroutine of the bubble is blocked.
func (l *Loop) awaitReceivers() {
	fs := &l.failures
	if fs.sweep(); len(fs.open) == 0 {
		return
	}
	l.lingers.Store(true)
	l.idles()
	l.rests()
	if l.bubbled() {
		l.linger(1, fs.unreceived)
	} else {
		l.linger(receiveMoment, fs.unreceived)
		l.linger(receivePatience, fs.watched)
	}
	l.lingers.Store(false)
	l.wakes()
	l.cur.Store(&l.rootRunner)
	if l.monitorParked.Load() {
		l.wakeMonitor()
	}
}

// linger waits while more returns true, at most d.
func (l *Loop) linger(d time.Duration, more func() bool) {
	timeUp := time.NewTimer(d)
	defer timeUp.Stop()
	for more() {
		select {
		case <-l.wakeUp: // see receive
		case <-timeUp.C:
			return
		}
	}
}

const (
	receiveMoment   = time.Millisecond
	receivePatience = 100 * time.Millisecond
)

func (fs *failures) watched() bool {
	return slices.ContainsFunc(fs.open, func(f *failure) bool { return f.watched.Load() && !f.received.Load() })
}

func (fs *failures) unreceived() bool {
	return slices.ContainsFunc(fs.open, func(f *failure) bool { return !f.received.Load() })
}

// settle reports, at the end of Run, every error that no caller received; main's too if
// Run does not return. A handler may add to the list, or call runtime.Goexit: the other errors are
// reported all the same.
func (fs *failures) settle(l *Loop) {
	finished := false
	defer func() {
		if !finished {
			l.stop.exiting = true
			fs.settle(l)
		}
	}()
	if l.stop.unwinds() {
		fs.add(l.stop.unreturned())
	}
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

func (f *failure) site() string { return callsite.Created(f.created, f.stack) }
