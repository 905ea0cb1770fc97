package stall

import (
	"slices"
	"testing"
	"time"
)

func TestWhatHoldsTheProcessFromOutsideIsRead(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"usage_usec 7\nnr_periods 3\nnr_throttled 2\nthrottled_usec 1500\n": 1500 * time.Microsecond,
		"nr_periods 3\nnr_throttled 2\nthrottled_time 1500\n":               1500,
		"nr_periods 0\n": 0,
		"throttled_usec": 0,
	} {
		if got := throttledTime([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	for groups, want := range map[string][]string{
		"0::/pod/app\n":                {"/sys/fs/cgroup/pod/app/cpu.stat", "/sys/fs/cgroup/cpu.stat"},
		"0::/\n":                       {"/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu.stat"},
		"3:cpuset:/\n2:cpu,cpuacct:/x": {"/sys/fs/cgroup/cpu,cpuacct/x/cpu.stat", "/sys/fs/cgroup/cpu/x/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat"},
		"none":                         nil,
	} {
		if got := quotaFiles(groups); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", groups, got, want)
		}
	}
	for text, want := range map[string]time.Duration{
		"cpu  1 2 3 4 5 6 7 80 9 0\ncpu0 1": 800 * time.Millisecond, "cpu 1 2": 0, "": 0, "cpu0 1 2 3 4 5 6 7 8 9": 0,
	} {
		if got := stolenTime([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string][2]int64{"10 20 3\n": {20, 3}, "0 0 0\n": {}, "": {}, "1": {}} {
		if delay, slices := queuedFor([]byte(text)); int64(delay) != want[0] || slices != want[1] {
			t.Errorf("%q: queued for %d in %d slices, want %d", text, delay, slices, want)
		}
	}
	for text, want := range map[string]byte{"7 (a) b) R 1 2": 'R', "7 (a) D 1": 'D', "7 (a)": 0, "": 0} {
		if got := threadState([]byte(text)); got != want {
			t.Errorf("%q: state %q, want %q", text, got, want)
		}
	}
}
