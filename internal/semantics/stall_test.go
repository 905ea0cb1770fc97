package semantics_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The stall watch, held against programs that really block. They block a real loop on the real clock, until
// the watch has said what it sees: nothing here waits for a measured time to pass, and a report that comes
// late, or finds the program between two of its blocks, is followed by another.

// A block is one stall that is to be seen.
type block struct {
	*testing.T
	released chan struct{}

	mu    sync.Mutex
	file  string
	lines []int // that block: any of them
}

// next notes that the next line blocks, and no other.
func (b *block) next() {
	b.mu.Lock()
	b.lines = nil
	b.mu.Unlock()
	b.note(1)
}

// below notes that the n-th line below blocks.
func (b *block) below(n int) { b.note(n) }

func (b *block) note(n int) {
	_, file, line, _ := runtime.Caller(2)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.file, b.lines = filepath.Base(file), append(b.lines, line+n)
}

// marked notes that the line with the comment "blocks: name", in the caller's file, blocks.
func (b *block) marked(name string) {
	_, file, _, _ := runtime.Caller(1)
	src, err := os.ReadFile(filepath.Base(file))
	b.must(err)
	before, _, found := strings.Cut(string(src), "// blocks: "+name+"\n")
	if !found {
		b.Fatalf("no line of %s blocks: %s", file, name)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.file, b.lines = filepath.Base(file), append(b.lines, 1+strings.Count(before, "\n"))
}

func (b *block) must(err error) {
	if err != nil {
		b.Fatal(err)
	}
}

// holds reports whether the watch has still to see something.
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

// stallVariants are the same through what a program puts around it, class by class.
var stallVariants = slices.Concat(cpuVariants, gcVariants, sleepVariants, channelVariants, ioVariants, lockVariants, systemVariants)

// parkedMany is how many tasks wait beside, where there are many.
var parkedMany = max(1000, 10_000/fewer)

func TestStall_EveryKindIsNamedWhileItBlocks(t *testing.T) {
	nameAll(t, slices.Concat(stallKinds, systemKinds))
}

func TestStall_EveryClassIsNamedThroughWhateverIsAroundIt(t *testing.T) {
	nameAll(t, stallVariants)
}

// nameAll runs every program on one processor and on two, with few tasks beside and with many; under the race
// detector, where that takes long, with many on one of the two, by turns.
func nameAll(t *testing.T, programs []blocker) {
	for _, procs := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d processors", procs), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			for i, p := range programs {
				if testing.Short() && i%4 != 0 {
					continue
				}
				t.Run(p.name, func(t *testing.T) { seen(t, p, 10) })
				if (fewer == 1 || i%2+1 == procs) && !strings.HasPrefix(p.name, onlyFew) {
					t.Run(fmt.Sprintf("%s, %d parked", p.name, parkedMany), func(t *testing.T) { seen(t, p, parkedMany) })
				}
			}
		})
	}
}

// onlyFew begins the names of programs that can be seen only with few goroutines beside: a profile, which is
// what many are looked through by, ends after 128 frames.
const onlyFew = "with few only, "

const stallThreshold = 40 * time.Millisecond

// seen has the program block until it is seen. Where the machine was so slow that the watch left out some of
// its four reports, or had no processor for the program, the reports prove nothing, and it blocks again.
func seen(t *testing.T, k blocker, parked int) {
	for range 10 {
		if k.run(t, parked) {
			return
		}
	}
	t.Error("ten times in a row the watch came too late, or other processes had the processors")
}

// run reports whether something was proved.
func (k blocker) run(t *testing.T, parked int) bool {
	b := &block{T: t, released: make(chan struct{})}
	var reports []asyncio.Stall
	var right *asyncio.Stall
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
	}, asyncio.WithLogger(quiet), asyncio.WithStallThreshold(stallThreshold), asyncio.WithStallHandler(func(s asyncio.Stall) {
		if s.TaskName != "the culprit" || !b.holds() {
			return
		}
		reports = append(reports, s)
		if k.found(b, s) {
			right = &s
		}
		if right != nil || s.Elapsed >= 8*stallThreshold {
			release()
		}
	}))
	if err != errBroken && !strings.Contains(err.Error(), errBroken.Error()) {
		t.Error(err)
	}
	if right == nil {
		starved := func(s asyncio.Stall) bool { return s.Class == asyncio.StallStarvedOS }
		if len(reports) < 4 || slices.ContainsFunc(reports, starved) {
			return false
		}
		t.Errorf("want %v, call %q at %s:%v; the watch said:", k.class, k.call, b.file, b.lines)
		for _, s := range reports {
			t.Errorf("call %q, cpu %.2f, queued %v, rivals %d, samples %d, %v", s.Call, s.CPUShare, s.RunDelay, s.Rivals, s.Samples, s)
		}
		return true
	}
	if right.Class == k.class && !strings.Contains(right.Advice, k.advice) {
		t.Errorf("the advice does not name %s: %s", k.advice, right.Advice)
	}
	if right.Ended || right.Task == nil || right.Blame == "" || right.Created == "" || right.Stack == "" || right.Elapsed < stallThreshold {
		t.Errorf("the report lacks something: %+v", right)
	}
	return true
}

// found reports whether s says of the program what is true.
func (k blocker) found(b *block, s asyncio.Stall) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return k.accepted(s) && s.Call == k.call && (filepath.Base(s.File) == b.file && slices.Contains(b.lines, s.Line) || b.asked(s))
}

// asked reports whether the program was just asking whether it still holds, in the line that blocks: on one
// processor a computation is looked at where it calls a function.
func (b *block) asked(s asyncio.Stall) bool {
	return strings.HasSuffix(s.Func, ".(*block).holds") && slices.ContainsFunc(b.lines, func(line int) bool {
		return strings.Contains(s.Stack, fmt.Sprintf("/%s:%d\n", b.file, line))
	})
}

// accepted reports whether the class is the right one. On a busy machine others may be to blame for a
// computation, and then the evidence has to say so.
func (k blocker) accepted(s asyncio.Stall) bool {
	computes := k.class == asyncio.StallCPU || k.class == asyncio.StallGC
	switch s.Class {
	case k.class:
		return true
	case asyncio.StallStarvedOS:
		return computes && s.RunDelay > s.Elapsed/4
	case asyncio.StallStarvedGo:
		return k.class == asyncio.StallCPU && s.Rivals > 0
	case asyncio.StallSuspended:
		return computes && s.CPUShare < 0.3
	case asyncio.StallCPU, asyncio.StallLock:
		return k.class == asyncio.StallGC // between two collections, or waiting for the world to stop
	}
	return false
}
