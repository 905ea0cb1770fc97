//go:build linux

package procpool_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

var (
	square  = asyncio.Register("procpool.test.square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	echo    = asyncio.Register("procpool.test.echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
	prints  = asyncio.Register("procpool.test.prints", printAndHold)
	process = asyncio.Register("procpool.test.process", func(context.Context, struct{}) (int, error) { return os.Getpid(), nil })
	holds   = asyncio.Register("procpool.test.holds", hold)
)

var exitsAt13 = asyncio.Register("procpool.test.exitsAt13", func(_ context.Context, n int) (int, error) {
	if n == 13 {
		os.Exit(13)
	}
	return n, nil
})

// An order selects what hold does.
type order struct {
	Gate         string // hold returns when it opens
	IgnoreCancel bool   // computes and ignores its ctx
	Child        bool   // starts a program that outlives it
}

// hold reports its pid, and that of its child, as progress. Then it waits at the gate.
func hold(ctx context.Context, o order) (string, error) {
	note := fmt.Sprint(os.Getpid())
	if o.Child {
		cmd := exec.Command("sleep", "1000")
		if err := cmd.Start(); err != nil {
			return "", err
		}
		note += fmt.Sprint(" ", cmd.Process.Pid)
	}
	asyncio.Progress(ctx, 1, 1, note)
	for o.IgnoreCancel {
		busy++
	}
	err := passGate(ctx, o.Gate)
	if ctx.Err() != nil {
		return "", fmt.Errorf("%w, because: %v", ctx.Err(), context.Cause(ctx))
	}
	return "released", err
}

var busy int

// An output selects what printAndHold prints.
type output struct {
	Out, Err string
	Gate     string
}

func printAndHold(ctx context.Context, o output) (int, error) {
	fmt.Fprint(os.Stdout, o.Out)
	fmt.Fprint(os.Stderr, o.Err)
	if o.Gate == "" {
		return len(o.Out), nil
	}
	return len(o.Out), passGate(ctx, o.Gate)
}

// A held is a call of hold that has begun. callErr is the error of the call. The error of the task
// may be the cancellation only.
type held struct {
	*asyncio.Task[string]
	callErr       *error
	worker, child int
}

// begin calls hold and returns when the function runs.
func begin(ctx context.Context, t *testing.T, pool *procpool.Pool, o order) held {
	t.Helper()
	begun := asyncio.NewFuture[string](ctx)
	h := held{callErr: new(error)}
	h.Task = asyncio.CreateTask(ctx, func(ctx context.Context) (s string, err error) {
		s, err = holds.Call(ctx, pool, o, asyncio.OnProgress(func(_, _ int64, note string) { begun.SetResult(note) }))
		*h.callErr = err
		return s, err
	})
	h.OnDone(func() { begun.SetError(fmt.Errorf("it ended: %v", h.Err())) })
	note, err := begun.Await(ctx)
	if err != nil {
		t.Errorf("waiting for a function to begin: %v", err)
		return h
	}
	if _, err := fmt.Sscan(note, &h.worker); err != nil {
		t.Errorf("hold reported %q: %v", note, err)
	}
	if o.Child {
		if _, err := fmt.Sscan(note, &h.worker, &h.child); err != nil {
			t.Errorf("hold reported %q: %v", note, err)
		}
	}
	return h
}

// awaitReleased awaits calls that a gate has released.
func awaitReleased(ctx context.Context, t *testing.T, calls ...held) {
	t.Helper()
	for _, h := range calls {
		if s, err := h.Await(ctx); s != "released" || err != nil {
			t.Errorf("a released call: %q, %v", s, err)
		}
	}
}
