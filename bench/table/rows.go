package main

import (
	"fmt"
	"os/exec"
	"slices"
)

// ours is the contender that the others are held against.
const ours = "asyncio"

// limits are contenders that are no library, so that they cannot be the best
// peer.
var limits = map[string]bool{"floor": true}

// python is a contender that is not there on every machine.
const python = "python"

// row is one line of the table: one metric of one benchmark.
type row struct {
	name       string  // as printed
	bench      string  // the benchmark function, without "Benchmark"
	metric     string  // the unit of the metric in the benchmark's output
	unit       string  // as printed
	scale      float64 // from metric to unit
	contenders []string
	targets    []target // all must be met
}

// target is what asyncio's figure may be at most: a multiple of that of the
// contender against, or, where against is empty, a figure in the row's unit.
type target struct {
	against string
	most    float64
}

func (t target) String() string {
	if t.against == "" {
		return fmt.Sprintf("<= %g", t.most)
	}
	return fmt.Sprintf("<= %gx %s", t.most, t.against)
}

// The rows, in the order of the table. A multiple of 1 says "ahead of".
var rows = present([]row{
	{"yield, 1 task", "Yield1", "ns/op", "ns", 1,
		[]string{ours, "goroutine", "floor"}, []target{{"goroutine", 0.6}}},
	{"yield, 100 tasks", "Yield100", "ns/op", "ns", 1,
		[]string{ours, "goroutine", "floor"}, []target{{"floor", 1.2}, {"goroutine", 1}}},
	{"yield, 1 task, in debug mode", "Debug1", "ns/op", "ns", 1,
		[]string{ours}, nil},
	{"yield, 100 tasks, in debug mode", "Debug100", "ns/op", "ns", 1,
		[]string{ours}, nil},
	{"what the stall watch adds to a step", "WatchStep", "added-ns", "ns", 1,
		[]string{ours}, []target{{"", 5}}},
	{"idle loop with the watch, CPU per second", "WatchIdle", "cpu-ns/s", "us", 1e-3,
		[]string{ours, "floor", "goroutine"}, nil},
	{"world stopped by a stall, 10,000 parked", "WatchCapture10k", "stop-ns", "ms", 1e-6,
		[]string{ours, "floor"}, []target{{"", 10}}},
	{"world stopped by a stall, 100,000 parked", "WatchCapture100k", "stop-ns", "ms", 1e-6,
		[]string{ours, "floor"}, nil},
	{"metrics of a loop that sleeps", "Metrics", "ns/op", "us", 1e-3,
		[]string{ours}, nil},
	{"trace of 65,536 events, written", "Trace", "ns/op", "ms", 1e-6,
		[]string{ours}, nil},
	{"Checkpoint, no yield", "Checkpoint", "ns/check", "ns", 1,
		[]string{ours, "goroutine"}, nil},
	{"queue ping-pong, round trip", "QueuePingPong", "ns/op", "ns", 1,
		[]string{ours, "goroutine", "floor"}, []target{{"goroutine", 0.7}}},
	{"event ping-pong, round trip", "EventPingPong", "ns/op", "ns", 1,
		[]string{ours, "goroutine", "floor"}, []target{{"goroutine", 0.6}}},
	{"future ping-pong, round trip", "FuturePingPong", "ns/op", "ns", 1,
		[]string{ours, "goroutine", "floor"}, []target{{"goroutine", 0.6}}},
	{"create and await", "CreateAwait", "ns/op", "ns", 1,
		[]string{ours, "goroutine", "errgroup", "conc"}, []target{{"goroutine", 0.3}}},
	{"create and await, ends a turn later", "AwaitPending", "ns/op", "ns", 1,
		[]string{ours, "goroutine"}, nil},
	{"take a free lock and release it", "Lock", "ns/op", "ns", 1,
		[]string{ours, "goroutine"}, nil},
	{"a lock handed between 101 tasks", "LockContended", "ns/op", "ns", 1,
		[]string{ours, "goroutine"}, []target{{"goroutine", 1}}},
	{"gathers of tasks that share a lock, per task", "GatherOfGathered", "ns/task", "ns", 1,
		[]string{ours, "goroutine"}, nil},
	{"gather 10,000 no-op, per task", "Gather10k", "ns/task", "ns", 1,
		[]string{ours, "goroutine", "errgroup", "conc"}, []target{{"errgroup", 0.4}}},
	{"task group of 10,000, per task", "TaskGroup10k", "ns/task", "ns", 1,
		[]string{ours, "goroutine", "errgroup", "conc"}, []target{{"goroutine", 1}, {"errgroup", 1}}},
	{"gather 10,000 sleeping 1 ms, per task", "GatherSleep10k", "ns/task", "ns", 1,
		[]string{ours, "goroutine", "errgroup", "conc"}, []target{{"goroutine", 0.5}}},
	{"memory, task parked in an await", "BytesParked", "B/task", "B", 1,
		[]string{ours, "goroutine"}, []target{{"goroutine", 1.05}}},
	{"memory, task not started", "BytesUnstarted", "B/task", "B", 1,
		[]string{ours, "goroutine"}, []target{{"", 200}}},
	{"memory, pending timer", "BytesTimer", "B/timer", "B", 1,
		[]string{ours, "goroutine"}, []target{{"", 120}}},
	{"1M timers in random order, insert", "Timers1M", "insert-ns/timer", "ns", 1,
		[]string{ours, "goroutine"}, []target{{"goroutine", 0.3}}},
	{"1M timers in random order, whole CPU", "Timers1M", "cpu-ns/timer", "ns", 1,
		[]string{ours, "goroutine"}, []target{{"goroutine", 1}}},
	{"cancel a timer", "CancelTimer", "ns/cancel", "ns", 1,
		[]string{ours, "goroutine"}, []target{{"goroutine", 1}}},
	{"post from another goroutine", "Post", "ns/op", "ns", 1,
		[]string{ours, "goroutine"}, []target{{"goroutine", 0.6}}},
	{"wake a sleeping loop and back, p50", "Wake", "p50-ns", "us", 1e-3,
		[]string{ours, "goroutine"}, []target{{"goroutine", 1}}},
	{"ToThread of a no-op and back", "ToThread", "ns/op", "us", 1e-3,
		[]string{ours, "goroutine", "thread"}, []target{{"thread", 1.1}, {"goroutine", 1.3}}},
	{"thread pool, call of a no-op and back", "ThreadPool", "ns/op", "us", 1e-3,
		[]string{ours, "goroutine", "thread"}, []target{{"thread", 1.1}, {"goroutine", 1.3}}},
	{"process, 64 B there and back", "ProcessEcho", "ns/op", "us", 1e-3,
		[]string{ours, "floor"}, []target{{"floor", 2}}},
	{"process, 1 MiB there and back", "ProcessCopy", "ns/op", "us", 1e-3,
		[]string{ours, "floor"}, []target{{"floor", 1.5}}},
	{"process, 64 MiB there", "ProcessSend", "ns/op", "ms", 1e-6,
		[]string{ours, "socket"}, []target{{"socket", 0.33}}},
	{"2 processes, 2,000 calls at once, per call", "ProcessCalls", "ns/call", "us", 1e-3,
		[]string{ours, python}, []target{{python, 0.2}}},
	{"process, start to first answer, p50", "ProcessStart", "p50-ns", "ms", 1e-6,
		[]string{ours, "floor"}, []target{{"floor", 1.5}}},
	{"process, killed and replaced, p50", "ProcessReplace", "p50-ns", "ms", 1e-6,
		[]string{ours}, []target{{"", 10}}},
})

// present leaves out Python where it is not installed.
func present(rows []row) []row {
	if _, err := exec.LookPath("python3"); err == nil {
		return rows
	}
	for i := range rows {
		r := &rows[i]
		r.contenders = slices.DeleteFunc(r.contenders, func(c string) bool { return c == python })
		r.targets = slices.DeleteFunc(r.targets, func(t target) bool { return t.against == python })
	}
	return rows
}
