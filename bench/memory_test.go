package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// Memory is measured in a process of its own for each figure: what a process
// has once touched stays with its runtime and would be given to the next row for
// nothing. The child is this test binary, told by its environment which
// footprint to take; it prints the bytes and exits at once, with everything
// still in place.

// childVar names the footprint that a child is to take.
const childVar = "ASYNCIO_BENCH_FOOTPRINT"

// A footprint sets up count things and calls taken with them in place, after
// base. It need not return from taken.
type footprint struct {
	count int
	setUp func(m *meter) error
}

var footprints = map[string]footprint{
	"parked/asyncio":      {100_000, parkedAsyncio},
	"parked/goroutine":    {100_000, parkedGoroutine},
	"unstarted/asyncio":   {1_000_000, unstartedAsyncio},
	"unstarted/goroutine": {100_000, unstartedGoroutine},
	"timer/asyncio":       {1_000_000, timerAsyncio},
	"timer/goroutine":     {1_000_000, timerGoroutine},
}

// BenchmarkBytesParked: resident memory per task that waits for a future of its
// own, the future included. A goroutine waits on a channel of its own.
func BenchmarkBytesParked(b *testing.B) { footprintRow(b, "parked", "B/task") }

// BenchmarkBytesUnstarted: resident memory per task that has been created and
// has not run yet.
func BenchmarkBytesUnstarted(b *testing.B) { footprintRow(b, "unstarted", "B/task") }

// BenchmarkBytesTimer: resident memory per pending timer with a callback.
func BenchmarkBytesTimer(b *testing.B) { footprintRow(b, "timer", "B/timer") }

func footprintRow(b *testing.B, row, unit string) {
	for _, contender := range []string{"asyncio", "goroutine"} {
		b.Run(contender, func(b *testing.B) {
			total := 0.0
			for b.Loop() {
				total += takeInChild(b, row+"/"+contender)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(total/float64(b.N), unit)
		})
	}
}

// takeInChild runs the named footprint in a process of its own and returns the
// bytes for each thing.
func takeInChild(b *testing.B, name string) float64 {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatalf("finding the test binary to run again: %v", err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVar+"="+name)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("footprint %q: %v: %s", name, err, complaints.Bytes())
	}
	figure, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatalf("footprint %q printed %q, want a number", name, out)
	}
	return figure
}

func TestMain(m *testing.M) {
	procpool.Main()
	maybePeer()
	if name := os.Getenv(childVar); name != "" {
		os.Exit(takeFootprint(name))
	}
	os.Exit(m.Run())
}

// takeFootprint is the child's whole program. It returns only when it failed.
func takeFootprint(name string) int {
	f, ok := footprints[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no footprint is called %q\n", name)
		return 2
	}
	err := f.setUp(&meter{count: f.count})
	fmt.Fprintf(os.Stderr, "footprint %q ended without a figure: %v\n", name, err)
	return 1
}

// meter takes the memory of a process before and after count things were made.
type meter struct {
	count  int
	before int64
}

// base notes the memory in use before the first of the things is made.
func (m *meter) base() error {
	var err error
	m.before, err = inUse()
	return err
}

// taken prints the memory that the things have come to since base, for each of
// them, and ends the process.
func (m *meter) taken() error {
	after, err := inUse()
	if err != nil {
		return err
	}
	fmt.Println(float64(after-m.before) / float64(m.count))
	os.Exit(0)
	return nil
}

// inUse is the memory of this process after everything that can be given back
// to the system has been.
func inUse() (int64, error) {
	debug.FreeOSMemory()
	return residentBytes()
}

// handles makes room for n handles before base is taken, and touches it: where a
// program keeps its handles is its own affair and no part of a task.
func handles[H any](n int) []H {
	room := make([]H, n)
	clear(room)
	return room
}

func parkedAsyncio(m *meter) error {
	return asyncio.Run(context.Background(), func(ctx context.Context) error {
		tasks, futures := handles[*asyncio.Task[int]](m.count), handles[*asyncio.Future[int]](m.count)
		if err := m.base(); err != nil {
			return err
		}
		parked := 0
		for i := range tasks {
			f := asyncio.NewFuture[int](ctx)
			futures[i] = f
			tasks[i] = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				parked++
				return f.Await(ctx)
			})
		}
		for parked < m.count {
			if err := asyncio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		err := m.taken()
		runtime.KeepAlive(tasks)
		runtime.KeepAlive(futures)
		return err
	})
}

func parkedGoroutine(m *meter) error {
	waits := handles[chan int](m.count)
	if err := m.base(); err != nil {
		return err
	}
	parked := make(chan struct{})
	for i := range waits {
		wait := make(chan int)
		waits[i] = wait
		go func() {
			parked <- struct{}{}
			<-wait
		}()
		<-parked
	}
	err := m.taken()
	runtime.KeepAlive(waits)
	return err
}

func unstartedAsyncio(m *meter) error {
	return asyncio.Run(context.Background(), func(ctx context.Context) error {
		tasks := handles[*asyncio.Task[int]](m.count)
		if err := m.base(); err != nil {
			return err
		}
		for i := range tasks {
			tasks[i] = asyncio.CreateTask(ctx, func(context.Context) (int, error) { return i, nil })
		}
		err := m.taken()
		runtime.KeepAlive(tasks)
		return err
	})
}

// unstartedGoroutine creates goroutines that cannot have run: they wait for the
// only processor. A goroutine has its stack from the start, so that it makes no
// difference to the figure if some of them do run.
func unstartedGoroutine(m *meter) error {
	runtime.GOMAXPROCS(1)
	results := handles[int](m.count)
	if err := m.base(); err != nil {
		return err
	}
	hold := make(chan struct{})
	for i := range results {
		go func() {
			<-hold
			results[i] = i
		}()
	}
	err := m.taken()
	close(hold)
	return err
}

func timerAsyncio(m *meter) error {
	return asyncio.Run(context.Background(), func(ctx context.Context) error {
		loop := asyncio.LoopOf(ctx)
		pending := handles[*asyncio.Handle](m.count)
		if err := m.base(); err != nil {
			return err
		}
		for i := range pending {
			pending[i] = loop.CallLater(time.Hour, func() {})
		}
		err := m.taken()
		runtime.KeepAlive(pending)
		return err
	})
}

func timerGoroutine(m *meter) error {
	pending := handles[*time.Timer](m.count)
	if err := m.base(); err != nil {
		return err
	}
	for i := range pending {
		pending[i] = time.AfterFunc(time.Hour, func() {})
	}
	err := m.taken()
	runtime.KeepAlive(pending)
	return err
}
