package engine

import (
	"testing"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// A report's stack ends with the user's outermost function, in debug mode too.
func TestAStackEndsWithTheUsersOutermostFunction(t *testing.T) {
	const debugging = "github.com/asyncio-go/asyncio/internal/engine.(*debugger).run"
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
