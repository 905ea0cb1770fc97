package semantics_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Cancels from other goroutines at every instant. These tests run in a bubble whose goroutines are real: if a
// wake-up is lost, nothing can ever run again, and asynciotest says so.

// stormy is what a task of the storm does: something of everything, for some rounds.
type stormy struct {
	limiter *asyncio.Limiter
	futures chan *asyncio.Future[int] // settled by other goroutines
	started atomic.Int64
	ended   atomic.Int64
}

func (s *stormy) run(ctx context.Context, r *rand.Rand, depth int) (int, error) {
	s.started.Add(1)
	defer s.ended.Add(1)
	for range 4 {
		if err := s.one(ctx, r, depth); err != nil {
			return 0, err
		}
	}
	return depth, nil
}

func (s *stormy) coroutine(r *rand.Rand, depth int) asyncio.Coroutine[int] {
	mine := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
	return func(ctx context.Context) (int, error) { return s.run(ctx, mine, depth) }
}

func (s *stormy) one(ctx context.Context, r *rand.Rand, depth int) error {
	kinds := 6
	if depth > 0 {
		kinds = 13
	}
	switch r.IntN(kinds) {
	case 0:
		return asyncio.Sleep(ctx, time.Duration(r.IntN(1000))*time.Microsecond)
	case 1:
		return asyncio.Sleep(ctx, 0)
	case 2:
		f := asyncio.NewFuture[int](ctx)
		s.futures <- f
		return second(f.Await(ctx))
	case 3:
		c, cancel := context.WithTimeout(ctx, time.Duration(r.IntN(1000))*time.Microsecond)
		defer cancel()
		return ignore(asyncio.Sleep(c, time.Millisecond), context.DeadlineExceeded)
	case 4:
		return second(asyncio.ToThread(ctx, func(ctx context.Context) (int, error) { return 1, asyncio.Sleep(ctx, 1) }, asyncio.Via(s.limiter)))
	case 5:
		return asyncio.Checkpoint(ctx)
	case 6:
		return second(asyncio.Gather(ctx, s.coroutine(r, depth-1), s.coroutine(r, depth-1)))
	case 7:
		asyncio.GatherResults(ctx, s.coroutine(r, depth-1), s.coroutine(r, depth-1))
		return ctx.Err()
	case 8:
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range 3 {
				asyncio.CreateTask(ctx, s.coroutine(r, depth-1))
			}
			return asyncio.Sleep(ctx, 0)
		})
	case 9:
		task := asyncio.CreateTask(ctx, s.coroutine(r, depth-1))
		_, err := task.Await(ctx)
		asyncio.Wait(context.WithoutCancel(ctx), asyncio.AllCompleted, task) // cancelled as well, but not ended yet
		return errors.Join(err, ignore(task.Err(), context.Canceled))
	case 10:
		return ignore(second(asyncio.WaitFor(ctx, time.Duration(r.IntN(2000))*time.Microsecond, s.coroutine(r, depth-1))), context.DeadlineExceeded)
	case 11:
		a, b := asyncio.CreateTask(ctx, s.coroutine(r, depth-1)), asyncio.CreateTask(ctx, s.coroutine(r, depth-1))
		_, pending, err := asyncio.Wait(ctx, asyncio.FirstCompleted, a, b)
		for _, task := range pending {
			task.Cancel(errWhy)
		}
		asyncio.Wait(context.WithoutCancel(ctx), asyncio.AllCompleted, a, b)
		return errors.Join(err, ignore(a.Err(), context.Canceled), ignore(b.Err(), context.Canceled))
	default:
		c, cancel := asyncio.WithTimeout(ctx, time.Duration(r.IntN(2000))*time.Microsecond)
		defer cancel()
		_, err := s.run(c, r, depth-1)
		return ignore(err, context.DeadlineExceeded)
	}
}

// ignore is nil for an error that was to be expected, which is also that of others' time-outs above.
func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

func TestStress_CancelsFromElsewhereAtEveryInstant(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		s := &stormy{limiter: asyncio.NewLimiter(3), futures: make(chan *asyncio.Future[int], 1<<16)}
		l := asyncio.LoopOf(ctx)
		var over atomic.Bool
		var others sync.WaitGroup
		var cancels atomic.Int64
		for i := range 4 {
			others.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), 7))
				for !over.Load() {
					if tasks := l.Tasks(); len(tasks) > 1 {
						if tasks[1+r.IntN(len(tasks)-1)].Cancel(errWhy) { // not main
							cancels.Add(1)
						}
					}
					time.Sleep(time.Duration(r.IntN(50)) * time.Microsecond)
				}
			})
		}
		others.Go(func() { // whoever waits for a future is served, by another goroutine
			for f := range s.futures {
				if !f.SetResult(1) {
					t.Error("SetResult: false")
				}
			}
		})
		defer func() {
			over.Store(true)
			close(s.futures)
			if err := offLoop(ctx, func(context.Context) error { others.Wait(); return nil }); err != nil {
				t.Error(err)
			}
			if s.started.Load() != s.ended.Load() || cancels.Load() == 0 {
				t.Errorf("%d coroutines began, %d ended, %d cancels", s.started.Load(), s.ended.Load(), cancels.Load())
			}
		}()
		r := rand.New(rand.NewPCG(1, 2))
		for round := range 1000/fewer + 20 {
			tasks := make([]*asyncio.Task[int], 5)
			for i := range tasks {
				tasks[i] = asyncio.CreateTask(ctx, s.coroutine(r, 4))
			}
			for _, res := range asyncio.GatherResults(ctx, tasks...) {
				if err := res.Err; err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("round %d: %v", round, err)
				}
			}
			if n := len(l.Tasks()); n != 1 {
				t.Fatalf("round %d: %d tasks live, want main only", round, n)
			}
		}
	})
}

// One task waits for one future; a goroutine sets it and another cancels the task. Exactly one of them is seen.
func TestStress_ResultAgainstCancel(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var values, cancelled int
		for i := range 20_000/fewer + 200 {
			f := asyncio.NewFuture[int](ctx)
			task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return f.Await(ctx) })
			start := make(chan struct{})
			racers := []func(){
				func() { <-start; spin(i % 53 * 3); f.SetResult(7) },
				func() { <-start; spin(i % 37 * 3); task.Cancel(errWhy) },
			}
			go racers[i%2]()
			go racers[1-i%2]()
			asyncio.Sleep(ctx, 0)
			close(start)
			switch v, err := task.Await(ctx); {
			case err == nil && v == 7:
				values++
			case errors.Is(err, asyncio.ErrTaskCancelled) && errors.Is(err, errWhy):
				cancelled++
			default:
				t.Fatalf("round %d: %d, %v", i, v, err)
			}
			if v, err := f.Await(ctx); v != 7 || err != nil {
				t.Fatalf("round %d: the future: %d, %v", i, v, err)
			}
		}
		t.Logf("%d values, %d cancellations", values, cancelled)
	})
}

var spun atomic.Int64

// spin takes some time, for the goroutines to meet at another instant each time.
func spin(n int) {
	for range n {
		spun.Add(1)
	}
}

// The same for what a task is made of: it is cancelled while it is submitted, begins, waits, and ends.
func TestStress_CancelThroughoutALife(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		began, finished := 0, 0
		for i := range 10_000/fewer + 100 {
			submitted := make(chan *asyncio.Task[int], 1)
			go func() {
				task := asyncio.Submit(l, func(ctx context.Context) (int, error) {
					began++
					err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
						asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) })
						return asyncio.Sleep(ctx, 0)
					})
					if err == nil {
						finished++
					}
					return 7, err
				})
				go func() { spin(i % 100 * 5); task.Cancel(errWhy) }()
				submitted <- task
			}()
			v, err := (<-submitted).Await(ctx)
			if !(err == nil && v == 7 || errors.Is(err, asyncio.ErrTaskCancelled) && errors.Is(err, errWhy)) {
				t.Fatalf("round %d: %d, %v", i, v, err)
			}
		}
		t.Logf("%d began, %d finished", began, finished)
	})
}
