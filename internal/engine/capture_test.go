package engine

import (
	"testing"

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
	for name, stacks := range map[string]func() ([][]uintptr, int){"short": shortStacks, "long": longStacks} {
		example, stop := coro.Suspended()
		if all, _ := stacks(); leafAbove(example, all) == 0 {
			t.Errorf("%s: the profile shows no suspended coroutine", name)
		}
		stop()
		if all, _ := stacks(); leafAbove(example, all) != 0 {
			t.Errorf("%s: the profile shows a suspended coroutine after its end", name)
		}
	}
}

// Each lane has an address of its own, or else loops would be mixed up in profiles.
func TestLanesDiffer(t *testing.T) {
	seen := map[uintptr]bool{}
	for _, n := range allLanes {
		for _, entry := range n.entries() {
			if seen[entry] {
				t.Fatalf("two functions of lanes are at %#x", entry)
			}
			seen[entry] = true
		}
	}
}
