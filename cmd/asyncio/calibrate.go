package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// A speed is how many iterations of the computation this machine makes in a
// second.
type speed float64

// How the speed is measured: by some probes that are long enough for the clock
// and short enough for a reader who waits.
const (
	probes       = 5
	probeLength  = 30 * time.Millisecond
	firstProbe   = 1_000_000
	longestProbe = 1 << 32 // also where the clock does not move
)

// measureSpeeds runs the bare computation for a fraction of a second, and
// returns the speed of each probe.
func measureSpeeds(ctx context.Context) ([]speed, error) {
	var speeds []speed
	for n := int64(firstProbe); len(speeds) < probes; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		start := time.Now()
		s := sumRange(0, n)
		elapsed := time.Since(start)
		if want := closedSum(n); s != want {
			return nil, fmt.Errorf("the sum below %d came out as %d, expected %d", n, s, want)
		}
		if elapsed < probeLength && n < longestProbe {
			n *= 2 // too short to count
			continue
		}
		speeds = append(speeds, speed(float64(n)/max(elapsed, 1).Seconds()))
	}
	return speeds, nil
}

// apart says how far the fastest is above the slowest. What is computed once
// cannot be compared more closely than that.
func apart(speeds []speed) string {
	factor := float64(slices.Max(speeds) / slices.Min(speeds))
	if factor < 2 {
		return fmt.Sprintf("%.0f%%", 100*(factor-1))
	}
	return fmt.Sprintf("a factor of %.1f", factor)
}

// iterations is a round number of iterations that take about d: two digits, so
// that people can read and repeat it.
func (v speed) iterations(d time.Duration) int64 {
	n := int64(float64(v) * d.Seconds())
	unit := int64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return max((n+unit/2)/unit*unit, 1)
}

// duration is how long n iterations take.
func (v speed) duration(n int64) time.Duration {
	return time.Duration(float64(n) / float64(v) * float64(time.Second))
}
