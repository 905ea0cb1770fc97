package stall

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// Usage is a reading of the process's counters.
type Usage struct {
	CPU      time.Duration
	RunDelay time.Duration
}

// ReadUsage reads the counters: some microseconds.
func ReadUsage() Usage { return Usage{CPUTime(), RunDelay()} }

const runnableName = "/sched/goroutines/runnable:goroutines"

// Rivals returns how many goroutines wait for a processor, beside the one that is
// watched. With a single processor that one always does while the caller runs.
func Rivals() int {
	s := [1]metrics.Sample{{Name: runnableName}}
	metrics.Read(s[:])
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	n := int(s[0].Value.Uint64())
	if runtime.GOMAXPROCS(0) == 1 {
		n--
	}
	return max(0, n)
}
