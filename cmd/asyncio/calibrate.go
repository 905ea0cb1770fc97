package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// A speed is the number of iterations of the computation in a second on this machine.
type speed float64

// The limits of a probe, which measures the speed. It must be long enough for the clock, and short
// for the reader.
const (
	probes       = 5
	probeLength  = 30 * time.Millisecond
	firstProbe   = 1_000_000
	longestProbe = 1 << 32 // a limit for clocks that do not advance
)

// measureSpeeds runs the computation for a fraction of a second, and returns the speed of each
// probe.
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
			return nil, fmt.Errorf("the sum below %d is %d; want %d", n, s, want)
		}
		if elapsed < probeLength && n < longestProbe {
			n *= 2 // too short to count
			continue
		}
		speeds = append(speeds, speed(float64(n)/max(elapsed, 1).Seconds()))
	}
	return speeds, nil
}

// apart returns the difference of the fastest and the slowest speed, in percent. Single runs differ
// by as much.
func apart(speeds []speed) string {
	factor := float64(slices.Max(speeds) / slices.Min(speeds))
	if factor < 2 {
		return fmt.Sprintf("%.0f%%", 100*(factor-1))
	}
	return fmt.Sprintf("a factor of %.1f", factor)
}

// iterations returns a number of iterations that take about d, rounded to two digits.
func (v speed) iterations(d time.Duration) int64 {
	n := int64(float64(v) * d.Seconds())
	unit := int64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return max((n+unit/2)/unit*unit, 1)
}

// duration returns the estimated duration of n iterations.
func (v speed) duration(n int64) time.Duration {
	return time.Duration(float64(n) / float64(v) * float64(time.Second))
}
