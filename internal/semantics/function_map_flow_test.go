package semantics_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// TestMap_ReadsWithinTheWindow: a slow range loop limits how far args is read.
func TestMap_ReadsWithinTheWindow(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for _, c := range []struct{ chunk, window int }{{1, 1}, {1, 3}, {5, 2}} {
			read, taken := 0, 0
			for range echoInt.Map(ctx, exec, counting(1000, &read), asyncio.ChunkSize(c.chunk), asyncio.Window(c.window)) {
				asyncio.Sleep(ctx, time.Hour) // until Map has read as much as it may
				taken++
				// One chunk is at the range loop, window chunks are sent, and one is ready.
				chunks := (taken-1)/c.chunk + 1 + c.window + 1
				if want := min(1000, chunks*c.chunk); read != want {
					t.Fatalf("%+v: %d elements read when %d were taken, want %d", c, read, taken, want)
				}
				if taken == 50 {
					break
				}
			}
		}
	})
}

func TestMap_WindowBoundsCalls(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var now, most atomic.Int64
		exec := &remote{execute: func(ctx context.Context, name string, arg []byte) ([]byte, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(time.Second)
			return asyncio.Execute(ctx, name, arg)
		}}
		for _, workers := range []int{1, 4} {
			exec.workers = workers
			most.Store(0)
			for range echoInt.Map(ctx, exec, upTo(40), asyncio.ChunkSize(1)) {
			}
			if most.Load() != int64(2*workers) {
				t.Errorf("%d workers: %d calls at once, want twice as many", workers, most.Load())
			}
		}
	})
}

// chunksOf returns the number of elements in each call of a Map, from its duration. An element
// takes a millisecond.
func chunksOf(ctx context.Context, t *testing.T, ms, elements int, opts ...asyncio.MapOption) (sizes []int) {
	exec := &remote{execute: func(ctx context.Context, name string, arg []byte) ([]byte, error) {
		start := time.Now()
		defer func() { sizes = append(sizes, int(time.Since(start)/(time.Duration(ms)*time.Millisecond))) }()
		return asyncio.Execute(ctx, name, arg)
	}}
	for v, err := range lasting.Map(ctx, exec, func(yield func(int) bool) {
		for range elements {
			if !yield(ms) {
				return
			}
		}
	}, append(opts, asyncio.Window(1))...) {
		if v != ms || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	}
	return sizes
}

func TestMap_ChunksGrow(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		got := chunksOf(ctx, t, 1, 200)
		for i, size := range got {
			if size > 20 || i == 0 && size != 1 || i > 0 && size > 4*got[i-1] {
				t.Errorf("call %d of %v: %d elements of 1 ms", i, got, size)
			}
		}
		if !slices.Contains(got, 20) {
			t.Errorf("sizes %v never reach the 20 that take 20 ms", got)
		}
		if got := chunksOf(ctx, t, 50, 5); !slices.Equal(got, []int{1, 1, 1, 1, 1}) {
			t.Errorf("elements of 50 ms travel in chunks of %v", got)
		}
		if got := chunksOf(ctx, t, 1, 100, asyncio.ChunkSize(30)); !slices.Equal(got, []int{30, 30, 30, 10}) {
			t.Errorf("ChunkSize(30): %v", got)
		}
	})
}

// TestMap_ChunksOfAtMost1024: the elements take no time, so the chunks grow to the limit.
func TestMap_ChunksOfAtMost1024(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		exec := &remote{}
		n := 0
		for range echoBytes.Map(ctx, exec, slices.Values(make([][]byte, 10*1024)), asyncio.Window(1)) {
			n++
		}
		if calls := exec.calls.Load(); n != 10*1024 || calls < 10 || calls > 30 {
			t.Errorf("%d elements in %d calls", n, calls)
		}
	})
}

// TestMap_ResultsDoNotWaitForArgs: a finished result is yielded while args waits.
func TestMap_ResultsDoNotWaitForArgs(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for _, opts := range [][]asyncio.MapOption{nil, {asyncio.ChunkSize(100)}} {
			start := asyncio.LoopOf(ctx).Now()
			hourly := func(yield func(int) bool) {
				for i := range 10 {
					if !yield(i) || asyncio.Sleep(ctx, time.Hour) != nil {
						return
					}
				}
			}
			n := 0
			for v, err := range echoInt.Map(ctx, exec, hourly, opts...) {
				if at := asyncio.LoopOf(ctx).Now().Sub(start); v != n || err != nil || at != time.Duration(n)*time.Hour {
					t.Errorf("element %d: %d, %v after %v", n, v, err, at)
				}
				n++
			}
			if n != 10 {
				t.Errorf("%d elements, want 10", n)
			}
		}
	})
}

func TestMap_OverAQueue(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		q := asyncio.NewQueue[int](1)
		asyncio.Go(ctx, func(ctx context.Context) error {
			for i := range 50 {
				if err := q.Put(ctx, i); err != nil {
					return err
				}
			}
			q.Shutdown(false)
			return nil
		})
		next := 0
		for v, err := range echoInt.Map(ctx, exec, q.All(ctx)) {
			if v != next || err != nil {
				t.Errorf("element %d: %d, %v", next, v, err)
			}
			next++
		}
		if next != 50 {
			t.Errorf("%d elements, want 50", next)
		}
	})
}
