package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// The remedies of the demonstration all compute the same, alone and together.
func TestRemediesComputeTheSum(t *testing.T) {
	for _, jobs := range []int{1, 3} {
		e := experiment{n: 1_234_567, jobs: jobs, interval: 500 * time.Millisecond, lead: time.Second}
		for _, r := range remedies {
			s := observe(t, e, r).score(e.interval)
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

// Sleep(0) lets others run at each stride.
func TestSleepRemedyYields(t *testing.T) {
	r := remedies[1]
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

// Checkpoint lets others run once its time slice is used up. Virtual time stands
// still while something is computed, so this is a real loop: it computes until
// the other task has had a turn, which only Checkpoint can give it.
func TestCheckpointRemedyYields(t *testing.T) {
	r := remedies[2]
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

// The thread computes while the loop goes on: another task has its turn before
// the computation is over, although nothing else in it awaits.
func TestThreadRemedyLeavesTheLoop(t *testing.T) {
	r := remedies[3]
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

// A remedy that awaits nothing blocks the loop, but does not outlive Ctrl-C.
func TestRemediesHeedCancellation(t *testing.T) {
	for _, r := range remedies {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			gone, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := r.run(gone, 2*interruptStride); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: error %v in a cancelled context", r.name, err)
			}
		})
	}
}
