package semantics_test

import (
	"io"
	"log"
	"slices"
	"sync"

	"github.com/asyncio-go/asyncio"
)

// Locks, and what waits as they do, that the classifier was not written against.

// An account has a mutex's methods.
type account struct{ sync.Mutex }

// held returns an account that is locked till the release.
func (b *block) held() *account {
	a := &account{}
	a.Lock()
	b.onRelease(a.Unlock)
	return a
}

func within[L sync.Locker](l L, fn func()) {
	l.Lock() // blocks: a generic lock
	defer l.Unlock()
	fn()
}

// A slowWriter writes when it is released.
type slowWriter struct {
	b     *block
	begun chan struct{}
}

func (w *slowWriter) Write(p []byte) (int, error) {
	close(w.begun)
	<-w.b.released
	w.begun = make(chan struct{})
	return len(p), nil
}

var lockVariants = []blocker{
	{"lock: a promoted method", asyncio.StallLock, "sync.(*Mutex).Lock", "asyncio.Lock", func(b *block) {
		a := b.held()
		b.next()
		a.Lock()
	}},
	{"lock: a promoted method in a generic function", asyncio.StallLock, "sync.(*Mutex).Lock", "asyncio.Lock", func(b *block) {
		b.marked("a generic lock")
		within(b.held(), func() {})
	}},
	{"lock: a method value in an iterator, deep down", asyncio.StallLock, "sync.(*Mutex).Lock", "asyncio.Lock", func(b *block) {
		lock := b.held().Lock
		deeply(500, func() {
			for range slices.Values([]int{1}) {
				b.next()
				lock()
			}
		})
	}},
	{"lock: a Locker for reading", asyncio.StallLock, "sync.(*rlocker).Lock", "asyncio.Lock", func(b *block) {
		var mu sync.RWMutex
		mu.Lock()
		b.onRelease(mu.Unlock)
		l := mu.RLocker()
		b.next()
		l.Lock()
	}},
	{"lock: a value that another goroutine makes", asyncio.StallLock, "sync.OnceValue", "before the loop starts", func(b *block) {
		begun := make(chan struct{})
		value := sync.OnceValue(func() int { close(begun); <-b.released; return 1 })
		go value()
		<-begun
		b.next()
		value()
	}},
	{"lock: a wait deferred in a loop", asyncio.StallLock, "sync.(*WaitGroup).Wait", "asyncio.Gather", func(b *block) {
		var wg sync.WaitGroup
		wg.Go(func() { <-b.released })
		func() {
			for range 2 {
				defer wg.Wait()
			}
			b.next()
		}()
	}},
	{"lock: a logger that somebody else writes to", asyncio.StallLock, "log.(*Logger).Print", "asyncio.Lock", func(b *block) {
		w := &slowWriter{b, make(chan struct{})}
		begun := w.begun
		l := log.New(w, "", 0)
		done := make(chan struct{})
		go func() { defer close(done); l.Print("x") }()
		<-begun
		b.next()
		l.Print("y")
		<-done
		l.SetOutput(io.Discard)
	}},
}
