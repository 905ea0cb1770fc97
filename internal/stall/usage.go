package stall

import (
	"runtime/metrics"
	"time"
)

// Usage is a reading of the counters of the process, its control group and its machine. Counters
// that the system does not have are 0.
type Usage struct {
	CPU         time.Duration // processor time of the process
	MajorFaults int64         // pages that were read from disk as the process touched them
	RunDelay    time.Duration // how long threads of the process were queued for a processor
	DelayKnown  bool          // RunDelay was read for all threads
	GC          time.Duration // processor time of the collector, up to its last cycle
	Throttled   time.Duration // how long the CPU quota of the control group has stopped the process
	Stolen      time.Duration // how long the hypervisor has kept each processor of the machine, on average
}

// ReadUsage reads all counters. It takes some microseconds, and one more for each thread.
func ReadUsage() Usage {
	u := ReadProcess()
	u.RunDelay, u.DelayKnown = runDelay()
	u.GC, u.Throttled, u.Stolen = collected(), throttled(), stolen()
	return u
}

// Since returns the difference to an earlier reading. A difference of GC or RunDelay below 0 becomes
// 0: the counters of a thread end with it.
func (u Usage) Since(before Usage) Usage {
	delay := u.RunDelay - before.RunDelay
	return Usage{
		CPU: u.CPU - before.CPU, MajorFaults: u.MajorFaults - before.MajorFaults,
		RunDelay: max(0, delay), DelayKnown: u.DelayKnown && before.DelayKnown && delay >= 0,
		GC: max(0, u.GC-before.GC), Throttled: u.Throttled - before.Throttled, Stolen: u.Stolen - before.Stolen,
	}
}

// CPUTime returns the processor time that the process has used.
func CPUTime() time.Duration { return ReadProcess().CPU }

const (
	runnableName = "/sched/goroutines/runnable:goroutines"
	runningName  = "/sched/goroutines/running:goroutines"
	gcName       = "/cpu/classes/gc/total:cpu-seconds"
)

// Wanting returns how many goroutines run or wait for a processor, including the caller.
func Wanting() int {
	s := [2]metrics.Sample{{Name: runnableName}, {Name: runningName}}
	metrics.Read(s[:])
	n := 0
	for i := range s {
		if s[i].Value.Kind() == metrics.KindUint64 {
			n += int(s[i].Value.Uint64())
		}
	}
	return n
}

// collected returns the processor time of the collector. The runtime counts it when a cycle ends.
func collected() time.Duration {
	s := [1]metrics.Sample{{Name: gcName}}
	metrics.Read(s[:])
	if s[0].Value.Kind() != metrics.KindFloat64 {
		return 0
	}
	return time.Duration(s[0].Value.Float64() * float64(time.Second))
}
