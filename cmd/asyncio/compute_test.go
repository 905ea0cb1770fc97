package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestCompute(t *testing.T) {
	const n, want = 100_000_000, 1_799_999_937
	if got := sumRange(0, n); got != want {
		t.Errorf("the sum below %d is %d, want %d", n, got, want)
	}
	if got := closedSum(n); got != want {
		t.Errorf("closedSum(%d) = %d, want %d", n, got, want)
	}
}

// TestCompute_Strides: the sum does not depend on the stride, and a pause follows each stride.
func TestCompute_Strides(t *testing.T) {
	for _, n := range []int64{0, 1, 90, 91, 92, 999, 1000, 1001, 12_345} {
		for _, stride := range []int64{1, 7, 1000, 100_000} {
			pauses := int64(0)
			got, err := compute(n, stride, func() error { pauses++; return nil })
			if err != nil || got != closedSum(n) {
				t.Errorf("compute(%d, %d) = %d, %v; want %d", n, stride, got, err, closedSum(n))
			}
			if want := (n + stride - 1) / stride; pauses != want {
				t.Errorf("compute(%d, %d) paused %d times, want %d", n, stride, pauses, want)
			}
		}
	}
}

func TestCompute_ErrorOfPause(t *testing.T) {
	stop, pauses := errors.New("stop"), 0
	_, err := compute(1000, 10, func() error {
		if pauses++; pauses == 3 {
			return stop
		}
		return nil
	})
	if err != stop || pauses != 3 {
		t.Errorf("error %v after %d pauses, want %v after 3", err, pauses, stop)
	}
}

func TestMeasureSpeeds(t *testing.T) {
	speeds, err := measureSpeeds(t.Context())
	if err != nil || len(speeds) != probes || slices.Min(speeds) <= 0 {
		t.Errorf("speeds %v, error %v", speeds, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := measureSpeeds(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v with a cancelled context", err)
	}
}

func TestApart(t *testing.T) {
	for _, c := range []struct {
		speeds []speed
		want   string
	}{
		{[]speed{440}, "0%"},
		{[]speed{440, 400, 500}, "25%"},
		{[]speed{100, 250}, "a factor of 2.5"},
	} {
		if got := apart(c.speeds); got != c.want {
			t.Errorf("%v are %s apart, want %s", c.speeds, got, c.want)
		}
	}
}

func TestSpeed(t *testing.T) {
	for v, want := range map[speed]int64{
		434_567_890: 870_000_000, 50: 100, 5.5: 11, 0.1: 1, 99.9e6: 200_000_000, 49.7e6: 99_000_000,
	} {
		if got := v.iterations(2 * time.Second); got != want {
			t.Errorf("%v a second: %d iterations in 2 s, want %d", float64(v), got, want)
		}
	}
	if got := speed(1000).duration(2500); got != 2500*time.Millisecond {
		t.Errorf("2500 iterations at 1000 a second take %v", got)
	}
}
