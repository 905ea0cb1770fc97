package semantics_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A journey is the argument of a function that reports each of its steps.
type journey struct {
	Steps, Total int
	Step         time.Duration // the duration of a step
}

var travel = asyncio.Register("test.travel", func(ctx context.Context, j journey) (int, error) {
	for i := range j.Steps {
		time.Sleep(j.Step)
		asyncio.Progress(ctx, int64(i+1), int64(j.Total), fmt.Sprint("step ", i+1))
	}
	return j.Steps, nil
})

// reported makes the call and returns the values of done. It checks the other arguments.
func reported(ctx context.Context, t *testing.T, exec asyncio.Executor, j journey) (done []int64) {
	t.Helper()
	over := false
	_, err := travel.Call(ctx, exec, j, asyncio.OnProgress(func(n, total int64, note string) {
		if over || total != int64(j.Total) || note != fmt.Sprint("step ", n) {
			t.Errorf("%d of %d, note %q; the call has returned: %t", n, total, note, over)
		}
		done = append(done, n)
	}))
	over = true
	if err != nil {
		t.Errorf("Call: %v", err)
	}
	return done
}

func TestProgress_LimitsTheRate(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for _, c := range []struct {
			journey
			want []int64
		}{
			{journey{35, 35, 10 * time.Millisecond}, []int64{1, 11, 21, 31, 35}}, // ten a second, with the first and the complete report
			{journey{35, 99, 10 * time.Millisecond}, []int64{1, 11, 21, 31, 35}}, // the last report is sent when the function returns
			{journey{4, 99, 100 * time.Millisecond}, []int64{1, 2, 3, 4}},        // below the limit
			{journey{3, 99, 0}, []int64{1, 3}},
			{journey{1, 99, 0}, []int64{1}},
			{journey{0, 99, 0}, nil},
		} {
			if got := reported(ctx, t, exec, c.journey); !slices.Equal(got, c.want) {
				t.Errorf("%+v: the caller heard of %v, want %v", c.journey, got, c.want)
			}
		}
	})
}

func TestProgress_ArrivesWhileTheFunctionRuns(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		loop := asyncio.LoopOf(ctx)
		start := loop.Now()
		var heard []time.Duration
		travel.Call(ctx, exec, journey{3, 3, time.Minute}, asyncio.OnProgress(func(int64, int64, string) {
			heard = append(heard, loop.Now().Sub(start))
		}))
		if want := []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute}; !slices.Equal(heard, want) {
			t.Errorf("heard after %v, want %v", heard, want)
		}
	})
}

var panicAfterProgress = asyncio.Register("test.panic-after-progress", func(ctx context.Context, n int) (int, error) {
	for i := range n {
		asyncio.Progress(ctx, int64(i+1), 99, "")
	}
	panic("unlucky")
})

func TestProgress_BeforeAPanic(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		var done []int64
		_, err := panicAfterProgress.Call(ctx, exec, 3, asyncio.OnProgress(func(n, _ int64, _ string) { done = append(done, n) }))
		if err == nil || !slices.Equal(done, []int64{1, 3}) {
			t.Errorf("error %v; heard of %v, want [1 3]", err, done)
		}
	})
}

// ticks reports done == total in each step, because it has no total.
var ticks = asyncio.Register("test.tick", func(ctx context.Context, j journey) (int, error) {
	for i := range j.Steps {
		time.Sleep(j.Step)
		asyncio.Progress(ctx, int64(i+1), int64(i+1), "")
	}
	return j.Steps, nil
})

func TestProgress_LimitsCompleteReports(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for _, c := range []struct {
			journey
			heard int
		}{
			{journey{Steps: 64}, 64},
			{journey{Steps: 1000}, 65}, // and the last report
			{journey{Steps: 1000, Step: time.Second}, 1000},
			{journey{Steps: 1000, Step: time.Millisecond}, 641}, // 64 of each hundred, and the last report
		} {
			heard, last := 0, int64(0)
			_, err := ticks.Call(ctx, exec, c.journey, asyncio.OnProgress(func(n, _ int64, _ string) { heard, last = heard+1, n }))
			if heard != c.heard || last != int64(c.Steps) || err != nil {
				t.Errorf("%+v: heard %d times, want %d; the last of %d; error %v", c.journey, heard, c.heard, last, err)
			}
		}
	})
}

func TestProgress_WithoutOnProgress(t *testing.T) {
	asyncio.Progress(t.Context(), 1, 2, "off the loop")
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		asyncio.Progress(ctx, 1, 2, "in a task")
		for _, opts := range [][]asyncio.CallOption{nil, {nil}, {asyncio.OnProgress(nil)}} {
			if n, err := travel.Call(ctx, exec, journey{3, 3, 0}, opts...); n != 3 || err != nil {
				t.Errorf("Call gave %d, %v", n, err)
			}
		}
		for n, err := range travel.Map(ctx, exec, slices.Values([]journey{{2, 2, 0}})) {
			if n != 2 || err != nil {
				t.Errorf("Map gave %d, %v", n, err)
			}
		}
	})
}

func TestProgress_InOrderAndNotAfterTheEnd(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		k := &keeper{}
		var done []int64
		task := echoInt.Submit(ctx, k, 1, asyncio.OnProgress(func(n, _ int64, _ string) { done = append(done, n) }))
		turns(ctx, t, 1)
		c := k.calls[0]
		for n := range int64(5) {
			c.Progress(n, 9, "")
		}
		if len(done) > 0 {
			t.Error("Progress ran the callback inline")
		}
		c.Finish(asyncio.Execute(c.Context(), c.Func(), c.Arg()))
		c.Progress(5, 9, "")
		await(ctx, t, task)
		c.Progress(6, 9, "")
		turns(ctx, t, 3)
		if want := []int64{0, 1, 2, 3, 4}; !slices.Equal(done, want) {
			t.Errorf("heard of %v, want %v", done, want)
		}
	})
}

// TestProgress_RacesWithTheEnd: OnProgress is not called after the end of the call, even if the
// executor reports at the same time.
func TestProgress_RacesWithTheEnd(t *testing.T) {
	noGoroutinesLeft(t)
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		for range 1000 {
			k := &keeper{}
			over := false
			task := asyncio.Go(ctx, func(ctx context.Context) error {
				_, err := echoBytes.Call(ctx, k, nil, asyncio.OnProgress(func(int64, int64, string) {
					if over {
						t.Error("a report after the end of the call")
					}
				}))
				over = true
				return err
			})
			if err := asyncio.Sleep(ctx, 0); err != nil {
				return err
			}
			c := k.calls[0]
			_, err := asyncio.ToThread(ctx, func(context.Context) (struct{}, error) {
				var reporters sync.WaitGroup
				for range 4 {
					reporters.Go(func() {
						for range 20 {
							c.Progress(1, 1, "")
						}
					})
				}
				c.Finish(nil, nil)
				reporters.Wait()
				return struct{}{}, nil
			})
			if err != nil {
				return err
			}
			if _, err := task.Await(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWithProgress_InAnExecutor(t *testing.T) {
	var notes []string
	ctx := asyncio.WithProgress(t.Context(), func(done, total int64, note string) {
		notes = append(notes, fmt.Sprintf("%d/%d %s", done, total, note))
	})
	result, err := asyncio.Execute(ctx, "test.codec.length", []byte("four"))
	if err != nil || len(result) == 0 || len(notes) != 0 {
		t.Errorf("Execute gave %q, %v; reports %q", result, err, notes)
	}
	asyncio.Progress(ctx, 1, 9, "first")
	asyncio.Progress(ctx, 2, 9, "held back")
	asyncio.Progress(ctx, 9, 9, "whole")
	asyncio.Progress(ctx, 3, 9, "held back till the end")
	asyncio.Execute(ctx, "test.codec.length", nil)
	if want := []string{"1/9 first", "9/9 whole", "3/9 held back till the end"}; !slices.Equal(notes, want) {
		t.Errorf("reports %q, want %q", notes, want)
	}
}
