package semantics_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S15, second part: results of threads, and the places of a limiter.

func TestS15_TheResultOfACancelledToThreadIsNotLost(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var next error
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			v, err := asyncio.ToThread(ctx, func(ctx context.Context) (int, error) {
				<-ctx.Done()
				time.Sleep(time.Second)
				return 7, nil
			})
			next = asyncio.Sleep(ctx, 0)
			return v, err
		})
		turns(ctx, t, 1)
		task.Cancel(nil)
		if v, err := task.Await(ctx); v != 7 || err != nil {
			t.Errorf("the task: %d, %v; want what the function returned", v, err)
		}
		if next != context.Canceled {
			t.Errorf("the next await: %v, want context.Canceled", next)
		}
	})
}

// A limited is a call to ToThread that waits for a place, with what came of it.
type limited struct {
	task *asyncio.Task[struct{}]
	ran  bool
	free chan struct{} // closed: its function returns
}

func startLimited(ctx context.Context, m *asyncio.Limiter) *limited {
	c := &limited{free: make(chan struct{})}
	c.task = asyncio.Go(ctx, func(ctx context.Context) error {
		_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
			c.ran = true
			<-c.free
			return 0, nil
		}, asyncio.Via(m))
		return err
	})
	return c
}

// One call holds the only place and two wait. The place is given back and the first of the two is cancelled,
// in both orders: the place is used by it or passed on, and never lost.
func TestS15_APlaceOfALimiterIsPassedOn(t *testing.T) {
	steps := map[string]func(ctx context.Context, first, second *limited){
		"release": func(_ context.Context, first, _ *limited) { close(first.free) },
		"cancel":  func(_ context.Context, _, second *limited) { second.task.Cancel(nil) },
		"thread":  func(context.Context, *limited, *limited) { synctest.Wait() }, // the other goroutines do all they can
		"turn":    func(ctx context.Context, _, _ *limited) { asyncio.Sleep(ctx, 0) },
	}
	for _, order := range []string{
		"release cancel", "release thread cancel", "release thread turn cancel",
		"cancel release", "cancel release thread", "cancel turn release",
	} {
		t.Run(order, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				m := asyncio.NewLimiter(1)
				calls := []*limited{startLimited(ctx, m), startLimited(ctx, m), startLimited(ctx, m)}
				turns(ctx, t, 2)
				for _, c := range calls[1:] {
					close(c.free)
				}
				for step := range strings.FieldsSeq(order) {
					steps[step](ctx, calls[0], calls[1])
				}
				await(ctx, t, calls[0].task)
				await(ctx, t, calls[2].task)
				if _, err := calls[1].task.Await(ctx); err == nil != calls[1].ran {
					t.Errorf("the cancelled call ran: %v, its task returned %v", calls[1].ran, err)
				}
				last := startLimited(ctx, m)
				close(last.free)
				await(ctx, t, last.task)
			})
		})
	}
}

// A call that may be abandoned is given its place and then cancelled, before it goes on: it does not wait.
func TestS15_AnAbandonedCallThatHasJustGotItsPlace(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		m := asyncio.NewLimiter(1)
		first := startLimited(ctx, m)
		over := make(chan struct{})
		late := asyncio.Go(ctx, func(ctx context.Context) error {
			return second(asyncio.ToThread(ctx, func(context.Context) (int, error) { <-over; return 0, nil }, asyncio.Via(m), asyncio.Abandon()))
		})
		turns(ctx, t, 2)
		asyncio.LoopOf(ctx).CallSoon(func() { late.Cancel(nil) })
		close(first.free)
		synctest.Wait() // the news of the place is there, and is taken before the callback runs
		start := time.Now()
		asyncio.LoopOf(ctx).CallLater(time.Hour, func() { close(over) })
		_, err := late.Await(ctx)
		wantErr(t, "the call", err, asyncio.ErrTaskCancelled)
		if took := time.Since(start); took != 0 {
			t.Errorf("the call returned after %v", took)
		}
		await(ctx, t, first.task)
		asyncio.Sleep(ctx, 2*time.Hour)
	})
}

func TestS15_ACancelledCallLeavesTheLimitersQueue(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		m := asyncio.NewLimiter(2)
		var calls []*limited
		for range 10 {
			calls = append(calls, startLimited(ctx, m))
		}
		turns(ctx, t, 2)
		for _, i := range []int{9, 2, 5, 4, 6} {
			start := time.Now()
			calls[i].task.Cancel(nil)
			_, err := calls[i].task.Await(ctx)
			wantErr(t, fmt.Sprint("call ", i), err, asyncio.ErrTaskCancelled)
			if took := time.Since(start); took != 0 || calls[i].ran {
				t.Errorf("call %d left after %v, its function ran: %v", i, took, calls[i].ran)
			}
		}
		for _, i := range []int{0, 1, 3, 7, 8} { // those that remain get their places in order
			turns(ctx, t, 1)
			close(calls[i].free)
			await(ctx, t, calls[i].task)
		}
		var ran []int
		for i, c := range calls {
			if c.ran {
				ran = append(ran, i)
			}
		}
		if want := []int{0, 1, 3, 7, 8}; !slices.Equal(ran, want) {
			t.Errorf("the functions of %v ran, want %v", ran, want)
		}
	})
}

// The limiter is shared by two loops: a place that is given to a call of a loop that ends is passed on.
func TestS15_ALoopThatEndsTakesNoPlaceAlong(t *testing.T) {
	m := asyncio.NewLimiter(1)
	held, free := make(chan struct{}), make(chan struct{})
	holder := make(chan error, 1)
	go func() {
		holder <- asyncio.Run(context.Background(), func(ctx context.Context) error {
			return second(asyncio.ToThread(ctx, func(context.Context) (int, error) {
				close(held)
				<-free
				return 0, nil
			}, asyncio.Via(m)))
		})
	}()
	<-held
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			return second(asyncio.ToThread(context.WithoutCancel(ctx), func(context.Context) (int, error) { return 0, nil }, asyncio.Via(m)))
		})
		turns(ctx, t, 2)
		return nil
	}, asyncio.WithShutdownTimeout(0))
	if err == nil {
		t.Error("Run did not name the task that waits for a place for ever")
	}
	close(free)
	if err := <-holder; err != nil {
		t.Errorf("the other loop: %v", err)
	}
	err = asyncio.Run(context.Background(), func(ctx context.Context) error {
		c, cancel := asyncio.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		return second(asyncio.ToThread(c, func(context.Context) (int, error) { return 0, nil }, asyncio.Via(m)))
	})
	if err != nil {
		t.Errorf("a third loop did not get the place that the abandoned task was given: %v", err)
	}
}
