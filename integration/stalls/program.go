// Package stalls holds small programs in each of which one line blocks the event loop through
// a library of other authors, the standard library or C. Its test runs each in a process of its
// own and compares what the stall watch reports with what is in the table.
package stalls

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A program blocks the loop for about lasts, in the line that has the comment "guilty: NAME".
type program struct {
	name   string
	by     string // the task, or "callback " and the end of the function's name; by default the task is named as the program
	class  string // the classes that are right, with commas between them
	call   string // what the reported call contains; "-" if the line calls nothing, "*" if either is right
	advice string // what the advice contains
	then   string // the mark of a second line that blocks the loop afterwards, for which the rest is not asked
	whole  bool   // the process or the machine is to blame: no line, no task
	limit  string // why the watch cannot be right
	run    func(ctx context.Context) error
	opts   []asyncio.Option
}

// task is the name of the task that runs the program.
func (p program) task() string {
	if p.by == "" || strings.HasPrefix(p.by, "callback ") {
		return p.name
	}
	return p.by
}

var programs = slices.Concat(databases, codecs, rpcs, engines, inC, clients, waits, computations, files, callbacks, several)

//go:embed *.go
var sources embed.FS

// guilty lists the lines with the mark, as file:line.
func guilty(mark string) []string {
	var lines []string
	files, err := sources.ReadDir(".")
	must(err)
	for _, f := range files {
		text, err := sources.ReadFile(f.Name())
		must(err)
		for i, line := range strings.Split(string(text), "\n") {
			if strings.HasSuffix(line, "// guilty: "+mark) {
				lines = append(lines, fmt.Sprintf("%s:%d", f.Name(), i+1))
			}
		}
	}
	return lines
}

// lasts is how long a program blocks the loop. The threshold is the default one, 100 ms.
const lasts = 500 * time.Millisecond

// block is when the loop was blocked, as the program measured it. A program writes it on the
// loop.
var block struct{ begin, end time.Time }

// once calls a function that blocks.
func once(f func()) {
	begin()
	f()
	end()
}

// again calls a function that computes until the time is over.
func again(f func()) {
	begin()
	for time.Since(block.begin) < lasts {
		f()
	}
	end()
}

func begin() {
	if block.begin.IsZero() {
		block.begin = time.Now()
	}
}

func end() { block.end = time.Now() }

// settle ends the step that prepared the block, so that the block begins a new one.
func settle(ctx context.Context) error { return asyncio.Sleep(ctx, 10*time.Millisecond) }

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// got returns a value that was made without an error.
func got[T any](v T, err error) T {
	must(err)
	return v
}
