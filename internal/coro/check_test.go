package coro

import (
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
)

// TestCheck_FindsDifferences: Check returns an error or a limit for each difference.
func TestCheck_FindsDifferences(t *testing.T) {
	var calls uintptr
	for _, c := range []struct {
		name       string
		spoil      func(p *probes)
		err, limit string
	}{
		{"nothing", func(*probes) {}, "", ""},
		{"one identity for all", func(p *probes) { p.identity = func() uintptr { return 1 } }, "two goroutines have the same identity", ""},
		{"the thread's identity", func(p *probes) {
			first := G()
			p.identity = func() uintptr {
				if isCoroutine() {
					return first
				}
				return G()
			}
		}, "a coroutine has the identity of another goroutine", ""},
		{"an identity that moves", func(p *probes) { p.identity = func() uintptr { calls++; return calls } }, "the identity of a goroutine changes", ""},
		{"no number in the g", func(p *probes) { p.words = func(uintptr) []uint64 { return make([]uint64, 32) } }, "the number of a goroutine is not where", ""},
		{"the first goroutine's number in all", func(p *probes) {
			first := ID()
			p.words = func(uintptr) []uint64 { return []uint64{0, first, first} }
		}, "the number of a goroutine is not where", ""},
		{"a number that is the right one only in goroutines", func(p *probes) {
			p.words = func(uintptr) []uint64 {
				if isCoroutine() {
					return []uint64{0, 0}
				}
				return []uint64{0, ID()}
			}
		}, "the number of a goroutine is not where", ""},
		{"frame pointers that lead nowhere", func(p *probes) { p.hops = func() (uintptr, bool) { return 0, false } }, "frame pointers do not lead to the caller", ""},
		{"a coroutine that begins elsewhere", func(p *probes) { p.coroutine = func() bool { return false } }, "", "iter.Pull"},
		{"every goroutine is taken for a coroutine", func(p *probes) { p.coroutine = func() bool { return true } }, "", "iter.Pull"},
	} {
		p := actual
		p.words = func(uintptr) []uint64 { // on other processors identities are numbers
			return []uint64{0, 1, 2, ID()}
		}
		c.spoil(&p)
		f, limit, err := check(p)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want an error with %q", c.name, err, c.err)
			}
		case err != nil || f.offset != 24 || (limit == "") != (c.limit == "") || !strings.Contains(limit, c.limit):
			t.Errorf("%s: offset %d, limit %q, %v; want 24, %q", c.name, f.offset, limit, err, c.limit)
		}
	}
}

func TestCheck_InAnyGoroutine(t *testing.T) {
	ok := func(where string) {
		if f, limit, err := check(actual); err != nil || limit != "" || f.offset != found.offset || f.hops != found.hops || f.pull != found.pull {
			t.Errorf("%s: %+v, limit %q, %v; want %+v", where, f, limit, err, found)
		}
	}
	ok("in a test")
	in := func(where string, start func(f func())) {
		done := make(chan struct{})
		start(func() { defer close(done); ok(where) })
		<-done
	}
	in("in a goroutine", func(f func()) { go f() })
	in("in a goroutine with a thread of its own", func(f func()) {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			f()
		}()
	})
	in("in a coroutine", func(f func()) {
		var c Coro
		c.Start(func(yield func(struct{}) bool) { c.Begin(yield); f() })
		c.Resume()
	})
	in("deep in a stack", func(f func()) {
		var descend func(n int)
		descend = func(n int) {
			if n == 0 {
				f()
			} else {
				descend(n - 1)
			}
		}
		descend(1000)
	})
	synctest.Test(t, func(*testing.T) { ok("in a bubble") })
	all := make(chan struct{})
	for range 50 {
		go func() { ok("in many goroutines at once"); all <- struct{}{} }()
	}
	for range 50 {
		<-all
	}
}

// TestCallSite_BeforeCheck: the site is the same before Check, and without frame pointers.
func TestCallSite_BeforeCheck(t *testing.T) {
	var sites [2]Site
	for i := range sites {
		if i == 1 {
			defer hops.Store(hops.Swap(0))
		}
		sites[i] = create()
	}
	if sites[0] != sites[1] || sites[0] == 0 {
		t.Errorf("%v after the check, %v before", sites[0], sites[1])
	}
}

func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		if _, _, err := check(actual); err != nil {
			b.Fatal(err)
		}
	}
}

func TestNumber_OfNoGoroutine(t *testing.T) {
	if n := NumberOf(0); n != 0 {
		t.Errorf("number %d, want 0", n)
	}
	if n := NumberOf(G()); n != ID() {
		t.Errorf("number %d, want %d", n, ID())
	}
	defer func(f facts) { found = f }(found)
	found = facts{}
	if n := NumberOf(G()); n != 0 && n != ID() {
		t.Errorf("number %d before the check, want none", n)
	}
}
