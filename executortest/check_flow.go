package executortest

import (
	"context"
	"fmt"
	"slices"

	"github.com/asyncio-go/asyncio"
)

var flowChecks = []check{
	{name: "ManyCalls", run: manyCalls},
	{name: "AnyOrder", run: anyOrder},
	{name: "BackPressure", run: backPressure},
	{name: "Progress", run: progressInOrder},
	{name: "ProgressThinned", run: progressThinned},
	{name: "ContextEnds", run: contextEnds},
}

func manyCalls(ctx context.Context, k *kit) error {
	var calls []*asyncio.Task[int]
	for n := range 100 {
		calls = append(calls, double.Submit(ctx, k.exec, n))
	}
	results, err := asyncio.Gather(ctx, calls...)
	if err != nil {
		return err
	}
	for n, got := range results {
		if got != 2*n {
			return fmt.Errorf("the call with %d gave %d; want %d", n, got, 2*n)
		}
	}
	return nil
}

// anyOrder receives the last call first, and where several run at once has them
// return in the reverse order.
func anyOrder(ctx context.Context, k *kit) error {
	var calls []*asyncio.Task[int]
	for n := range 20 {
		calls = append(calls, double.Submit(ctx, k.exec, n))
	}
	for n, call := range slices.Backward(calls) {
		if err := expect(fmt.Sprint("call ", n), 2*n)(call.Await(ctx)); err != nil {
			return err
		}
	}
	held, err := k.fill(ctx)
	if err != nil {
		return err
	}
	for i, call := range slices.Backward(held) {
		name := fmt.Sprint("held ", i)
		k.gate.release(name)
		s, err := call.Await(ctx)
		if err != nil || s.Name != name || !s.Released {
			return fmt.Errorf("the call of %q, let go before the others, gave %+v, %v", name, s, err)
		}
	}
	return nil
}

// backPressure gives the executor more than it runs at once, while nothing can end.
func backPressure(ctx context.Context, k *kit) error {
	var calls []*asyncio.Task[stopped]
	for i := range 3*k.exec.Workers() + 8 {
		calls = append(calls, holds.Submit(ctx, k.exec, k.gate.arg(fmt.Sprint("pressing ", i))))
	}
	ticks := asyncio.CreateTask(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, turns(ctx) })
	if _, _, err := asyncio.Recv(ctx, k.gate.first); err != nil {
		return fmt.Errorf("waiting for the first function to begin: %w", err)
	}
	if _, err := ticks.Await(ctx); err != nil {
		return err
	}
	if err := turns(ctx); err != nil {
		return err
	}
	k.gate.open()
	return released(ctx, calls...)
}

// told is one call of OnProgress.
type told struct {
	done, total int64
	note        string
}

func progressInOrder(ctx context.Context, k *kit) error {
	const times = 50
	var got []told
	listen := asyncio.OnProgress(func(done, total int64, note string) { got = append(got, told{done, total, note}) })
	if err := expect("the reporting function", times)(reports.Call(ctx, k.exec, reporting{times, true}, listen)); err != nil {
		return err
	}
	var want []told
	for i := int64(1); i <= times; i++ {
		want = append(want, told{i, i, fmt.Sprint("step ", i)})
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("of %d reports these had come, in this order, when the call returned: %v", times, got)
	}
	if err := expect("with nobody listening", times)(reports.Call(ctx, k.exec, reporting{times, true})); err != nil {
		return err
	}
	if err := turns(ctx); err != nil {
		return err
	}
	if len(got) != times {
		return fmt.Errorf("reports came after the call had returned: %v", got[times:])
	}
	return nil
}

// progressThinned has most reports dropped on the way, but not the last.
func progressThinned(ctx context.Context, k *kit) error {
	const times = 1000
	var got []told
	listen := asyncio.OnProgress(func(done, total int64, note string) { got = append(got, told{done, total, note}) })
	if err := expect("the reporting function", times)(reports.Call(ctx, k.exec, reporting{Times: times}, listen)); err != nil {
		return err
	}
	last := told{times, times + 1, fmt.Sprint("step ", times)}
	if len(got) == 0 || got[len(got)-1] != last {
		return fmt.Errorf("the last report, %v, had not come when the call returned; these had: %v", last, got)
	}
	if !slices.IsSortedFunc(got, func(a, b told) int { return int(a.done - b.done) }) {
		return fmt.Errorf("the reports came in this order: %v", got)
	}
	return nil
}

// contextEnds looks at the calls' contexts when nobody waits for them any more.
func contextEnds(ctx context.Context, k *kit) error {
	if err := k.works(ctx); err != nil {
		return err
	}
	if _, err := fails.Call(ctx, k.exec, 0); err == nil {
		return fmt.Errorf("a function that returns an error gave none")
	}
	for _, rec := range k.exec.calls {
		if rec.call.Context().Err() == nil {
			return fmt.Errorf("the context of the call of %s has not ended, though its caller has its answer", rec.call.Func())
		}
	}
	return nil
}
