// Modes runs loops in every place where the first Run of a process may be, and compares what
// depends on the runtime and the compiler: sites, stalls, refusals. The change check builds it
// in each mode of the toolchain and runs it under each setting of the runtime. With an argument
// it also writes a CPU profile to that file.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio"
)

var failed atomic.Bool

func want(what string, ok bool, saw ...any) {
	if !ok {
		failed.Store(true)
		fmt.Println("FAILED:", what+":", fmt.Sprint(saw...))
	}
}

// line returns the place of its call.
func line() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line)
}

var (
	early                  = asyncio.NewLoop()
	submitted, submittedAt = asyncio.Submit(early, seven), line()
)

func seven(ctx context.Context) (int, error) { return 7, asyncio.Sleep(ctx, time.Millisecond) }

func init() {
	err := early.Run(context.Background(), func(ctx context.Context) error {
		tree := dump(early)
		want("a task submitted before the first Run has a site", strings.Contains(tree, submittedAt), tree)
		v, err := submitted.Await(ctx)
		want("a task submitted before the first Run has a result", v == 7 && err == nil, v, err)
		return nil
	})
	want("Run in init", err == nil, err)
}

func dump(l *asyncio.Loop) string {
	var b strings.Builder
	l.Dump(&b)
	return b.String()
}

func main() {
	if len(os.Args) > 1 {
		profile(os.Args[1])
	}
	loopsAtOnce()
	misuse()
	stall()
	if failed.Load() {
		os.Exit(1)
	}
	fmt.Println("ok")
}

func loopsAtOnce() {
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				std, cancel := context.WithTimeout(ctx, time.Millisecond)
				defer cancel()
				err := asyncio.Sleep(std, time.Hour)
				want("a std deadline ends an await", errors.Is(err, context.DeadlineExceeded), err)
				return nil
			})
			want("Run in goroutines", err == nil, err)
		})
	}
	all.Wait()
}

func nothing(context.Context) error { return nil }

// pulled calls f in a coroutine of iter.Pull.
func pulled(f func()) {
	next, stop := iter.Pull(func(yield func(struct{}) bool) { f() })
	defer stop()
	next()
}

// profile writes a CPU profile with which the compiler inlines iter.Pull in pulled.
func profile(name string) {
	f, err := os.Create(name)
	want("the file of the profile", err == nil, err)
	pprof.StartCPUProfile(f)
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		pulled(func() {})
	}
	pprof.StopCPUProfile()
	f.Close()
}

func misuse() {
	refused := func(where string) {
		err := asyncio.Run(context.Background(), nothing)
		want("Run "+where+" is refused", err != nil && strings.Contains(err.Error(), "would block the event loop"), err)
	}
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		waiting := asyncio.NewFuture[int](ctx)
		t, startedAt := asyncio.CreateTask(ctx, waiting.Await, asyncio.Name("[coroutine]: \"{x}\"")), line()
		asyncio.Sleep(ctx, 0)
		tree := dump(asyncio.LoopOf(ctx))
		want("a task has a site", strings.Contains(tree, startedAt), tree)
		refused("in a task")
		pulled(func() {
			refused("in an iter.Pull")
			pulled(func() { refused("in an iter.Pull within another") })
		})
		done := make(chan error)
		go func() { done <- asyncio.Run(context.Background(), nothing) }()
		err := <-done
		want("Run in a goroutine of a task is not refused", err == nil, err)
		go pulled(func() { done <- asyncio.Run(context.Background(), nothing) })
		err = <-done
		want("Run in an iter.Pull of a goroutine of a task is not refused", err == nil, err)
		waiting.SetResult(1)
		t.Await(ctx)
		return nil
	})
	want("Run", err == nil, err)
}

// stall blocks a loop until the watch has found the line.
func stall() {
	const threshold = 50 * time.Millisecond
	answer := make(chan int)
	var answered atomic.Bool
	var blockedAt atomic.Value
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
		asyncio.Sleep(ctx, 0)
		pulled(func() { blockedAt.Store(line()); <-answer })
		return nil
	}, asyncio.WithStallThreshold(threshold), asyncio.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))), asyncio.WithStallHandler(func(s asyncio.Stall) {
		at := fmt.Sprintf("%s:%d", s.File, s.Line)
		right := at == blockedAt.Load() && s.Class == asyncio.StallChannel
		if !answered.Load() && !s.Ended && (right || s.Elapsed >= 8*threshold) { // more follow until then
			answered.Store(true)
			want("a stall has a line and a class", right, at, " ", s.Class, "\n", s.Stack)
			answer <- 1
		}
	}))
	want("Run of a loop that was blocked", err == nil, err)
	want("the stall is reported", answered.Load())
}
