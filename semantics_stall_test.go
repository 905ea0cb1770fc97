package asyncio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The stall watch, held against programs that really block. They block a real loop on the real clock, until
// the watch has said what it sees: nothing here waits for a measured time to pass.

// A block is one stall that is to be seen.
type block struct {
	*testing.T
	released chan struct{}
	line     int // that blocks
}

// next notes that the next line blocks.
func (b *block) next() {
	_, _, line, _ := runtime.Caller(1)
	b.line = line + 1
}

func (b *block) holds() bool {
	select {
	case <-b.released:
		return false
	default:
		return true
	}
}

// onRelease has fn called when the watch has seen what it is to see.
func (b *block) onRelease(fn func()) {
	done := make(chan struct{})
	go func() { defer close(done); <-b.released; fn() }()
	b.Cleanup(func() { <-done })
}

// A blocker is a way to block the loop.
type blocker struct {
	name   string
	class  asyncio.StallClass
	call   string // what the report's Call is
	advice string // holds this
	block  func(b *block)
}

// nap is long enough for the watch to look several times.
const nap = 300 * time.Millisecond

var kept atomic.Pointer[[]byte]

type reader struct{ src io.Reader }

func (r *reader) read() { r.src.Read(make([]byte, 1)) } // blocks here

func generic[T any](ch chan T) T { return <-ch } // blocks here

func deeply(depth int, fn func()) {
	if depth == 0 {
		fn()
		return
	}
	deeply(depth-1, fn)
	runtime.KeepAlive(&depth)
}

var blockers = []blocker{
	{"an endless computation", asyncio.StallCPU, "", "Checkpoint", func(b *block) {
		n := 0
		b.next()
		for ; n&0xffff != 0 || b.holds(); n++ { //nolint:revive // it computes
		}
	}},
	{"Gosched without end", asyncio.StallCPU, "", "Checkpoint", func(b *block) {
		b.next() // not yet: the line in the loop
		b.line += 2
		for b.holds() {
			runtime.Gosched()
		}
	}},
	{"a computation of the standard library", asyncio.StallCPU, "encoding/json.Marshal", "ToThread", func(b *block) {
		big := make([]int, 1<<20)
		for b.holds() {
			b.next()
			text, _ := json.Marshal(big)
			kept.Store(&text)
		}
	}},
	{"time.Sleep", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		for b.holds() {
			b.next()
			time.Sleep(nap)
		}
	}},
	{"time.Sleep, deep down", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		deeply(500, func() {
			for b.holds() {
				b.next()
				time.Sleep(nap)
			}
		})
	}},
	{"time.Sleep in a sort", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		sort.Slice([]int{1, 0}, func(i, j int) bool {
			for b.holds() {
				b.next()
				time.Sleep(nap)
			}
			return i < j
		})
	}},
	{"time.Sleep in an iter.Pull", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		next, stop := iter.Pull(func(yield func(int) bool) {
			for b.holds() {
				b.next()
				time.Sleep(nap)
			}
			yield(1)
		})
		defer stop()
		next()
	}},
	{"Mutex", asyncio.StallLock, "sync.(*Mutex).Lock", "asyncio.Lock", func(b *block) {
		var mu sync.Mutex
		mu.Lock()
		b.onRelease(mu.Unlock)
		b.next()
		mu.Lock()
	}},
	{"RWMutex for reading", asyncio.StallLock, "sync.(*RWMutex).RLock", "asyncio.Lock", func(b *block) {
		var mu sync.RWMutex
		mu.Lock()
		b.onRelease(mu.Unlock)
		b.next()
		mu.RLock()
	}},
	{"RWMutex for writing", asyncio.StallLock, "sync.(*RWMutex).Lock", "asyncio.Lock", func(b *block) {
		var mu sync.RWMutex
		mu.RLock()
		b.onRelease(mu.RUnlock)
		b.next()
		mu.Lock()
	}},
	{"WaitGroup", asyncio.StallLock, "sync.(*WaitGroup).Wait", "asyncio.Gather", func(b *block) {
		var wg sync.WaitGroup
		wg.Add(1)
		b.onRelease(wg.Done)
		b.next()
		wg.Wait()
	}},
	{"Cond", asyncio.StallLock, "sync.(*Cond).Wait", "asyncio.Condition", func(b *block) {
		c := sync.NewCond(&sync.Mutex{})
		c.L.Lock()
		b.onRelease(func() { c.L.Lock(); c.Signal(); c.L.Unlock() })
		b.next()
		c.Wait()
	}},
	{"Once", asyncio.StallLock, "sync.(*Once).Do", "before the loop starts", func(b *block) {
		var once sync.Once
		begun := make(chan struct{})
		go once.Do(func() { close(begun); <-b.released })
		<-begun
		b.next()
		once.Do(func() {})
	}},
	{"receive", asyncio.StallChannel, "", "asyncio.Recv", func(b *block) {
		b.next()
		<-b.released
	}},
	{"receive in a generic function", asyncio.StallChannel, "", "asyncio.Recv", func(b *block) {
		b.line = lineOf(b, "return <-ch } // blocks here")
		generic(b.released)
	}},
	{"send", asyncio.StallChannel, "", "asyncio.Send", func(b *block) {
		ch := make(chan int)
		b.onRelease(func() { <-ch })
		b.next()
		ch <- 1
	}},
	{"select", asyncio.StallChannel, "", "asyncio.Recv", func(b *block) {
		b.next()
		select {
		case <-b.released:
		case <-make(chan int):
		}
	}},
	{"a connection", asyncio.StallIO, "net.(*conn).Read", "aionet", func(b *block) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		b.onRelease(func() { c.Close() })
		b.next()
		c.Read(make([]byte, 1))
	}},
	{"a pipe, by a method value", asyncio.StallIO, "os.(*File).Read", "ToThread", func(b *block) {
		r, w, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		b.onRelease(func() { w.Close() })
		b.line = lineOf(b, "r.src.Read(make([]byte, 1)) } // blocks here")
		read := (&reader{r}).read
		read()
	}},
	{"runtime.GC", asyncio.StallGC, "", "GOMEMLIMIT", func(b *block) {
		for b.holds() {
			b.next()
			runtime.GC()
		}
	}},
}

// lineOf finds a line of this file.
func lineOf(b *block, text string) int {
	src, err := os.ReadFile("semantics_stall_test.go")
	if err != nil {
		b.Fatal(err)
	}
	before, _, _ := strings.Cut(string(src), text)
	return 1 + strings.Count(before, "\n")
}

func TestStall_EveryKindIsNamedWhileItBlocks(t *testing.T) {
	for _, procs := range []int{1, 2} {
		for _, parked := range []int{10, 10_000} {
			t.Run(fmt.Sprintf("%d processors, %d parked", procs, parked), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				kinds := blockers
				if parked > 1000 && testing.Short() {
					kinds = kinds[:4]
				}
				for _, k := range kinds {
					t.Run(k.name, func(t *testing.T) { seen(t, k, parked) })
				}
			})
		}
	}
}

func seen(t *testing.T, k blocker, parked int) {
	b := &block{T: t, released: make(chan struct{})}
	var reports []asyncio.Stall
	release := sync.OnceFunc(func() { close(b.released) })
	defer release()
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range parked {
				asyncio.Go(ctx, func(ctx context.Context) error {
					asyncio.Sleep(ctx, time.Hour)
					return nil
				})
			}
			asyncio.Sleep(ctx, 0)
			culprit := asyncio.Go(ctx, func(context.Context) error { k.block(b); return nil }, asyncio.Name("the culprit"))
			asyncio.Sleep(ctx, time.Millisecond)
			culprit.Await(ctx)
			return errBroken
		})
	}, asyncio.WithLogger(quiet), asyncio.WithStallThreshold(40*time.Millisecond), asyncio.WithStallHandler(func(s asyncio.Stall) {
		if s.TaskName != "the culprit" || !b.holds() {
			return
		}
		reports = append(reports, s)
		if s.File != "" && accepted(k, s) || s.Elapsed >= 8*40*time.Millisecond {
			release()
		}
	}))
	if err != errBroken && !strings.Contains(err.Error(), errBroken.Error()) {
		t.Error(err)
	}
	if len(reports) == 0 {
		t.Fatal("the watch said nothing while the loop was blocked")
	}
	s := reports[len(reports)-1]
	if (k.class == asyncio.StallCPU || k.class == asyncio.StallGC) && (strings.HasSuffix(s.Func, ".holds") || strings.HasSuffix(s.Func, ".next")) {
		s.Line, s.Call = b.line, k.call // between two of its computations
	}
	if !accepted(k, s) || filepath.Base(s.File) != "semantics_stall_test.go" || s.Line != b.line || s.Call != k.call {
		t.Errorf("class %v, call %q at line %d; want %v, %q at line %d\n%v\n%+v", s.Class, s.Call, s.Line, k.class, k.call, b.line, s, s.Samples)
	}
	if s.Class == k.class && !strings.Contains(s.Advice, k.advice) {
		t.Errorf("the advice does not name %s: %s", k.advice, s.Advice)
	}
	if s.Ended || s.Task == nil || s.Blame == "" || s.Created == "" || s.Stack == "" || s.Elapsed < 40*time.Millisecond {
		t.Errorf("the report lacks something: %+v", s)
	}
}

// accepted reports whether the class is the right one. On a busy machine others may be to blame for a
// computation, and then the evidence has to say so.
func accepted(k blocker, s asyncio.Stall) bool {
	switch s.Class {
	case k.class:
		return true
	case asyncio.StallStarvedOS:
		return (k.class == asyncio.StallCPU || k.class == asyncio.StallGC) && s.RunDelay > s.Elapsed/4
	case asyncio.StallStarvedGo:
		return k.class == asyncio.StallCPU && s.Rivals > 0
	case asyncio.StallCPU, asyncio.StallLock:
		return k.class == asyncio.StallGC // between two collections, or waiting for the world to stop
	}
	return false
}
