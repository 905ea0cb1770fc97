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

// mapOrder maps many elements, of which one fails and one panics. Each error belongs to its element.
func mapOrder(opts ...asyncio.MapOption) func(ctx context.Context, k *kit) error {
	return func(ctx context.Context, k *kit) error {
		const elements = 150
		n := 0
		for got, err := range element.Map(ctx, k.exec, upTo(elements), opts...) {
			var p *asyncio.PanicError
			switch {
			case n == failingElement && !errors.Is(err, errSample):
				return fmt.Errorf("element %d, which fails, returned %d, %v", n, got, err)
			case n == panickingElement && !errors.As(err, &p):
				return fmt.Errorf("element %d, which panics, returned %d, %v", n, got, err)
			case n != failingElement && n != panickingElement && (err != nil || got != n*n):
				return fmt.Errorf("element %d returned %d, %v; want %d", n, got, err, n*n)
			}
			n++
		}
		if n != elements {
			return fmt.Errorf("%d results; want %d", n, elements)
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

// mapBreak leaves the range loop after the first element. The input is infinite, and a function
// is running.
func mapBreak(ctx context.Context, k *kit) error {
	left := false
	args := func(yield func(stop) bool) {
		defer func() { left = true }()
		for i := 0; yield(k.gate.arg(fmt.Sprint("element ", i))); i++ {
		}
	}
	// An executor need not begin calls in order, so the calls before "element 2" must end.
	k.gate.release("element 0")
	k.gate.release("element 1")
	for s, err := range holds.Map(ctx, k.exec, args, asyncio.ChunkSize(1), asyncio.Window(2)) {
		if err != nil || s.Name != "element 0" || !s.Released {
			return fmt.Errorf("the first element returned %+v, %v", s, err)
		}
		if err := k.gate.begun(ctx, "element 2"); err != nil {
			return err
		}
		break
	}
	if !left {
		return errors.New("the input of Map is still read after the end of the range loop")
	}
	for _, rec := range k.exec.calls {
		if !rec.returned {
			return fmt.Errorf("Start of call %s has not returned after the end of the range loop", rec.call.ID())
		}
		if rec.err == nil && rec.call.Finish(nil, errAborted) {
			return fmt.Errorf("call %s is not finished after the end of the range loop", rec.call.ID())
		}
	}
	return k.checkWorks(ctx)
}
