package asyncio_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// counting gives 0, 1, 2 ... n-1 and counts in read how many were taken.
func counting(n int, read *int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			*read++
			if !yield(i) {
				return
			}
		}
	}
}

func upTo(n int) iter.Seq[int] { return counting(n, new(int)) }

// lasting takes that many milliseconds.
var lasting = asyncio.Register("test.lasting", func(ctx context.Context, ms int) (int, error) {
	select {
	case <-time.After(time.Duration(ms) * time.Millisecond):
	case <-ctx.Done():
	}
	return ms, ctx.Err()
})

func TestMap_inOrder(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for _, opts := range [][]asyncio.MapOption{
			nil, {nil}, {asyncio.ChunkSize(1)}, {asyncio.ChunkSize(7)}, {asyncio.ChunkSize(1000)}, {asyncio.Window(1)},
			{asyncio.ChunkSize(3), asyncio.Window(5)},
		} {
			var got, want []int
			for i := range 40 {
				want = append(want, 40-i) // the first takes longest
			}
			for v, err := range lasting.Map(ctx, exec, slices.Values(want), opts...) {
				if err != nil {
					t.Errorf("element %d: %v", len(got), err)
				}
				got = append(got, v)
			}
			if !slices.Equal(got, want) {
				t.Errorf("with %v Map gave %v, want %v", opts, got, want)
			}
		}
	})
}

func TestMap_ofNothing(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for v, err := range echoInt.Map(ctx, exec, nil) {
			t.Errorf("nil args gave %d, %v", v, err)
		}
		for v, err := range echoInt.Map(ctx, exec, upTo(0)) {
			t.Errorf("empty args gave %d, %v", v, err)
		}
	})
}

func TestMap_rangedOverAgain(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		read := 0
		all := echoInt.Map(ctx, exec, counting(10, &read))
		turns(ctx, t, 3)
		if read != 0 {
			t.Errorf("%d elements were read before the range loop", read)
		}
		for range 2 {
			next := 0
			for v, err := range all {
				if v != next || err != nil {
					t.Errorf("element %d: %d, %v", next, v, err)
				}
				next++
			}
			if next != 10 {
				t.Errorf("%d elements, want 10", next)
			}
		}
	})
}

func TestMapOptions_refuse(t *testing.T) {
	for _, n := range []int{0, -1} {
		if panicOf(func() { asyncio.ChunkSize(n) }) == nil || panicOf(func() { asyncio.Window(n) }) == nil {
			t.Errorf("%d was accepted", n)
		}
	}
}

// The range loop that is slow holds back what is read.
func TestMap_readsNoFurtherThanTheWindow(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for _, c := range []struct{ chunk, window int }{{1, 1}, {1, 3}, {5, 2}} {
			read, taken := 0, 0
			for range echoInt.Map(ctx, exec, counting(1000, &read), asyncio.ChunkSize(c.chunk), asyncio.Window(c.window)) {
				asyncio.Sleep(ctx, time.Hour) // everything that can be read now has been
				taken++
				// In the loop's hands is one chunk, in the window so many, and one is ready to be sent.
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

func TestMap_windowBoundsCalls(t *testing.T) {
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

// chunksOf records how many elements of one millisecond each call of a Map had: its time tells.
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

func TestMap_chunksGrow(t *testing.T) {
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

// Nothing takes any time here, so chunks grow as far as they may.
func TestMap_chunksOfAtMost1024(t *testing.T) {
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

// A result is given when it is there, however long args takes to give the next element.
func TestMap_resultsDoNotWaitForArgs(t *testing.T) {
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

func TestMap_ofAQueue(t *testing.T) {
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

// Args that waits has a ctx of its own, which is cancelled before the loop is left.
func TestMap_leftWhileArgsWaits(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		q := asyncio.NewQueue[int](0)
		q.TryPut(7)
		for v, err := range echoInt.Map(ctx, &remote{}, q.All(ctx)) {
			if v != 7 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
			break
		}
		q.TryPut(8)
		turns(ctx, t, 3)
		if q.Len() != 1 {
			t.Error("an element was read after the end")
		}
	})
}

// hooked counts what runs.
var hooked atomic.Int64

var hooking = asyncio.Register("test.hooking", func(ctx context.Context, n int) (int, error) {
	hooked.Add(1)
	defer hooked.Add(-1)
	if n > 0 {
		<-ctx.Done()
	}
	return n, ctx.Err()
})

func TestMap_leavingCancelsAndWaits(t *testing.T) {
	captureStderr(t) // the panic is printed where it happens
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for name, leave := range map[string]func(seq iter.Seq2[int, error]){
			"break": func(seq iter.Seq2[int, error]) {
				for range seq {
					break
				}
			},
			"panic": func(seq iter.Seq2[int, error]) {
				v := panicOf(func() {
					for range seq {
						panic("in the body")
					}
				})
				if p, ok := v.(*asyncio.PanicError); !ok || p.Value != "in the body" {
					t.Errorf("panic %v", v)
				}
			},
		} {
			read := 0
			leave(hooking.Map(ctx, exec, counting(1000, &read), asyncio.ChunkSize(1)))
			if n := hooked.Load(); n != 0 {
				t.Errorf("%s: %d functions still run", name, n)
			}
			before := read
			turns(ctx, t, 5)
			if read != before {
				t.Errorf("%s: args is read on", name)
			}
		}
	})
}

func TestMap_cancelled(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for _, cause := range []error{context.DeadlineExceeded, context.Canceled} {
			limited, cancel := asyncio.WithTimeout(ctx, time.Minute)
			if cause == context.Canceled {
				asyncio.LoopOf(ctx).CallLater(time.Second, cancel)
			}
			var errs []error
			for _, err := range hooking.Map(limited, exec, upTo(1000), asyncio.ChunkSize(1)) {
				errs = append(errs, err)
			}
			if want := []error{nil, cause}; !slices.Equal(errs, want) {
				t.Errorf("errors of the elements: %v, want %v", errs, want)
			}
			cancel()
		}
	})
}

// An input that ends because the ctx was cancelled must not look like one that was used up.
func TestMap_cancelledAndItsArgsToo(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		limited, cancel := asyncio.WithTimeout(ctx, time.Second)
		defer cancel()
		q := asyncio.NewQueue[int](0)
		q.TryPut(0)
		var errs []error
		for _, err := range echoInt.Map(limited, exec, q.All(limited)) {
			errs = append(errs, err)
			asyncio.Sleep(ctx, time.Minute)
		}
		if want := []error{nil, context.DeadlineExceeded}; !slices.Equal(errs, want) {
			t.Errorf("errors of the elements: %v, want %v", errs, want)
		}
	})
}

func TestMap_cancelledByItsBody(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		limited, cancel := context.WithCancel(ctx)
		defer cancel()
		var errs []error
		for _, err := range echoInt.Map(limited, exec, upTo(100), asyncio.ChunkSize(10)) {
			errs = append(errs, err)
			cancel()
		}
		if want := []error{nil, context.Canceled}; !slices.Equal(errs, want) {
			t.Errorf("errors of the elements: %v, want %v", errs, want)
		}
	})
}

// What fails in a chunk fails alone.
func TestMap_oneElementFails(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for _, size := range []int{1, 2, 7} {
			input := []string{"a", "fail", "panic", "exit", "b", "exit", "c"}
			i := 0
			for v, err := range behave.Map(ctx, exec, slices.Values(input), asyncio.ChunkSize(size)) {
				var p *asyncio.PanicError
				switch what := input[i]; what {
				case "fail":
					wantErr(t, what, err, errTooDark)
				case "panic":
					if !errors.As(err, &p) {
						t.Errorf("panic: %v", err)
					}
				case "exit":
					if err == nil || !strings.Contains(err.Error(), "runtime.Goexit") {
						t.Errorf("exit: %v", err)
					}
				default:
					if v != what || err != nil {
						t.Errorf("ChunkSize(%d): %q gave %q, %v", size, what, v, err)
					}
				}
				if err != nil && v != "" {
					t.Errorf("a result beside the error: %q", v)
				}
				i++
			}
			if i != len(input) {
				t.Errorf("%d elements, want %d", i, len(input))
			}
		}
	})
}

// A chunk that is lost with its worker is run again, one by one: only the guilty element fails.
func TestMap_aLostChunk(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var ran []int
		exec := &remote{execute: func(ctx context.Context, name string, arg []byte) ([]byte, error) {
			if strings.HasSuffix(name, "[]") {
				return nil, &lostError{}
			}
			if result, err := asyncio.Execute(ctx, name, arg); len(ran) != 2 {
				ran = append(ran, len(ran))
				return result, err
			}
			ran = append(ran, -1)
			return nil, &lostError{}
		}}
		i := 0
		for v, err := range echoInt.Map(ctx, exec, upTo(5), asyncio.ChunkSize(5)) {
			var lost *lostError
			if guilty := i == 2; errors.As(err, &lost) != guilty || !guilty && v != i {
				t.Errorf("element %d: %d, %v", i, v, err)
			}
			i++
		}
		if i != 5 || len(ran) != 5 {
			t.Errorf("%d elements, run singly: %v", i, ran)
		}
		// One element alone is not run again.
		before := exec.calls.Load()
		for _, err := range echoInt.Map(ctx, exec, upTo(1)) {
			if err == nil {
				t.Error("alone: no error")
			}
		}
		if n := exec.calls.Load() - before; n != 1 {
			t.Errorf("an element that was lost alone was run %d times", n)
		}
	})
}

// What is wrong with a whole chunk is the error of each.
func TestMap_aChunkThatFailsOtherwise(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		exec := &remote{execute: func(context.Context, string, []byte) ([]byte, error) { return nil, errTooDark }}
		n := 0
		for _, err := range echoInt.Map(ctx, exec, upTo(4), asyncio.ChunkSize(2)) {
			wantErr(t, "element", err, errTooDark)
			n++
		}
		if n != 4 || exec.calls.Load() != 2 {
			t.Errorf("%d elements in %d calls, want 4 in 2", n, exec.calls.Load())
		}
	})
}
