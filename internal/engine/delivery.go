package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// A delivery passes the reports of the watch to the user's handler, and then to the logger.
// Both are functions of the user that may block, panic or end their goroutine. Each has its own
// goroutine. Neither delays the watch or the other one.
type delivery struct {
	handler callQueue
	logger  callQueue

	undelivered atomic.Uint64 // reports that found the handler's queue full
	lines       atomic.Uint64 // lines for the log
	logged      atomic.Uint64 // lines from which the logger has returned
	dropped     atomic.Uint64 // lines that found the queue full, or at which the logger panicked
	reported    uint64        // dropped lines that a later line has counted; owned by the logger's goroutine
}

// A line is an entry of the log: a record, and its text for a terminal.
type line struct {
	level slog.Level
	msg   string
	args  []any
	text  string // ""; a terminal gets the record, too
}

// maxCalls bounds each queue. The last line of a loop is accepted also by a full queue.
const maxCalls = 32

// handlerPatience is how long a log line waits for the handler to return from the same report.
const handlerPatience = 100 * time.Millisecond

// deliver queues r for the handler and for the logger. It does not wait.
func (d *delivery) deliver(l *Loop, r Stall) {
	var handled chan struct{}
	if l.cfg.OnStall != nil {
		handled = make(chan struct{})
		if !d.handler.put(func() { defer close(handled); d.handle(l, r) }, maxCalls) {
			d.undelivered.Add(1)
			close(handled)
		}
	}
	since := l.Elapsed()
	d.write(l, maxCalls, func() {
		if handled != nil {
			patience := time.NewTimer(handlerPatience - time.Duration(l.Elapsed()-since))
			defer patience.Stop()
			select {
			case <-handled:
			case <-patience.C:
			}
		}
	}, line{level: slog.LevelWarn, msg: r.Headline(), args: r.attrs(), text: r.terminalText()})
}

// handle calls the user's handler. It logs a panic of the handler, and a call of runtime.Goexit.
func (d *delivery) handle(l *Loop, r Stall) {
	returned := false
	defer func() {
		v := recover()
		switch {
		case returned:
		case v == nil:
			d.log(l, slog.LevelError, "asyncio: the stall handler ended its goroutine, by runtime.Goexit or a test's FailNow", "task", r.Name, "stack", abortStack())
		default:
			d.log(l, slog.LevelError, "asyncio: the stall handler panicked", "panic", fmt.Sprint(v), "task", r.Name, "stack", abortStack())
		}
	}()
	l.cfg.OnStall(r)
	returned = true
}

// log queues a line for the logger. It does not wait.
func (d *delivery) log(l *Loop, level slog.Level, msg string, args ...any) {
	d.write(l, maxCalls, nil, line{level: level, msg: msg, args: args})
}

// logRest is called at the end of the loop. It logs the number of lines that were not logged since
// the last logged one, unless it is 0.
func (d *delivery) logRest(l *Loop) {
	if d.lines.Load() == 0 {
		return
	}
	d.logger.put(func() {
		if d.dropped.Load() > d.reported {
			d.lines.Add(1)
			d.call(l, line{level: slog.LevelWarn, msg: "asyncio: reports of stalls were not logged"})
		}
	}, maxCalls+1)
}

// write queues a line for the logger, whose goroutine calls before first.
func (d *delivery) write(l *Loop, most int, before func(), m line) {
	d.lines.Add(1)
	if !d.logger.put(func() {
		if before != nil {
			before()
		}
		d.call(l, m)
	}, most) {
		d.dropped.Add(1)
	}
}

// call calls the logger, in the logger's goroutine. If the logger panics, the next line counts this
// one as "unlogged".
func (d *delivery) call(l *Loop, m line) {
	dropped := d.dropped.Load()
	if n := dropped - d.reported; n > 0 {
		m.args = append(m.args, "unlogged", n)
		if m.text != "" {
			m.text += "\n  " + plural(int(n), "report before this one was not logged", "reports before this one were not logged")
		}
	}
	log := l.log
	if m.text != "" && l.logsToTerminal() { // the text names the loop
		log = func(level slog.Level, _ string, args ...any) {
			l.logger().Log(context.Background(), level, m.text, args...)
		}
		m.args = nil
	}
	returned := false
	defer func() {
		if _ = recover(); !returned {
			d.dropped.Add(1)
		}
	}()
	log(m.level, m.msg, m.args...)
	returned = true
	d.logged.Add(1)
	d.reported = dropped
}

// wait waits until the handler and the logger have returned from all calls, or until timeUp.
func (d *delivery) wait(timeUp <-chan time.Time) {
	for _, q := range []*callQueue{&d.handler, &d.logger} {
		select {
		case <-q.ended():
		case <-timeUp:
			return
		}
	}
}

// Unlogged returns the number of lines of the watch that the logger has not accepted. The logger
// panicked, it blocks, or its queue was full. Lines in the queue count. It can be called from any
// goroutine.
func (l *Loop) Unlogged() uint64 {
	d := &l.watch.delivery
	logged := d.logged.Load() // read first: it never exceeds lines
	return d.lines.Load() - logged
}

// delivery prints how many reports of stalls wait for a stall handler or a logger that does not
// return, and how many were lost.
func (d *dump) delivery() {
	w := &d.l.watch.delivery
	stuck := func(q *callQueue, name string) (pending uint64) {
		n, lasts := q.pending()
		if n > 0 && lasts >= watchPatience {
			fmt.Fprintf(&d.b, "  %s for the %s, which has not returned for %s\n", plural(n, "report of a stall waits", "reports of stalls wait"), name, readable(lasts))
		}
		return uint64(n)
	}
	stuck(&w.handler, "stall handler")
	pending := stuck(&w.logger, "logger")
	if n := d.l.Unlogged(); n > pending {
		fmt.Fprintf(&d.b, "  %s not logged: the logger blocked or panicked\n", plural(int(n-pending), "report of a stall was", "reports of stalls were"))
	}
	if n := w.undelivered.Load(); n > 0 {
		fmt.Fprintf(&d.b, "  %s not handled: the stall handler blocked\n", plural(int(n), "report of a stall was", "reports of stalls were"))
	}
}
