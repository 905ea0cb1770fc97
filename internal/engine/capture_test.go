package engine

import (
	"testing"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// A report's stack ends with the user's outermost function, in debug mode too.
func TestAStackEndsWithTheUsersOutermostFunction(t *testing.T) {
	const debugging = "github.com/asyncio-go/asyncio/internal/inspect.(*Debugger).Run"
	for _, below := range [][]string{{execName}, {debugging, execName}} {
		var trace stall.Trace
		for _, f := range append([]string{"time.Sleep", "main.work", "main.main.func1", "github.com/asyncio-go/asyncio.(*taskBody[...]).Run"}, below...) {
			trace.Frames = append(trace.Frames, stall.Frame{Func: f, File: "x.go", Line: 1})
		}
		if got := cut(trace).Frames; len(got) != 3 || got[2].Func != "main.main.func1" {
			t.Errorf("above %q: %+v, want three frames", below, got)
		}
	}
}

// Where a profile shows no suspended coroutine there is no stack, and one warning.
func TestWithoutASuspendedCoroutineNothingIsTakenForTheStep(t *testing.T) {
	if leaf := leafAbove(1, make([][]uintptr, 3)); leaf != 0 {
		t.Errorf("the leaf is %#x, want 0", leaf)
	}
	for name, stacks := range map[string]func() ([][]uintptr, int, int){"short": shortStacks, "long": longStacks} {
		example, stop := coro.Suspended()
		if all, _, _ := stacks(); leafAbove(example, all) == 0 {
			t.Errorf("%s: the profile shows no suspended coroutine", name)
		}
		stop()
		if all, _, _ := stacks(); leafAbove(example, all) != 0 {
			t.Errorf("%s: the profile shows a suspended coroutine after its end", name)
		}
	}
}

// Each stackMarker has an address of its own, or else loops would be mixed up in profiles.
func TestLanesDiffer(t *testing.T) {
	seen := map[uintptr]bool{}
	for _, n := range stackMarkers {
		for _, entry := range n.entries() {
			if seen[entry] {
				t.Fatalf("two functions of stack markers are at %#x", entry)
			}
			seen[entry] = true
		}
	}
}

// runtime.Stack is called only while it stops the world for a short time.
func TestPrintsAreBounded(t *testing.T) {
	var w watch
	const ms = int64(time.Millisecond)
	if !w.mayPrint(maxPrinted, 0) || w.mayPrint(maxPrinted+1, 0) {
		t.Error("the number of frames does not decide")
	}
	w.hasPrinted(0, 4*ms)
	if !w.mayPrint(1, 5*ms) {
		t.Error("not allowed after a short call")
	}
	w.hasPrinted(0, 80*ms)
	if w.mayPrint(1, int64(10*time.Minute)) || !w.mayPrint(1, int64(14*time.Minute)) {
		t.Error("a call of 80 ms does not prevent others for 800 s")
	}
}

// The frames that runtime.Stack would print are counted for each goroutine, though pprof lists a shared stack once.
func TestFramesOfAllGoroutinesAreCounted(t *testing.T) {
	stop, ready := make(chan struct{}), make(chan struct{})
	defer close(stop)
	const goroutines, depth = 50, 200
	for range goroutines {
		go descend(depth, ready, stop)
	}
	for range goroutines {
		<-ready
	}
	if _, _, frames := longStacks(); frames < goroutines*printedDepth || frames <= maxPrinted {
		t.Errorf("%d frames, want at least %d", frames, goroutines*printedDepth)
	}
	if _, _, frames := shortStacks(); frames < goroutines*shortest {
		t.Errorf("%d frames in the short profile, want at least %d", frames, goroutines*shortest)
	}
}

//go:noinline
func descend(depth int, ready, stop chan struct{}) {
	if depth > 0 {
		descend(depth-1, ready, stop)
		return
	}
	ready <- struct{}{}
	<-stop
}
