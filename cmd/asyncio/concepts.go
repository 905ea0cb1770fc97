package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A concept is one idea of asyncio and a small program that shows it.
type concept struct {
	name   string // the name of its excerpt
	title  string
	lesson string
	play   func(ctx context.Context, st *stage) error
}

// concepts are in the order of the demonstration. Each one needs only the earlier ones.
var concepts = []concept{
	{"greet", "A first program",
		"Run creates the event loop and runs a coroutine on it. Sleep is an await: it returns control to the loop until the time has passed.",
		greet},
	{"gather", "One after the other, or together",
		"Three jobs that only wait. In sequence their times add up. With Gather they wait at the same time, on one loop.",
		gather},
	{"task", "A coroutine against a task",
		"A coroutine does not run until it is awaited. A task is scheduled at once: it starts as soon as its creator awaits anything.",
		task},
	{"forgotten", "The forgotten task",
		"This task fails, and no other task awaits it. Its error is not lost: the error handler gets it with the line that created the task, and Run returns it.",
		forgotten},
	{"kept", "The cures",
		"Keep the task and await it, or take every result with its error.",
		kept},
	{"cancel", "Cancellation",
		"In a cancelled task the await returns an error. The task cleans up and ends. The task that awaits it gets ErrTaskCancelled.",
		cancel},
	{"timeout", "A timeout",
		"WaitFor limits the time of a coroutine, and cancels it when the time has passed.",
		timeout},
}

// concepts runs each concept: it prints the explanation, the code, and the output while the program
// runs.
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
		// a concept that expects an error may have taken the interruption for it
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// A stage is the output of a concept.
type stage struct {
	length      time.Duration // the duration of a long job
	start       time.Time
	interrupted func() error // returns an error after Ctrl-C

	mu     sync.Mutex // say may be called from any goroutine
	screen *screen
}

func newStage(ctx context.Context, s *screen, o options) *stage {
	st := &stage{length: time.Second, start: time.Now(), interrupted: ctx.Err, screen: s}
	if o.full {
		st.length = 2 * time.Second
	}
	return st
}

// say prints a line with the time since the beginning of the concept. After Ctrl-C it prints
// nothing, because the results are not valid.
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
