package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A concept is one idea of asyncio and the small program that shows it.
type concept struct {
	name   string // of its excerpt
	title  string
	lesson string
	play   func(ctx context.Context, st *stage) error
}

// concepts are shown in this order: each needs only what came before it.
var concepts = []concept{
	{"greet", "A first program",
		"Run makes the event loop and runs a coroutine on it. Sleep is an await: it gives control back to the loop until the time has come.",
		greet},
	{"gather", "One after the other, or together",
		"Three jobs that only wait. Awaited in sequence their times add up; gathered, they wait at the same time, on one loop.",
		gather},
	{"task", "A coroutine against a task",
		"A coroutine runs nothing until it is awaited. A task is scheduled at once: it starts as soon as its creator awaits anything.",
		task},
	{"forgotten", "The forgotten task",
		"Nobody awaits this task, and it fails. Its error is not lost: the error handler is told where the task was created, and Run returns it.",
		forgotten},
	{"kept", "The cures",
		"Keep the task and await it, or take every result with its error.",
		kept},
	{"cancel", "Cancellation",
		"A cancelled task sees an error at its await, cleans up, and ends. Whoever awaits it can tell that it was cancelled.",
		cancel},
	{"timeout", "A time-out",
		"WaitFor gives a coroutine so much time, and cancels it when the time is over.",
		timeout},
}

// concepts plays every concept: what to see, the code, and its output as it
// happens.
func (a *app) concepts(ctx context.Context, o options) error {
	s := a.screen
	s.title("Concepts")
	for i, c := range concepts {
		s.line("")
		s.line(s.paint(bold, fmt.Sprintf("%d/%d  %s", i+1, len(concepts), c.title)))
		s.text("%s", c.lesson)
		s.line("")
		s.code(excerpt(programSource, c.name))
		s.line("")
		if err := c.play(ctx, newStage(ctx, s, o)); err != nil {
			return err
		}
		// A concept that expects an error may take an interruption for it.
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// A stage is what a concept speaks from.
type stage struct {
	length      time.Duration // of a job that takes long
	start       time.Time
	interrupted func() error // not nil when the demonstration is to end

	mu     sync.Mutex // a report may come from any thread
	screen *screen
}

func newStage(ctx context.Context, s *screen, o options) *stage {
	st := &stage{length: time.Second, start: time.Now(), interrupted: ctx.Err, screen: s}
	if o.full {
		st.length = 2 * time.Second
	}
	return st
}

// say prints a line with the time since the concept began. Once the
// demonstration is interrupted nothing more is said: a program that is unwinding
// has no results to show.
func (st *stage) say(format string, args ...any) {
	if st.interrupted() != nil {
		return
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	stamp := fmt.Sprintf("  %5.2f s  ", time.Since(st.start).Seconds())
	text := shortened(fmt.Sprintf(format, args...))
	for _, l := range wrap(text, st.screen.width-runes(stamp)) {
		st.screen.line(st.screen.paint(faint, stamp) + l)
		stamp = fmt.Sprintf("%*s", runes(stamp), "")
	}
}
