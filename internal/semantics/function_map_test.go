package semantics_test

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// counting yields 0 to n-1, and counts in read.
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

func TestMap_InOrder(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for _, opts := range [][]asyncio.MapOption{
			nil, {nil}, {asyncio.ChunkSize(1)}, {asyncio.ChunkSize(7)}, {asyncio.ChunkSize(1000)}, {asyncio.Window(1)},
			{asyncio.ChunkSize(3), asyncio.Window(5)},
		} {
			var got, want []int
			for i := range 40 {
				want = append(want, 40-i) // the first element takes longest
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

func TestMap_NoElements(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for v, err := range echoInt.Map(ctx, exec, nil) {
			t.Errorf("nil args gave %d, %v", v, err)
		}
		for v, err := range echoInt.Map(ctx, exec, upTo(0)) {
			t.Errorf("empty args gave %d, %v", v, err)
		}
	})
}

func TestMap_RangedOverTwice(t *testing.T) {
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

func TestMapOptions_Invalid(t *testing.T) {
	for _, n := range []int{0, -1} {
		if panicOf(func() { asyncio.ChunkSize(n) }) == nil || panicOf(func() { asyncio.Window(n) }) == nil {
			t.Errorf("%d was accepted", n)
		}
	}
}
