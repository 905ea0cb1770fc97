package engine

import (
	"cmp"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"strings"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// mismatch says why the calling goroutine cannot suspend a task of l, whose
// current step r runs.
func (l *Loop) mismatch(r *runner) error {
	switch {
	case l.life.Load() == lifeClosed:
		return Refuse(ErrLoopClosed, whatClosed)
	case r == nil:
	case r == &l.rootRunner && r.g.Load() == coro.G():
		return Refuse(ErrWrongTask, whatCallback)
	case coro.PulledFrom(r.g.Load()):
		return Refuse(ErrWrongTask, whatPulled)
	}
	if here := steppingHere(); here != nil && here != l {
		return Refuse(ErrWrongLoop, whatOtherLoop)
	}
	return Refuse(ErrWrongTask, whatOtherStep)
}

// refusePulled returns an error if a task's step has resumed the calling goroutine
// by iter.Pull: it must not block then.
func refusePulled() error {
	loops.Lock()
	defer loops.Unlock()
	for _, l := range loops.running {
		if r := l.cur.Load(); r != nil && coro.PulledFrom(r.g.Load()) {
			return Refuse(ErrWrongTask, whatPulled)
		}
	}
	return nil
}

// The functions at the root of a task's stack, and of a Sequence's.
const (
	execName     = "github.com/asyncio-go/asyncio/internal/engine.(*runner).exec"
	sequenceName = "github.com/asyncio-go/asyncio/internal/engine.(*Sequence).run"
)

// Refusal says why the caller may not use what belongs to the loop.
func (l *Loop) Refusal() error { return l.mismatch(l.cur.Load()) }

// RefuseBlocking returns an error, which matches ErrNoLoop, if the calling goroutine runs
// a step of a loop, which the call would block (S19). instead is what to do about it.
func RefuseBlocking(instead string) error {
	g := coro.G()
	loops.Lock()
	defer loops.Unlock()
	for _, l := range loops.running {
		r := l.cur.Load()
		if r == nil {
			continue
		}
		if step := r.g.Load(); step != g && !coro.PulledFrom(step) {
			continue
		}
		step := "a callback"
		if t := r.task.Load(); t != nil {
			step = "task " + quote(t.Name())
		}
		return Refuse(ErrNoLoop, fmt.Sprintf("it would block the event loop, because this goroutine runs %s; %s", step, instead))
	}
	return nil
}

// PassOn is what to do instead of a call whose ctx has no loop.
const PassOn = "pass on the ctx of the coroutine"

// reportIgnoring logs, once, that a task goes on awaiting with a cancelled ctx.
func (l *Loop) reportIgnoring(t *Task) {
	l.log(slog.LevelWarn, "asyncio: the task ignores its cancellation", "task", t.Name(), "created", t.Created(),
		"awaits", refusalsReported, "at", userLine())
}

// A finder looks through a stack, from the innermost frame on, for the line of the
// user's: failing that, the first that is neither the engine's nor the runtime's.
type finder struct {
	at   string // as file:line; "" if there is none
	user bool   // it is the user's, and the search is over
}

func (s *finder) look(f stall.Frame) {
	if s.user || f.Func == "" || strings.HasPrefix(f.Func, "iter.Pull") || strings.HasPrefix(f.Func, "runtime.") || ownFunction(f.Func, f.File) {
		return
	}
	if s.user = f.User(); s.user || s.at == "" {
		s.at = f.File + ":" + strconv.Itoa(f.Line)
	}
}

// userLine finds the user's line on the calling goroutine's stack.
func userLine() string {
	var s finder
	for _, f := range traceOf(coro.Stack()).Frames {
		s.look(f)
	}
	return cmp.Or(s.at, "unknown")
}

// createdAt prints the lines of a stack that are the user's or, if there are none, the
// site.
func createdAt(site coro.Site, stack []uintptr) string {
	var lines []string
	if len(stack) > 0 {
		for _, f := range traceOf(stack).Frames {
			var s finder
			if s.look(f); s.user {
				lines = append(lines, s.at)
			}
		}
	}
	if lines == nil {
		return site.String()
	}
	return strings.Join(lines, " < ")
}

// ownFunction reports whether a function is the library's, tests excepted.
func ownFunction(name, file string) bool {
	const module = "github.com/asyncio-go/asyncio"
	if strings.HasSuffix(file, "_test.go") {
		return false
	}
	if base, ok := strings.CutPrefix(file, folder); ok && !strings.Contains(base, "/") {
		return true // inlined into a function of the user's, such as the iterator of Queue.All
	}
	rest, ok := strings.CutPrefix(name, module)
	return ok && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "/internal/engine.") || strings.HasPrefix(rest, "/internal/coro."))
}

// folder is where the source of package asyncio was when it was compiled.
var folder = func() string {
	_, file, _, _ := runtime.Caller(0)
	return strings.TrimSuffix(file, "internal/engine/misuse.go")
}()
