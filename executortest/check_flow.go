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
			return fmt.Errorf("the call with %d returned %d; want %d", n, got, 2*n)
		}
	}
	return nil
}

// anyOrder awaits the calls in reverse order. If several calls run at once, they also return in
// reverse order.
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
			return fmt.Errorf("the call %q, released before the others, returned %+v, %v", name, s, err)
		}
	}
	return nil
}

// backPressure makes more calls than the executor runs at once, while no function can return. The
// loop must not block.
func backPressure(ctx context.Context, k *kit) error {
	var calls []*asyncio.Task[stopped]
	for i := range 3*k.exec.Workers() + 8 {
		calls = append(calls, holds.Submit(ctx, k.exec, k.gate.arg(fmt.Sprint("pressing ", i))))
	}
	ticks := asyncio.CreateTask(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, yieldLoop(ctx) })
	if _, _, err := asyncio.Recv(ctx, k.gate.first); err != nil {
		return fmt.Errorf("waiting for the first function to begin: %w", err)
	}
	if _, err := ticks.Await(ctx); err != nil {
		return err
	}
	if err := yieldLoop(ctx); err != nil {
		return err
	}
	k.gate.open()
	return released(ctx, calls...)
}

// A progressReport is one call of OnProgress.
type progressReport struct {
	done, total int64
	note        string
}

func progressInOrder(ctx context.Context, k *kit) error {
	const times = 50
	var got []progressReport
	listen := asyncio.OnProgress(func(done, total int64, note string) { got = append(got, progressReport{done, total, note}) })
	if err := expect("the reporting function", times)(reports.Call(ctx, k.exec, reporting{times, true}, listen)); err != nil {
		return err
	}
	var want []progressReport
	for i := int64(1); i <= times; i++ {
		want = append(want, progressReport{i, i, fmt.Sprint("step ", i)})
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the reports before the call returned: %v; want %v", got, want)
	}
	if err := expect("the reporting function without OnProgress", times)(reports.Call(ctx, k.exec, reporting{times, true})); err != nil {
		return err
	}
	if err := yieldLoop(ctx); err != nil {
		return err
	}
	if len(got) != times {
		return fmt.Errorf("reports after the call had returned: %v; want none", got[times:])
	}
	return nil
}

// progressThinned makes many reports. Most may be dropped, but not the last one.
func progressThinned(ctx context.Context, k *kit) error {
	const times = 1000
	var got []progressReport
	listen := asyncio.OnProgress(func(done, total int64, note string) { got = append(got, progressReport{done, total, note}) })
	if err := expect("the reporting function", times)(reports.Call(ctx, k.exec, reporting{Times: times}, listen)); err != nil {
		return err
	}
	last := progressReport{times, times + 1, fmt.Sprint("step ", times)}
	if len(got) == 0 || got[len(got)-1] != last {
		return fmt.Errorf("the reports before the call returned: %v; want %v as the last", got, last)
	}
	if !slices.IsSortedFunc(got, func(a, b progressReport) int { return int(a.done - b.done) }) {
		return fmt.Errorf("the reports are not in order: %v", got)
	}
	return nil
}

// contextEnds checks that the context of a call has ended when the call has returned.
func contextEnds(ctx context.Context, k *kit) error {
	if err := k.checkWorks(ctx); err != nil {
		return err
	}
	if _, err := fails.Call(ctx, k.exec, 0); err == nil {
		return fmt.Errorf("a function that returns an error: the call returned nil")
	}
	for _, rec := range k.exec.calls {
		if rec.call.Context().Err() == nil {
			return fmt.Errorf("the context of the call of %s has not ended, although the call has returned", rec.call.Func())
		}
	}
	return nil
}
