package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// TestMap_OneElementFails: a failed element does not affect the others of its chunk.
func TestMap_OneElementFails(t *testing.T) {
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

// TestMap_LostChunkIsRepeated: if a worker dies with a chunk, its elements are repeated one by one.
// Only the faulty element fails.
func TestMap_LostChunkIsRepeated(t *testing.T) {
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
		// A chunk with one element is not repeated.
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

// A tooMuch is the error of an executor for a message that is too large.
type tooMuch struct{}

func (tooMuch) Error() string { return "too much" }
func (tooMuch) Lost() bool    { return true }

var errTooMuch = asyncio.RegisterError("test.too-much", tooMuch{})

// TestMap_TooLargeChunkIsRepeated: if a chunk is too large in either direction, its elements are
// sent one by one.
func TestMap_TooLargeChunkIsRepeated(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		exec := &remote{execute: func(ctx context.Context, name string, arg []byte) ([]byte, error) {
			if strings.HasSuffix(name, "[]") {
				return nil, fmt.Errorf("the result: %w", errTooMuch)
			}
			return asyncio.Execute(ctx, name, arg)
		}}
		want := 0
		for v, err := range echoInt.Map(ctx, exec, upTo(6), asyncio.ChunkSize(3)) {
			if v != want || err != nil {
				t.Errorf("%d, %v, want %d", v, err, want)
			}
			want++
		}
		if want != 6 || exec.calls.Load() != 8 {
			t.Errorf("%d elements in %d calls, want 6 in 8", want, exec.calls.Load())
		}
	})
}

// TestMap_ChunksOfLargeElements: chunks of large elements are small, even if the function is fast.
func TestMap_ChunksOfLargeElements(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var sizes []int
		exec := &remote{execute: func(ctx context.Context, name string, arg []byte) ([]byte, error) {
			sizes = append(sizes, len(arg))
			return asyncio.Execute(ctx, name, arg)
		}}
		n := 0
		for _, err := range behave.Map(ctx, exec, slices.Values(slices.Repeat([]string{strings.Repeat("x", 300<<10)}, 50)), asyncio.Window(1)) {
			if err != nil {
				t.Error(err)
			}
			n++
		}
		if n != 50 || len(sizes) < 50/3 || len(sizes) > 25 || slices.Max(sizes) > 1<<20 {
			t.Errorf("%d elements in messages of %v bytes, want 50 in some twenty of less than a MiB", n, sizes)
		}
	})
}

// TestMap_FailedChunk: the error of a whole chunk is the error of each element.
func TestMap_FailedChunk(t *testing.T) {
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
