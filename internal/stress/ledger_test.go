package stress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A numbered is an error of a program. It is returned, set or panicked once.
type numbered struct{ n int }

func (e *numbered) Error() string { return fmt.Sprintf("stress error #%d.", e.n) }

// numbersIn returns the numbered errors in err, and the other leaves.
func numbersIn(err error) (numbers []*numbered, others []error) {
	switch e := err.(type) {
	case nil:
	case *numbered:
		numbers = append(numbers, e)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			n, o := numbersIn(inner)
			numbers, others = append(numbers, n...), append(others, o...)
		}
	default:
		is, _ := err.(interface{ Is(error) bool })
		cancelled := is != nil && is.Is(asyncio.ErrTaskCancelled) // the cause that it wraps is received elsewhere
		if n, o := numbersIn(errors.Unwrap(err)); len(n) > 0 && !cancelled {
			return n, o
		}
		others = append(others, err)
	}
	return numbers, others
}

// A box is the first thing that an error leaves. It determines which callers may receive the error.
type box string

const (
	inTask     box = "a task"                  // any number of awaits receive the error, or it is reported
	inFuture   box = "a future"                // as for a task
	inChild    box = "a child of a group"      // the group returns the error; awaits may receive it too
	inBody     box = "the body of a group"     // the group returns the error
	inMember   box = "a coroutine of a gather" // the caller receives the error, or it is dropped
	inElement  box = "an element of a map"     // as for a gather
	inCall     box = "a call"                  // the caller receives the error
	inAbandon  box = "an abandoned thread"     // the caller receives the error, or it is reported
	inMain     box = "main"                    // Run returns the error, or it is reported
	inCallback box = "a callback"              // the error is reported, or ends Run
	inLeft     box = "a thread that panics"    // the error continues in the caller, or is reported if the caller has left
)

// An entry is the history of one error.
type entry struct {
	box      box
	stmt     int
	panicked bool // the value of a panic

	received []receipt // by awaits and calls
	grouped  int       // returned by a task group
	reported int       // passed to the error handler, or logged after the end
	logged   int       // the logged ones of reported
	at       time.Time // the time of the report
	returned int       // by Run
	gathered bool      // the error of a task or future that was an argument of a failed Gather
	ended    bool      // the error ended Run
}

// A receipt records that a caller received an error.
type receipt struct {
	since time.Time // when the caller began to wait
	near  bool      // in a task of the loop to which the error belongs
}

// A ledger records the history of each error. Its methods may be called from any goroutine.
type ledger struct {
	mu         sync.Mutex
	entries    []*entry
	violations []string
	reports    int // by the error handlers
}

func (l *ledger) violate(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.violations = append(l.violations, fmt.Sprintf(format, args...))
}

func (l *ledger) newError(b box, stmt int, panicked bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, &entry{box: b, stmt: stmt, panicked: panicked})
	return &numbered{len(l.entries) - 1}
}

// record changes the entries of the errors in err. It returns their number, and the other errors in
// err.
func (l *ledger) record(err error, change func(*entry)) (n int, others []error) {
	numbers, others := numbersIn(err)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range numbers {
		change(l.entries[e.n])
	}
	return len(numbers), others
}

// report is the error handler of both loops.
func (l *ledger) report(u asyncio.Unhandled) {
	l.mu.Lock()
	l.reports++
	l.mu.Unlock()
	_, others := l.record(u.Err, func(e *entry) { e.reported++; e.at = time.Now() })
	for _, err := range others {
		l.violate("the error handler got %q of task %q", err, u.TaskName)
	}
}

// ledgerLog is the logger of the loops. After the end of Run errors are logged.
type ledgerLog struct{ l *ledger }

func (h ledgerLog) Enabled(context.Context, slog.Level) bool { return true }
func (h ledgerLog) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h ledgerLog) WithGroup(string) slog.Handler            { return h }

func (h ledgerLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok {
			_, others := h.l.record(err, func(e *entry) { e.reported++; e.logged++; e.at = time.Now() })
			for _, err := range others {
				h.l.violate("log: %s: %v", r.Message, err)
			}
		}
		return true
	})
	return nil
}

// check returns the errors with a history that is not allowed. It is called when all goroutines
// have ended.
func (l *ledger) check(virtual, crashed bool, printed func(n int) int) {
	l.mu.Lock()
	entries := l.entries
	l.mu.Unlock()
	for n, e := range entries {
		wrong := func(what string) {
			l.violate("error #%d of %s (statement %d, panic: %v) %s: received %d times, by groups %d, reported %d, returned by Run %d",
				n, e.box, e.stmt, e.panicked, what, len(e.received), e.grouped, e.reported, e.returned)
		}
		if e.panicked && crashed {
			switch times := printed(n); { // a panic that is not an error
			case times > 1:
				wrong(fmt.Sprintf("was printed %d times", times))
			case times == 0 && len(e.received) == 0 && !e.ended && e.reported == 0:
				wrong("was lost")
			}
			continue
		}
		once := len(e.received) + e.reported
		switch e.box {
		case inTask, inFuture:
			if len(e.received) == 0 && e.reported == 0 && !e.gathered {
				wrong("was lost")
			}
			if e.reported > 0 {
				for _, r := range e.received {
					if r.near || virtual && r.since.Before(e.at) {
						wrong("was received and reported")
						break
					}
				}
			}
		case inChild, inBody:
			if e.grouped+e.reported != 1 {
				wrong("should have been returned by the group or reported once")
			}
			if e.box == inBody && len(e.received) > 0 {
				wrong("was received twice")
			}
		case inMember, inElement:
			if len(e.received) > 1 || e.reported > 0 {
				wrong("should have been received at most once, and not reported")
			}
		case inCall:
			if once != 1 || e.reported > 0 {
				wrong("should have been received once")
			}
		case inAbandon:
			if once != 1 {
				wrong("should have been received or reported once")
			}
		case inLeft:
			if once+e.grouped+e.returned == 0 {
				wrong("was lost")
			}
		case inMain:
			if e.returned+e.reported != 1 {
				wrong("should have been returned by Run or reported once")
			}
		case inCallback:
			if e.reported != 1 {
				wrong("should have been reported once")
			}
		}
		if e.reported > 1 {
			wrong("was reported twice")
		}
		if !crashed && e.box != inMain && e.box != inLeft && l.reports <= 16 && e.returned != e.reported-e.logged {
			wrong("should have been returned by Run where it was reported")
		}
	}
}
