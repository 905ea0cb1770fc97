package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// A delivery hands the reports of the watch to the user's handler, and then to the logger.
// Both are functions of the user that may block, panic or end their goroutine. Each has a
// goroutine of its own: neither holds up the watch or the other one.
type delivery struct {
	handler callQueue
	logger  callQueue

	undelivered atomic.Uint64 // reports for which the handler's queue had no room
	lines       atomic.Uint64 // all lines for the log
	logged      atomic.Uint64 // of those, how many the logger has taken
	dropped     atomic.Uint64 // for which the queue had no room, or at which the logger panicked
	reported    uint64        // of those dropped, how many a line has counted; owned by the logger's goroutine
}

// A line is one for the log: a record, or its text where that goes to a terminal.
type line struct {
	level slog.Level
	msg   string
	args  []any
	text  string // "": none
}

// maxCalls bounds each queue. The last line of a loop finds room in a full one.
const maxCalls = 32

// handlerPatience is how long a report is kept from the log while the handler, which comes
// first, has not returned.
const handlerPatience = 100 * time.Millisecond

// deliver has r handled, and then logged.
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

// handle calls the user's handler. Its panic is logged.
func (d *delivery) handle(l *Loop, r Stall) {
	returned := false
	defer func() {
		v := recover()
		switch {
		case returned:
		case v == nil:
			d.log(l, slog.LevelError, "asyncio: the stall handler ended its goroutine, by runtime.Goexit or a test's FailNow", "task", r.Name)
		default:
			d.log(l, slog.LevelError, "asyncio: the stall handler panicked", "panic", fmt.Sprint(v), "task", r.Name)
		}
	}()
	l.cfg.OnStall(r)
	returned = true
}

// log has a line logged. It does not wait.
func (d *delivery) log(l *Loop, level slog.Level, msg string, args ...any) {
	d.write(l, maxCalls, nil, line{level: level, msg: msg, args: args})
}

// logLast is log for the last line of the loop, which a full queue takes, too.
func (d *delivery) logLast(l *Loop, level slog.Level, msg string, args ...any) {
	d.write(l, maxCalls+1, nil, line{level: level, msg: msg, args: args})
}

// logRest is for the end of the loop. It logs how many lines were not logged since the last
// one, if there are any.
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

// write has a line logged after before has returned.
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

// call calls the logger, in its goroutine. A line that it does not take is counted in the
// next one, as "unlogged".
func (d *delivery) call(l *Loop, m line) {
	log := l.log
	if m.text != "" && l.logsToTerminal() { // it names the loop
		log = func(level slog.Level, _ string, args ...any) {
			l.logger().Log(context.Background(), level, m.text, args...)
		}
		m.args = nil
	}
	dropped := d.dropped.Load()
	if n := dropped - d.reported; n > 0 {
		m.args = append(m.args, "unlogged", n)
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

// wait waits until the handler and the logger have returned from all calls, or time is up.
func (d *delivery) wait(timeUp <-chan time.Time) {
	for _, q := range []*callQueue{&d.handler, &d.logger} {
		select {
		case <-q.ended():
		case <-timeUp:
			return
		}
	}
}

// Unlogged is how many reports of stalls the logger has not taken: it panicked, it blocks,
// or there were too many while it blocked. From any goroutine.
func (l *Loop) Unlogged() uint64 {
	d := &l.watch.delivery
	logged := d.logged.Load() // first: it follows the other one
	return d.lines.Load() - logged
}
