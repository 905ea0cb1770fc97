package engine

import (
	"bytes"
	"log/slog"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/callsite"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// The goroutine of a blocked step is found among all goroutines of the process. Its stack contains
// the functions of the loop's stackMarker, and it is not suspended in a switch of coroutines. All other
// coroutines of the loop, and the goroutines that resumed them, are suspended there.
//
// There are three sources of stacks. Each is used if the one before shows no line of the
// program:
//
//   - runtime.GoroutineProfile has 32 frames. It stops the world for some 0.1 ms with 10,000
//     goroutines.
//   - Package pprof has 128 frames. It takes ten times as long if each task has its own labels.
//   - runtime.Stack also has the 50 outermost frames. It stops the world for 2 microseconds for
//     each frame that it prints, and for 0.1 for each that it skips. It is called for few frames
//     only, and not again for a while if it took long.

const (
	maxPrinted   = 3000                 // frames for which runtime.Stack is called
	maxPrint     = 5 * time.Millisecond // duration of a call after which there is none for printRest times as long
	printRest    = 10_000
	printedDepth = 100 // frames that runtime.Stack prints of a goroutine
)

// capture returns the stack of the step that r runs, in the runtime's format, from the leaf
// to the user's outermost function. It returns "" if it does not find the stack. alone
// reports that the process has no other goroutine, except monitors, watches and suspended
// coroutines.
func (l *Loop) capture(r *runner) (stack string, alone bool) {
	trace, alone, frames := l.profiled(shortStacks)
	if trace == nil || !inProgram(*trace) {
		var whole *stall.Trace
		if whole, _, frames = l.profiled(longStacks); whole != nil {
			trace = whole
		}
	}
	if trace != nil && inProgram(*trace) {
		return cut(*trace).String(), alone
	}
	if began := l.Elapsed(); r != nil && l.watch.mayPrint(frames, began) {
		text := l.printed(r)
		l.watch.hasPrinted(began, l.Elapsed())
		if text != "" {
			return text, alone
		}
	}
	if trace != nil { // a dependency's task, or a recursion deeper than the profile
		return cut(*trace).String(), alone
	}
	return "", alone
}

// mayPrint reports whether runtime.Stack may be called, given the number of frames of all goroutines.
func (w *watch) mayPrint(frames int, now int64) bool {
	return frames <= maxPrinted && now >= w.printAfter
}

// hasPrinted notes how long runtime.Stack took. A recursion may be much deeper than a profile shows.
func (w *watch) hasPrinted(began, ended int64) {
	if took := ended - began; took > int64(maxPrint) {
		w.printAfter = ended + printRest*took
	}
}

func inProgram(t stall.Trace) bool { return slices.ContainsFunc(t.Frames, stall.Frame.Program) }

// profiled finds the stack among those that stacks returns. frames is the number of frames of all
// goroutines, as far as runtime.Stack would print them.
func (l *Loop) profiled(stacks func() (all [][]uintptr, most, frames int)) (step *stall.Trace, alone bool, frames int) {
	example, stop := coro.Suspended()
	defer stop()
	all, most, frames := stacks()
	var sure, deep, pulled [][]uintptr
	p := l.profile(leafAbove(example, all))
	if p.leaf == 0 {
		noLeaf.Do(func() {
			l.watch.delivery.log(l, slog.LevelWarn, "asyncio: stalls are reported without a stack: a profile does not show a suspended coroutine", "go", runtime.Version())
		})
		return nil, false, frames
	}
	others := 0
	for _, pcs := range all {
		if len(pcs) == 0 || p.switched(pcs[0]) {
			continue
		}
		if !ofEngine(pcs) {
			others++
		}
		switch {
		case p.inLane(pcs):
			sure = append(sure, pcs)
		case len(pcs) >= most:
			deep = append(deep, pcs)
		case coro.Begun(pcs): // a coroutine of the user that a step has resumed
			pulled = append(pulled, pcs)
		}
	}
	for _, found := range [][][]uintptr{sure, deep, pulled} {
		switch len(found) {
		case 0:
		case 1:
			trace := stall.TraceOf(found[0])
			return &trace, others == 1, frames
		default:
			return nil, false, frames // ambiguous: one may belong to another loop
		}
	}
	return nil, false, frames
}

// ofEngine reports whether the goroutine is the monitor or the watch of a loop. These use no
// channel of the program.
func ofEngine(pcs []uintptr) bool {
	for i := len(pcs) - 1; i >= 0; i-- {
		f := runtime.FuncForPC(pcs[i] - 1)
		if f == nil || strings.HasPrefix(f.Name(), "runtime.") {
			continue
		}
		return f.Name() == monitorName || f.Name() == watchName
	}
	return false
}

const (
	monitorName = "github.com/asyncio-go/asyncio/internal/engine.(*Loop).monitor"
	watchName   = "github.com/asyncio-go/asyncio/internal/engine.(*watch).run"
)

// shortest is the maximum number of frames in the runtime's profile. longest is that of
// package pprof, unless GODEBUG=profstackdepth changes it.
const (
	shortest = len(runtime.StackRecord{}.Stack0)
	longest  = 128
)

// shortStacks returns the stacks of all goroutines, from the leaf on, by the runtime's profile.
func shortStacks() (all [][]uintptr, most, frames int) {
	records := make([]runtime.StackRecord, runtime.NumGoroutine()+64)
	for {
		n, ok := runtime.GoroutineProfile(records)
		if ok {
			records = records[:n]
			break
		}
		records = make([]runtime.StackRecord, n+n/8+64)
	}
	for i := range records {
		pcs := records[i].Stack()
		all, frames = append(all, pcs), frames+len(pcs)
	}
	return all, shortest, frames
}

// longStacks returns the stacks of package pprof. A stack that several goroutines share is
// listed once.
func longStacks() (all [][]uintptr, most, frames int) {
	var text bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&text, 1); err != nil {
		return nil, longest, maxPrinted + 1 // unknown
	}
	for line := range bytes.Lines(text.Bytes()) {
		count, stack, ok := bytes.Cut(line, []byte(" @ "))
		n, err := strconv.Atoi(string(count))
		if !ok || err != nil || n < 1 {
			continue // not the header of a stack
		}
		var pcs []uintptr
		for field := range bytes.FieldsSeq(stack) {
			pc, err := strconv.ParseUint(string(field), 0, 64)
			if err != nil {
				break
			}
			pcs = append(pcs, uintptr(pc))
		}
		all, frames = append(all, pcs), frames+n*min(len(pcs), printedDepth)
	}
	return all, longest, frames
}

// profile classifies the addresses in a goroutine profile.
type profile struct {
	stackMarker [2]uintptr
	leaf        uintptr          // the function in which a coroutine is suspended
	switches    map[uintptr]bool // whether an address is in leaf, by address
}

func (l *Loop) profile(leaf uintptr) *profile {
	return &profile{stackMarker: l.stackMarker.entries(), leaf: leaf, switches: map[uintptr]bool{}}
}

var noLeaf sync.Once // logs the warning once

// leafAbove returns the innermost function of the first stack that contains the given function. It
// returns 0 if no stack does.
func leafAbove(entry uintptr, stacks [][]uintptr) uintptr {
	for _, pcs := range stacks {
		if slices.ContainsFunc(pcs, func(pc uintptr) bool { return pc-entry < 1<<10 && entryOf(pc) == entry }) { // the cheap comparison first
			return entryOf(pcs[0])
		}
	}
	return 0
}

func (p *profile) switched(leaf uintptr) bool {
	yes, known := p.switches[leaf]
	if !known {
		yes = entryOf(leaf) == p.leaf
		p.switches[leaf] = yes
	}
	return yes
}

func (p *profile) inLane(pcs []uintptr) bool {
	return slices.ContainsFunc(pcs, func(pc uintptr) bool {
		entry := entryOf(pc)
		return entry == p.stackMarker[0] || entry == p.stackMarker[1]
	})
}

// entryOf returns the entry of the function with the return address pc. It returns 0 if pc is not in
// a Go function.
func entryOf(pc uintptr) uintptr {
	if f := runtime.FuncForPC(pc - 1); f != nil {
		return f.Entry()
	}
	return 0
}

// printed finds the stack in the output of runtime.Stack. It returns "" if it does not find it.
func (l *Loop) printed(r *runner) string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	mine, t := coro.NumberOf(r.g.Load()), r.task.Load()
	for g := range strings.SplitSeq(string(buf), "\n\n") {
		if mine != 0 && coro.Number(g) == mine && (t == nil || !t.runsElsewhere(g)) {
			trace := stall.Parse(g)
			if trace.State == "coroutine" {
				return "" // the step has resumed a coroutine of the user, by iter.Pull
			}
			head, _, _ := strings.Cut(g, "\n")
			return head + "\n" + cut(trace).String()
		}
	}
	return ""
}

// cut removes the outermost frames that belong to the engine and its callers.
func cut(t stall.Trace) stall.Trace {
	for i, f := range t.Frames {
		if f.Func == execName || f.Func == sequenceName || strings.HasSuffix(f.Func, "/internal/engine.(*Loop).protect") || strings.HasSuffix(f.Func, "/internal/engine.(*Loop).drive") || strings.HasSuffix(f.Func, "/internal/inspect.(*Debugger).Run") {
			t.Frames = t.Frames[:i]
			break
		}
	}
	for n := len(t.Frames); n > 0 && !t.Frames[n-1].User() && callsite.Own(t.Frames[n-1].Func, t.Frames[n-1].File); n-- {
		t.Frames = t.Frames[:n-1]
	}
	return t
}
