package semantics_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestSemaphore_NTasksAtATimeHoldAPermit(t *testing.T) {
	for _, permits := range []int{1, 3, 7} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			s := asyncio.NewSemaphore(permits)
			inside, most := 0, 0
			var tasks []*asyncio.Task[struct{}]
			for range 3 * permits {
				tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
					if err := s.Acquire(ctx); err != nil {
						return err
					}
					defer s.Release()
					inside++
					defer func() { inside-- }()
					most = max(most, inside)
					return asyncio.Sleep(ctx, time.Second)
				}))
			}
			start := time.Now()
			if _, err := asyncio.Gather(ctx, tasks...); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); most != permits || took != 3*time.Second {
				t.Errorf("%d of %d at once, in %v; want all of them, in 3s", most, permits, took)
			}
		})
	}
}

func TestSemaphore_APermitThatIsFreeCostsNoTurn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		s := asyncio.NewSemaphore(3)
		n, stop := countTurns(ctx)
		defer stop()
		for range 2 {
			if err := s.Acquire(ctx); err != nil {
				t.Error(err)
			}
		}
		if !s.TryAcquire() {
			t.Error("the third of three permits was not to be had")
		}
		if s.TryAcquire() {
			t.Error("TryAcquire took a fourth permit of three")
		}
		s.Release()
		if !s.TryAcquire() || s.TryAcquire() {
			t.Error("after one Release one permit was expected")
		}
		if *n != 0 {
			t.Errorf("%d turns went by, want none", *n)
		}
	})
}

func TestSemaphore_ItIsFair(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		s := asyncio.NewSemaphore(2)
		s.TryAcquire()
		s.TryAcquire()
		var order []int
		all := make([]*attempt, 8)
		for i := range all {
			all[i] = try(ctx, func(ctx context.Context) error {
				err := s.Acquire(ctx)
				order = append(order, i)
				return err
			})
		}
		turns(ctx, t, 1)
		s.Release() // each Release serves one
		turns(ctx, t, 1)
		if !slices.Equal(order, []int{0}) {
			t.Errorf("after one Release: %v, want [0]", order)
		}
		s.Release()
		s.Release()
		if s.TryAcquire() {
			t.Error("TryAcquire took a permit that was handed over")
		}
		newcomer := try(ctx, s.Acquire)
		turns(ctx, t, 2)
		if !slices.Equal(order, []int{0, 1, 2}) || newcomer.over {
			t.Errorf("after three Releases: %v, newcomer %v; want [0 1 2], false", order, newcomer.over)
		}
		for range 6 {
			s.Release()
		}
		turns(ctx, t, 1)
		if !slices.Equal(order, []int{0, 1, 2, 3, 4, 5, 6, 7}) || !newcomer.over {
			t.Errorf("in the end: %v, newcomer %v", order, newcomer.over)
		}
		cancelAll(ctx, append(all, newcomer))
	})
}

func TestSemaphore_TooManyReleasesPanic(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		s := asyncio.NewSemaphore(2)
		wantClearPanic(t, "Release", s.Release, "Semaphore.Release", "all 2 permits are free")
		s.TryAcquire()
		s.Release()
		wantClearPanic(t, "Release", s.Release, "Semaphore.Release", "all 2 permits are free")
		for i := range 3 {
			if got := s.TryAcquire(); got != (i < 2) {
				t.Errorf("TryAcquire number %d: %v; the panics changed the number of permits", i, got)
			}
		}
	})
}

func TestSemaphore_NewNeedsAPermit(t *testing.T) {
	wantClearPanic(t, "0", func() { asyncio.NewSemaphore(0) }, "NewSemaphore(0)", "at least 1")
	wantClearPanic(t, "-3", func() { asyncio.NewSemaphore(-3) }, "NewSemaphore(-3)", "at least 1")
}

// S15: permits are conserved, whoever is cancelled when.
func TestSemaphore_PermitsAreConserved(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		const permits = 3
		s := asyncio.NewSemaphore(permits)
		holders := 0
		var tasks []*asyncio.Task[struct{}]
		for i := range 60 {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				if err := s.Acquire(ctx); err != nil {
					return err
				}
				holders++
				if holders > permits {
					t.Errorf("%d hold one of %d permits", holders, permits)
				}
				asyncio.Sleep(ctx, time.Duration(i%5))
				holders--
				s.Release()
				return nil
			}))
		}
		for i := range tasks {
			asyncio.Sleep(ctx, time.Duration(i%3))
			tasks[(i*11)%len(tasks)].Cancel(nil)
		}
		for _, task := range tasks {
			task.Await(ctx)
		}
		for range permits {
			if !s.TryAcquire() {
				t.Error("a permit was lost")
			}
		}
		if s.TryAcquire() {
			t.Error("there is a permit too many")
		}
	})
}
