// Package callsite finds, in a stack, the line of the program and the call of the library that it
// makes.
package callsite

import (
	"cmp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/stall"
)

const module = "github.com/asyncio-go/asyncio"

// A Finder searches a stack for the innermost line of the program. If there is none, it returns the
// innermost line that belongs neither to the library nor to the runtime. The zero value is ready.
type Finder struct {
	At   string // the line as file:line; "" if none was found
	User bool   // At is a line of the program: the search has ended
}

// Look examines the next frame. The innermost frame comes first.
func (s *Finder) Look(f stall.Frame) {
	if s.User || f.Func == "" || strings.HasPrefix(f.Func, "iter.Pull") || strings.HasPrefix(f.Func, "runtime.") || Own(f.Func, f.File) {
		return
	}
	if s.User = f.User(); s.User || s.At == "" {
		s.At = f.File + ":" + strconv.Itoa(f.Line)
	}
}

// UserLine returns the line of the program on the stack of the calling goroutine, or "unknown".
func UserLine() string {
	var s Finder
	for _, f := range stall.TraceOf(coro.Stack()).Frames {
		s.Look(f)
	}
	return cmp.Or(s.At, "unknown")
}

// Created returns the lines of the program on the stack of a creation, separated by " < ". If there
// are none, it returns the site.
func Created(site coro.Site, stack []uintptr) string {
	var lines []string
	if len(stack) > 0 {
		for _, f := range stall.TraceOf(stack).Frames {
			var s Finder
			if s.Look(f); s.User {
				lines = append(lines, s.At)
			}
		}
	}
	if lines == nil {
		return site.String()
	}
	return strings.Join(lines, " < ")
}

// running are the packages that run tasks, as the part of a function's name after that of the module.
var running = []string{".", "/internal/engine.", "/internal/coro.", "/internal/watch.", "/internal/inspect."}

// Own reports whether the function belongs to the library: to package asyncio, or to a package that
// runs tasks for it. A function in a test file does not.
func Own(name, file string) bool {
	if strings.HasSuffix(file, "_test.go") {
		return false
	}
	if base, ok := strings.CutPrefix(file, folder); ok && !strings.Contains(base, "/") {
		return true // inlined into a function of the program, such as the iterator of Queue.All
	}
	rest, ok := strings.CutPrefix(name, module)
	return ok && slices.ContainsFunc(running, func(p string) bool { return strings.HasPrefix(rest, p) })
}

// folder is the folder of the source of package asyncio when it was compiled.
var folder = func() string {
	_, file, _, _ := runtime.Caller(0)
	return strings.TrimSuffix(file, "internal/callsite/callsite.go")
}()
