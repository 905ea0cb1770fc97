package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// A dump lists the last tasks that failed, and the last ones that had a slow step. Their records
// contain only texts, and so keep no task, error or ctx alive. A task that succeeds without a slow
// step costs one load.

// A finishedTask is the record of a task that has ended.
type finishedTask struct {
	id      uint64
	name    string
	created coro.Site
	outcome string
	err     string // quoted; "" if there is none
	at      time.Time
	longest time.Duration // longest slow step, in debug mode longest step; 0 if unknown
}

// maxFinished bounds the records of each kind.
const maxFinished = 20

// finished are the records of a loop, written by the loop.
type finished struct {
	longest map[uint64]time.Duration // of live tasks with a slow step, by id; owned by the loop

	mu     sync.Mutex
	failed []finishedTask // the oldest first
	slow   []finishedTask // tasks that did not fail, the oldest first
}

// fail records the failure of t, before its end.
func (f *finished) fail(t *Task, err error) {
	outcome := "failed"
	if t.node.flags&flagPanicked != 0 {
		outcome = "panicked"
	}
	r := f.record(t, outcome)
	r.err = failureText(err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = keepLast(f.failed, r)
}

// stepped records a slow step of t. t may have ended with the step.
func (f *finished) stepped(t *Task, took time.Duration) {
	if f.longest == nil {
		f.longest = map[uint64]time.Duration{}
	}
	f.longest[t.id] = max(f.longest[t.id], took)
	if t.completion.IsDone() {
		f.ended(t)
	}
}

// ended records the end of t if t had a slow step.
func (f *finished) ended(t *Task) {
	longest, slow := f.longest[t.id]
	if !slow {
		return
	}
	outcome := "succeeded"
	if t.Cancelled() {
		outcome = "cancelled"
	}
	r := f.record(t, outcome)
	delete(f.longest, t.id)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, list := range [][]finishedTask{f.failed, f.slow} {
		for i := range list {
			if list[i].id == t.id { // recorded already: its last step was a slow one
				list[i].longest = max(list[i].longest, longest)
				return
			}
		}
	}
	if t.completion.fail == nil || t.Cancelled() {
		f.slow = keepLast(f.slow, r)
	}
}

func (f *finished) record(t *Task, outcome string) finishedTask {
	r := finishedTask{id: t.id, name: short(t.Name()), created: t.completion.created, outcome: outcome, at: time.Now(), longest: f.longest[t.id]}
	if s, ok := t.Stats(); ok {
		r.longest = max(r.longest, time.Duration(s.Longest))
	}
	return r
}

func keepLast(list []finishedTask, r finishedTask) []finishedTask {
	if len(list) == maxFinished {
		copy(list, list[1:])
		list = list[:maxFinished-1]
	}
	return append(list, r)
}

// plainErrors are the types whose Error method calls no other error's: the text is stored, or
// comes from a table.
var plainErrors = map[reflect.Type]bool{
	reflect.TypeOf(errors.New("")):                     true,
	reflect.TypeOf(fmt.Errorf("%w", io.EOF)):           true,
	reflect.TypeOf(fmt.Errorf("%w%w", io.EOF, io.EOF)): true,
	reflect.TypeOf(context.DeadlineExceeded):           true,
	reflect.TypeOf(syscall.Errno(0)):                   true,
}

// failureText returns the text of an error whose type is in plainErrors. For other types it
// returns the type, as an Error method of the user could block the loop.
func failureText(err error) string {
	if plainErrors[reflect.TypeOf(err)] {
		return quote(short(err.Error()))
	}
	return quote(fmt.Sprintf("%T", err))
}

// finished lists the last tasks that failed or were slow, the newest first.
func (d *dump) finished() {
	f := &d.l.finished
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, list := range [][]finishedTask{f.failed, f.slow} {
		for i := len(list) - 1; i >= 0; i-- {
			r := list[i]
			fmt.Fprintf(&d.b, "  %s %s ago: #%d %s, created at %s", r.outcome, readable(time.Since(r.at)), r.id, quote(r.name), r.created)
			if r.longest > 0 {
				fmt.Fprintf(&d.b, ", longest step %s", readable(r.longest))
			}
			if r.err != "" {
				d.b.WriteString(": " + r.err)
			}
			d.b.WriteByte('\n')
		}
	}
}
