package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
	"github.com/asyncio-go/asyncio/procpool"
)

// remedyNamed returns a remedy of the demonstration.
func remedyNamed(t *testing.T, name string) remedy {
	t.Helper()
	for _, r := range remedies {
		if r.name == name {
			return r
		}
	}
	t.Fatalf("there is no remedy %q", name)
	return remedy{}
}

// observeReally runs an experiment in real time.
func observeReally(t *testing.T, e experiment, r remedy) trace {
	rec := newRecorder()
	err := asyncio.Run(t.Context(), func(ctx context.Context) error { return e.run(ctx, r, rec) },
		asyncio.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Errorf("the experiment with %s: %v", r.name, err)
	}
	return rec.snapshot()
}

// TestRemediesComputeTheSum: all remedies return the same sum.
func TestRemediesComputeTheSum(t *testing.T) {
	for _, jobs := range []int{1, 3} {
		e := experiment{n: 1_234_567, jobs: jobs, interval: 500 * time.Millisecond, lead: time.Second}
		for _, r := range remedies {
			e, try := e, observe
			if r.pool != nil {
				e.interval, e.lead = time.Millisecond, time.Millisecond
				try = observeReally
			}
			s := try(t, e, r).score(e.interval)
			if len(s.sums) != jobs {
				t.Fatalf("%s: %d sums of %d jobs", r.name, len(s.sums), jobs)
			}
			for _, sum := range s.sums {
				if sum != closedSum(e.n) {
					t.Errorf("%s: sum %d, want %d", r.name, sum, closedSum(e.n))
				}
			}
		}
	}
}

// TestSleepRemedyYields: other tasks run after each stride.
func TestSleepRemedyYields(t *testing.T) {
	r := remedyNamed(t, "Sleep(0)")
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		turns := 0
		other := asyncio.Go(ctx, func(ctx context.Context) error {
			for {
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return err
				}
				turns++
			}
		})
		if _, err := r.run(ctx, 50*sleepStride); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
		if turns < 49 {
			t.Errorf("%s: the other task had %d turns in 50 strides", r.name, turns)
		}
		other.Cancel(nil)
		other.Await(ctx)
	})
}

// TestCheckpointRemedyYields: Checkpoint lets another task run. The loop uses real time, because virtual
// time does not advance during a computation.
func TestCheckpointRemedyYields(t *testing.T) {
	r := remedyNamed(t, "Checkpoint")
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		turns := 0
		asyncio.Go(ctx, func(ctx context.Context) error { turns++; return nil })
		for i := 0; i < 1000 && turns == 0; i++ {
			if _, err := r.run(ctx, 10_000*checkpointStride); err != nil {
				return err
			}
		}
		if turns == 0 {
			t.Errorf("%s: the other task never had a turn", r.name)
		}
		return nil
	}, asyncio.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Error(err)
	}
}

// TestThreadRemedy_DoesNotBlockTheLoop: another task runs during the computation.
func TestThreadRemedy_DoesNotBlockTheLoop(t *testing.T) {
	r := remedyNamed(t, "thread")
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		turns := 0
		other := asyncio.Go(ctx, func(ctx context.Context) error { turns++; return nil })
		if _, err := r.run(ctx, 1000); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
		if turns == 0 {
			t.Errorf("%s: the other task had no turn", r.name)
		}
		other.Await(ctx)
	})
}

// TestProcessRemedy_RunsInWorkers: each computation runs in another worker, and no worker is left.
func TestProcessRemedy_RunsInWorkers(t *testing.T) {
	r := remedyNamed(t, "process")
	made, err := r.pool(2)
	if err != nil {
		t.Fatal(err)
	}
	pool := made.(*procpool.Pool)
	swapped := r
	swapped.pool = func(int) (asyncio.Executor, error) { return pool, nil }
	e := experiment{n: 1000, jobs: 2, interval: time.Millisecond, lead: time.Millisecond}
	if got := observeReally(t, e, swapped).sums; len(got) != 2 {
		t.Errorf("sums %v of 2 jobs", got)
	}
	if pool.Local() || pool.Workers() != 2 {
		t.Errorf("local %t, %d workers; want two others", pool.Local(), pool.Workers())
	}
	if s := pool.Stats(); s.Completed != 2 || s.Crashed+s.Killed != 0 || len(s.Workers) != 0 {
		t.Errorf("after the experiment the pool has %+v, want 2 calls completed and no worker left", s)
	}
}

// TestProcessRemedy_Interrupted: a cancellation ends the computations and the workers.
func TestProcessRemedy_Interrupted(t *testing.T) {
	r := remedyNamed(t, "process")
	made, err := r.pool(2)
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	r.pool = func(int) (asyncio.Executor, error) { return announced{made, interrupt}, nil }
	e := experiment{n: maxIterations, jobs: 3, interval: time.Millisecond, lead: time.Millisecond}
	err = asyncio.Run(ctx, func(ctx context.Context) error { return e.run(ctx, r, newRecorder()) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if s := made.(*procpool.Pool).Stats(); len(s.Workers) != 0 || s.Queued != 0 || s.Completed != 0 {
		t.Errorf("after the interruption the pool has %+v, want no worker and nothing completed", s)
	}
}

// An announced executor calls accepted when Start has returned.
type announced struct {
	asyncio.Executor
	accepted func()
}

func (a announced) Start(ctx context.Context, c *asyncio.Call) error {
	defer a.accepted()
	return a.Executor.Start(ctx, c)
}

// TestRemedyWithoutWorkers: if no worker can be started, the experiment returns the error.
func TestRemedyWithoutWorkers(t *testing.T) {
	none := errors.New("no processes here")
	e := experiment{n: 1, jobs: 1, interval: time.Second, lead: time.Second}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		err := e.run(ctx, remedy{pool: func(int) (asyncio.Executor, error) { return nil, none }}, newRecorder())
		if !errors.Is(err, none) {
			t.Errorf("error %v, want %v", err, none)
		}
	})
}

// TestRemedies_Cancelled: all remedies end after a cancellation, also without an await.
func TestRemedies_Cancelled(t *testing.T) {
	for _, r := range remedies {
		heeds := func(ctx context.Context, t *testing.T) {
			run, done, err := r.open(1)
			if err != nil {
				t.Fatal(err)
			}
			gone, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := run(gone, 2*interruptStride); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: error %v in a cancelled context", r.name, err)
			}
			if err := done(ctx); err != nil {
				t.Errorf("%s: %v", r.name, err)
			}
		}
		if r.pool == nil {
			asynciotest.Run(t, heeds)
		} else if err := asyncio.Run(t.Context(), func(ctx context.Context) error { heeds(ctx, t); return nil }); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
	}
}
