package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A tick that is due during one part comes after that part or the next: the
// computation is already in line for its next turn when the timer goes off.
const want = ` 0.0 s  tick
 0.5 s  tick
 1.0 s  tick
 1.5 s  tick
 2.0 s  computing with eight parts ...
 2.2 s  tick
 3.0 s  tick
 3.6 s  ... s = 42
 3.6 s  tick
 4.1 s  tick
 4.6 s  tick
 5.1 s  tick
`

func TestTicksGoOnBetweenParts(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		eightParts := func(ctx context.Context) (int, error) {
			for range 8 {
				time.Sleep(200 * time.Millisecond) // in virtual time, a part that computes just this long
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return 0, err
				}
			}
			return 42, nil
		}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { // waits for the heartbeat's end
			return cooperate(ctx, &out, way{"eight parts", eightParts})
		})
		if err != nil {
			t.Fatal(err)
		}
		// A tick due at the very instant of the cancel may come or not.
		if got := strings.TrimSuffix(out.String(), " 5.6 s  tick\n"); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	}, asynciotest.AllowStalls())
}

// countTurns counts the turns that another task gets while sum runs.
func countTurns(ctx context.Context, sum asyncio.Coroutine[int]) (turns, s int, err error) {
	count := 0
	other := asyncio.Go(ctx, func(ctx context.Context) error {
		for {
			count++
			if err := asyncio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
	})
	s, err = sum.Await(ctx)
	turns = count
	other.Cancel(nil)
	if _, ended := other.Await(ctx); !errors.Is(ended, asyncio.ErrTaskCancelled) {
		err = errors.Join(err, ended)
	}
	return turns, s, err
}

func TestSumWithSleepGivesATurnAfterEachPart(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		turns, s, err := countTurns(ctx, asyncio.Coro(sumWithSleep, 1_000_050))
		if want := part(0, 1_000_050); s != want || err != nil {
			t.Errorf("sum = %d, %v; want %d", s, err, want)
		}
		if turns != 11 { // ten full parts and a small one
			t.Errorf("another task had %d turns, want 11", turns)
		}
	})
}

// The number of turns depends on the time that a computation takes, so the test uses a real loop and
// longer and longer computations.
func TestSumWithCheckpointGivesTurns(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		for n := 10_000_050; ; n *= 2 {
			turns, s, err := countTurns(ctx, asyncio.Coro(sumWithCheckpoint, n))
			if want := part(0, n); s != want || err != nil {
				t.Fatalf("sum = %d, %v; want %d", s, err, want)
			}
			if turns >= 3 {
				return nil
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Where the cancel does not arrive, two billion steps are done after some seconds, with no error.
func TestCancelEndsTheComputation(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		for _, sum := range []func(context.Context, int) (int, error){sumWithSleep, sumWithCheckpoint} {
			task := asyncio.CreateTask(ctx, asyncio.Coro(sum, 2_000_000_000))
			if err := asyncio.Sleep(ctx, 0); err != nil { // it starts, and computes until it gives up a turn
				return err
			}
			task.Cancel(nil)
			if _, err := task.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
				t.Errorf("the cancelled computation returned %v, want %v", err, asyncio.ErrTaskCancelled)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSum(t *testing.T) {
	if got, want := part(0, 100_000_000), 1_799_999_937; got != want {
		t.Errorf("sum of 100,000,000 steps = %d, want %d", got, want)
	}
}
