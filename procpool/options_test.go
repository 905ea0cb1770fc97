//go:build linux

package procpool_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

func TestInvalidOptions(t *testing.T) {
	for _, c := range []struct {
		options procpool.Options
		text    string
	}{
		{procpool.Options{Workers: -1}, "Options.Workers is -1: must be from 0 to 10000"},
		{procpool.Options{Workers: 10_001}, "Options.Workers is 10001"},
		{procpool.Options{TasksPerWorker: -2}, "Options.TasksPerWorker is -2"},
		{procpool.Options{QueueLimit: -3}, "Options.QueueLimit is -3"},
		{procpool.Options{Nice: -1}, "Options.Nice is -1: must be from 0 to 19"},
		{procpool.Options{Nice: 20}, "Options.Nice is 20"},
		{procpool.Options{GOMAXPROCS: -1}, "Options.GOMAXPROCS is -1"},
		{procpool.Options{GOMAXPROCS: 1025}, "Options.GOMAXPROCS is 1025: must be from 0 to 1024"},
		{procpool.Options{MemoryLimit: -1}, "Options.MemoryLimit is -1"},
		{procpool.Options{MemoryLimit: 1000}, "Options.MemoryLimit is 1000: must be 0, or at least 16777216 bytes"},
		{procpool.Options{MemoryLimit: 1 << 62}, ""},
		{procpool.Options{MaxMessage: -5}, "Options.MaxMessage is -5"},
		{procpool.Options{KillGrace: -time.Second}, "Options.KillGrace is -1s"},
		{procpool.Options{IdleTimeout: -time.Second}, "Options.IdleTimeout is -1s"},
		{procpool.Options{StartTimeout: -time.Second}, "Options.StartTimeout is -1s"},
		{procpool.Options{Env: []string{"FINE=1", "nothing"}}, `Options.Env is "nothing": must be "KEY=value"`},
		{procpool.Options{Env: []string{"=value"}}, `Options.Env is "=value"`},
		{procpool.Options{Env: []string{"A=b\x00c"}}, `Options.Env is "A=b\x00c"`},
	} {
		pool, err := procpool.New(c.options)
		if c.text == "" {
			if err != nil {
				t.Errorf("%+v: %v", c.options, err)
			}
			continue
		}
		if err == nil || pool != nil || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), ": must be ") {
			t.Errorf("error %v, want one with %q", err, c.text)
		}
	}
}

// An environment is what a worker gets from its pool.
type environment struct {
	Dir, Variable, Orders string
	Procs, Nice           int
}

var environmentOf = asyncio.Register("procpool.test.environmentOf", func(context.Context, struct{}) (s environment, err error) {
	s.Variable, s.Orders, s.Procs = os.Getenv("PROCPOOL_TEST_VARIABLE"), os.Getenv("ASYNCIO_WORKER"), runtime.GOMAXPROCS(0)
	if s.Dir, err = os.Getwd(); err != nil {
		return s, err
	}
	priority, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	s.Nice = 20 - priority // on Linux the system call returns 20 - niceness
	return s, err
})

func TestWorkerEnvironment(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	priority, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	mine := 20 - priority
	t.Setenv("PROCPOOL_TEST_VARIABLE", "inherited")
	dir := t.TempDir()
	for name, c := range map[string]struct {
		options procpool.Options
		want    environment
	}{
		"default": {procpool.Options{}, environment{Dir: here, Variable: "inherited", Procs: 2, Nice: mine}},
		"set": {procpool.Options{Dir: dir, Env: []string{"PROCPOOL_TEST_VARIABLE=set"}, GOMAXPROCS: 3, Nice: 7},
			environment{Dir: dir, Variable: "set", Procs: 3, Nice: min(mine+7, 19)}},
	} {
		t.Run(name, func(t *testing.T) {
			onPool(t, c.options, func(ctx context.Context, pool *procpool.Pool) {
				if got, err := environmentOf.Call(ctx, pool, struct{}{}); got != c.want || err != nil {
					t.Errorf("%+v, %v; want %+v", got, err, c.want)
				}
			})
		})
	}
}

func TestTasksPerWorker(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1, TasksPerWorker: 3}, func(ctx context.Context, pool *procpool.Pool) {
		var pids []int
		for range 9 {
			pid, err := process.Call(ctx, pool, struct{}{})
			if err != nil {
				t.Error(err)
			}
			pids = append(pids, pid)
		}
		for i := range pids[1:] {
			if same := pids[i] == pids[i+1]; same != ((i+1)%3 != 0) {
				t.Errorf("the calls ran in the processes %v; want three each", pids)
			}
		}
		if n := pool.Stats().Started; n != 3 {
			t.Errorf("%d workers were started; want 3", n)
		}
	})
}

// TestIdleTimeout: idle workers end, and a call starts a new one.
func TestIdleTimeout(t *testing.T) {
	onPool(t, procpool.Options{Workers: 2, IdleTimeout: 5 * time.Millisecond}, func(ctx context.Context, pool *procpool.Pool) {
		for range 3 {
			pid, err := process.Call(ctx, pool, struct{}{})
			if err != nil {
				t.Error(err)
			}
			until(ctx, t, "the idle worker has ended", func() bool { return len(pool.Stats().Workers) == 0 && !alive(pid) })
		}
		if s := pool.Stats(); s.Started != 3 || s.Crashed != 0 {
			t.Errorf("Started %d, Crashed %d; want 3, 0", s.Started, s.Crashed)
		}
	})
}

// TestQueueLimit: calls above the limit are suspended, run in order, and can be cancelled. The loop
// is not blocked.
func TestQueueLimit(t *testing.T) {
	g := newGate(t)
	onPool(t, procpool.Options{Workers: 1, QueueLimit: 2}, func(ctx context.Context, pool *procpool.Pool) {
		running := begin(ctx, t, pool, order{Gate: g.path})
		var ended []int
		var calls []*asyncio.Task[int]
		for i := range 10 {
			calls = append(calls, asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				n, err := square.Call(ctx, pool, i)
				if err == nil {
					ended = append(ended, i)
				}
				return n, err
			}))
		}
		until(ctx, t, "the queue is full", func() bool { return pool.Stats().Queued == 2 })
		for range 100 { // no call exceeds the limit
			if err := asyncio.Sleep(ctx, 0); err != nil || pool.Stats().Queued != 2 {
				t.Errorf("%d calls wait; want 2; %v", pool.Stats().Queued, err)
				break
			}
		}
		for _, i := range []int{0, 4, 9} { // one in the queue, two that wait for capacity
			calls[i].Cancel(errBored)
			if _, err := calls[i].Await(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("call %d: %v", i, err)
			}
		}
		g.open(t, 1)
		awaitReleased(ctx, t, running)
		for i, call := range calls {
			if i == 0 || i == 4 || i == 9 {
				continue
			}
			if n, err := call.Await(ctx); n != i*i || err != nil {
				t.Errorf("call %d: %d, %v", i, n, err)
			}
		}
		if !slices.Equal(ended, []int{1, 2, 3, 5, 6, 7, 8}) {
			t.Errorf("the calls ended in the order %v", ended)
		}
	})
}

// TestQueueLimit_WaiterOfAnEndedLoop: if the loop of a waiting call ends, the capacity goes to
// another call.
func TestQueueLimit_WaiterOfAnEndedLoop(t *testing.T) {
	g := newGate(t)
	onPool(t, procpool.Options{Workers: 1, QueueLimit: 1}, func(ctx context.Context, pool *procpool.Pool) {
		running := begin(ctx, t, pool, order{Gate: g.path})
		queued := square.Submit(ctx, pool, 2)
		until(ctx, t, "the queue is full", func() bool { return pool.Stats().Queued == 1 })
		_, err := asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, asyncio.Run(ctx, func(ctx context.Context) error {
				waiting := square.Submit(ctx, pool, 3)
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return err
				}
				waiting.Cancel(nil)
				return nil
			})
		})
		if err != nil {
			t.Errorf("the other loop: %v", err)
		}
		last := square.Submit(ctx, pool, 4)
		g.open(t, 1)
		awaitReleased(ctx, t, running)
		for i, call := range []*asyncio.Task[int]{queued, last} {
			if n, err := call.Await(ctx); err != nil || n != (2*i+2)*(2*i+2) {
				t.Errorf("call %d: %d, %v", i, n, err)
			}
		}
	})
}

func TestStats(t *testing.T) {
	g := newGate(t)
	onPool(t, procpool.Options{Workers: 2}, func(ctx context.Context, pool *procpool.Pool) {
		if s := pool.Stats(); len(s.Workers) != 0 || s.Started != 0 {
			t.Errorf("before the first call: %+v", s)
		}
		running := begin(ctx, t, pool, order{Gate: g.path})
		for i := range 3 {
			if _, err := square.Call(ctx, pool, i); err != nil {
				t.Error(err)
			}
		}
		s := pool.Stats()
		if len(s.Workers) != 2 {
			t.Errorf("workers: %+v", s.Workers)
			return
		}
		busy, idle := s.Workers[0], s.Workers[1]
		if busy.ID != 1 || busy.Pid != running.worker || busy.State != "busy" || busy.Func != "procpool.test.holds" || busy.Call == "" || busy.Done != 1 || busy.RSS < 1<<20 {
			t.Errorf("the busy worker: %+v", busy)
		}
		if idle.ID != 2 || idle.Pid <= 0 || idle.State != "idle" || idle.Func != "" || idle.Call != "" || idle.Done != 3 || idle.RSS < 1<<20 {
			t.Errorf("the idle worker: %+v", idle)
		}
		g.open(t, 1)
		awaitReleased(ctx, t, running)
		s = pool.Stats()
		for name, h := range map[string]asyncio.Histogram{"Wait": s.Wait, "Run": s.Run} {
			sum := uint64(0)
			for _, n := range h.Counts {
				sum += n
			}
			if sum != 4 || len(h.Counts) != len(h.Bounds)+1 || h.Sum <= 0 || !slices.IsSorted(h.Bounds) {
				t.Errorf("%s: %+v", name, h)
			}
		}
		if s.Completed != 4 || s.Started != 2 {
			t.Errorf("Completed %d, Started %d; want 4, 2", s.Completed, s.Started)
		}
	})
}

func TestStats_StartingWorker(t *testing.T) {
	g := newGate(t)
	o := procpool.Options{Workers: 3, Init: startAtGate, Env: []string{gateEnv + "=" + g.path}}
	onPool(t, o, func(ctx context.Context, pool *procpool.Pool) {
		call := process.Submit(ctx, pool, struct{}{})
		until(ctx, t, "a worker is being started", func() bool { return len(pool.Stats().Workers) == 1 })
		w := pool.Stats().Workers[0]
		if w.ID != 1 || w.State != "starting" || w.Func != "" || w.Call != "" || w.Done != 0 || w.RSS <= 0 {
			t.Errorf("the worker: %+v", w)
		}
		g.open(t, 1)
		if pid, err := call.Await(ctx); pid != w.Pid || err != nil {
			t.Errorf("the call ran in process %d, %v; want %d", pid, err, w.Pid)
		}
		if w := pool.Stats().Workers; len(w) != 1 || w[0].State != "idle" || w[0].Done != 1 {
			t.Errorf("afterwards: %+v", w)
		}
	})
}
