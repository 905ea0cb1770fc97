package coro

import (
	"bytes"
	"fmt"
	"iter"
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if limit, err := Check(); limit != "" || err != nil {
		panic(fmt.Sprint(limit, err))
	}
	os.Exit(m.Run())
}

func TestTransfer(t *testing.T) {
	var c Coro
	var trace []string
	c.Start(func(yield func(struct{}) bool) {
		c.Begin(yield)
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

// TestNestedTransfer: a coroutine resumes another one, which then suspends, while the root waits.
// The engine transfers control in this way.
func TestNestedTransfer(t *testing.T) {
	var a, b Coro
	var trace []string
	b.Start(func(yield func(struct{}) bool) {
		b.Begin(yield)
		for {
			trace = append(trace, "b")
			b.Suspend()
		}
	})
	a.Start(func(yield func(struct{}) bool) {
		a.Begin(yield)
		for range 3 {
			trace = append(trace, "a")
			b.Resume()
		}
	})
	a.Resume()
	if got, want := strings.Join(trace, ""), "ababab"; got != want {
		t.Errorf("trace %s, want %s", got, want)
	}
	b.Resume() // the root resumes it
	if got, want := strings.Join(trace, ""), "abababb"; got != want {
		t.Errorf("trace %s, want %s", got, want)
	}
}

func TestG_DiffersBetweenLiveGoroutines(t *testing.T) {
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
	c.Start(func(yield func(struct{}) bool) {
		c.Begin(yield)
		if G() == mine {
			t.Errorf("a coroutine has its resumer's identity")
		}
	})
	c.Resume()
}

//go:noinline
func create() Site { return CallSite() }

func TestCallSite(t *testing.T) {
	_, file, line, _ := runtime.Caller(0)
	pc := create()
	if got, want := pc.String(), fmt.Sprintf("%s:%d", file, line+1); got != want {
		t.Errorf("Location %s, want %s", got, want)
	}
	func() {
		if got, want := create().String(), fmt.Sprintf("%s:%d", file, line+6); got != want {
			t.Errorf("in a closure: %s, want %s", got, want)
		}
	}()
	if Site(0).String() != "unknown" {
		t.Errorf("Site(0).String() = %s", Site(0).String())
	}
}

func TestFrameWalk(t *testing.T) {
	if (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64") && hops.Load() == 0 {
		t.Errorf("the frame pointers cannot be followed on %s: every creation site costs a stack walk", runtime.GOARCH)
	}
}

func TestPulledFrom(t *testing.T) {
	me := G()
	if idOf(me) != ID() {
		t.Fatalf("idOf %d, want %d", idOf(me), ID())
	}
	if PulledFrom(me) {
		t.Error("a plain goroutine is no coroutine")
	}
	pulled := func(body func()) {
		next, stop := iter.Pull(func(func(int) bool) { body() })
		defer stop()
		next()
	}
	pulled(func() {
		if !PulledFrom(me) {
			t.Error("a coroutine of this goroutine was not recognised")
		}
		pulled(func() {
			if !PulledFrom(me) {
				t.Error("a coroutine in a coroutine was not recognised")
			}
		})
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		pulled(func() {
			if PulledFrom(me) {
				t.Error("a coroutine of another goroutine was taken for one of this")
			}
		})
	}()
	<-done
}

func FuzzNumber(f *testing.F) {
	f.Add([]byte("goroutine 12 [running]:\nmain.main()\n"))
	f.Add([]byte("created by iter.Pull[...] in goroutine 7\n"))
	f.Add([]byte("goroutine 99999999999999999999 ["))
	f.Fuzz(func(t *testing.T, trace []byte) {
		if n := number(trace, "goroutine "); n != 0 && !bytes.Contains(trace, []byte(fmt.Sprint(n))) {
			t.Errorf("number %d is not in %q", n, trace)
		}
		creation(trace)
	})
}

func BenchmarkSwitchPair(b *testing.B) {
	var c Coro
	c.Start(func(yield func(struct{}) bool) {
		c.Begin(yield)
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
