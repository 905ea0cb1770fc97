package executortest

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/asyncio-go/asyncio"
)

var mapChecks = []check{
	{name: "Map", run: mapOrder()},
	{name: "MapChunks", run: mapOrder(asyncio.ChunkSize(16))},
	{name: "MapOneByOne", run: mapOrder(asyncio.ChunkSize(1), asyncio.Window(3))},
	{name: "MapBreak", run: mapBreak},
}

// mapOrder has two of many elements fail. Each is its own element's error.
func mapOrder(opts ...asyncio.MapOption) func(ctx context.Context, k *kit) error {
	return func(ctx context.Context, k *kit) error {
		const elements = 150
		n := 0
		for got, err := range element.Map(ctx, k.exec, upTo(elements), opts...) {
			var p *asyncio.PanicError
			switch {
			case n == badElement && !errors.Is(err, errSample):
				return fmt.Errorf("element %d, which fails, gave %d, %v", n, got, err)
			case n == worseElement && !errors.As(err, &p):
				return fmt.Errorf("element %d, which panics, gave %d, %v", n, got, err)
			case n != badElement && n != worseElement && (err != nil || got != n*n):
				return fmt.Errorf("element %d gave %d, %v; want %d", n, got, err, n*n)
			}
			n++
		}
		if n != elements {
			return fmt.Errorf("of %d elements came %d results", elements, n)
		}
		return nil
	}
}

func upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// mapBreak leaves the loop while the elements after the first are under way, and
// without end.
func mapBreak(ctx context.Context, k *kit) error {
	left := false
	args := func(yield func(stop) bool) {
		defer func() { left = true }()
		for i := 0; yield(k.gate.arg(fmt.Sprint("element ", i))); i++ {
		}
	}
	// An executor need not begin calls in order: those before the one that is held end.
	k.gate.release("element 0")
	k.gate.release("element 1")
	for s, err := range holds.Map(ctx, k.exec, args, asyncio.ChunkSize(1), asyncio.Window(2)) {
		if err != nil || s.Name != "element 0" || !s.Released {
			return fmt.Errorf("the first element gave %+v, %v", s, err)
		}
		if err := k.gate.begun(ctx, "element 2"); err != nil {
			return err
		}
		break
	}
	if !left {
		return errors.New("the input is read still, though the range loop was left")
	}
	for _, rec := range k.exec.calls {
		if !rec.returned {
			return fmt.Errorf("the call %s has not returned from Start, though the range loop was left", rec.call.ID())
		}
		if rec.err == nil && rec.call.Finish(nil, errAborted) {
			return fmt.Errorf("the call %s is not finished, though the range loop was left", rec.call.ID())
		}
	}
	return k.works(ctx)
}
