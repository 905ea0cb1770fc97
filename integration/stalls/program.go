// Package stalls contains small programs that block the event loop. In each of them, a marked line
// blocks through another library, the standard library or C. The test runs each in its own process
// and compares the reports of the stall watch with a table.
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

// A program blocks the loop for about the duration lasts, at the line with the comment "guilty: NAME".
type program struct {
	name   string
	by     string // name of the task, or "callback " and the end of the function's name; "": the name of the program
	class  string // right classes, separated by commas
	call   string // substring of the reported call; "-": no call, "*": any call or none
	advice string // substring of the advice
	then   string // mark of a second line that blocks the loop afterwards; only its place is checked
	whole  bool   // the process or the machine is to blame, not a line or a task
	run    func(ctx context.Context) error
	opts   []asyncio.Option
}

// task returns the name of the task that runs the program.
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

// lasts is how long a program blocks the loop. The threshold is the default, 100 ms.
const lasts = 500 * time.Millisecond

// block is the time during which the loop was blocked, as the program measured it. The program
// writes it on the loop.
var block struct{ begin, end time.Time }

// once calls f, which blocks.
func once(f func()) {
	begin()
	f()
	end()
}

// again calls f repeatedly until the loop has been blocked for lasts.
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

// settle ends the step that prepared the block, so that the block is in a new step.
func settle(ctx context.Context) error { return asyncio.Sleep(ctx, 10*time.Millisecond) }

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// got returns v, and panics if err is not nil.
func got[T any](v T, err error) T {
	must(err)
	return v
}
