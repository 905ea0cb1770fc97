package coro

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestTransfer(t *testing.T) {
	var c Coro
	var trace []string
	c.Start(func() {
		for i := range 3 {
			trace = append(trace, fmt.Sprint("body ", i))
			c.Suspend()
		}
	})
	for c.Resume() {
		trace = append(trace, "back")
	}
	if got, want := strings.Join(trace, ","), "body 0,back,body 1,back,body 2,back"; got != want {
		t.Errorf("trace %s, want %s", got, want)
	}
}

// A coroutine may resume another, which then suspends to the first, while the
// root waits below: the shape in which the engine hands control on.
func TestNestedTransfer(t *testing.T) {
	var a, b Coro
	var trace []string
	b.Start(func() {
		for {
			trace = append(trace, "b")
			b.Suspend()
		}
	})
	a.Start(func() {
		for range 3 {
			trace = append(trace, "a")
			b.Resume()
		}
	})
	a.Resume()
	if got, want := strings.Join(trace, ""), "ababab"; got != want {
		t.Errorf("trace %s, want %s", got, want)
	}
	b.Resume() // another resumer, the root
	if got, want := strings.Join(trace, ""), "abababb"; got != want {
		t.Errorf("trace %s, want %s", got, want)
	}
}

func TestGDiffersBetweenLiveGoroutines(t *testing.T) {
	mine := G()
	if mine == 0 || mine != G() {
		t.Fatalf("G is not stable: %#x then %#x", mine, G())
	}
	other := make(chan uintptr)
	go func() { other <- G() }()
	if g := <-other; g == mine {
		t.Errorf("two goroutines share %#x", g)
	}
	var c Coro
	c.Start(func() {
		if G() == mine {
			t.Errorf("a coroutine has its resumer's identity")
		}
	})
	c.Resume()
}

//go:noinline
func create() uintptr { return CallSite() }

func TestCallSite(t *testing.T) {
	_, file, line, _ := runtime.Caller(0)
	pc := create()
	if got, want := Location(pc), fmt.Sprintf("%s:%d", file, line+1); got != want {
		t.Errorf("Location %s, want %s", got, want)
	}
	func() {
		if got, want := Location(create()), fmt.Sprintf("%s:%d", file, line+6); got != want {
			t.Errorf("in a closure: %s, want %s", got, want)
		}
	}()
	if Location(0) != "unknown" {
		t.Errorf("Location(0) = %s", Location(0))
	}
}

func TestFrameWalkWorksHere(t *testing.T) {
	if (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64") && hops == 0 {
		t.Errorf("the frame pointers cannot be followed on %s: every creation site costs a stack walk", runtime.GOARCH)
	}
}

func TestInside(t *testing.T) {
	if in, co := Inside("no.such.package"); in || co {
		t.Errorf("Inside = %v %v on a plain goroutine", in, co)
	}
	var c Coro
	c.Start(func() {
		in, co := Inside("github.com/asyncio-go/asyncio/internal/coro.(*Coro).Start")
		if !in || !co {
			t.Errorf("Inside = %v %v in a coroutine", in, co)
		}
	})
	c.Resume()
}

func BenchmarkSwitchPair(b *testing.B) {
	var c Coro
	c.Start(func() {
		for {
			c.Suspend()
		}
	})
	for b.Loop() {
		c.Resume()
	}
}

func BenchmarkCallSite(b *testing.B) {
	for b.Loop() {
		create()
	}
}
