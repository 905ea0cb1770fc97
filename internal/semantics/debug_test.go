package semantics_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime/pprof"
	rtrace "runtime/trace"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A step is from one await to the next: that a task is blocked is not part of it, that
// it blocks the loop is.
func TestStatsOfATask(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var from, until string
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			time.Sleep(time.Second) // blocks the loop
			from = here(1)
			asyncio.Sleep(ctx, 5*time.Hour)
			time.Sleep(time.Minute)
			until = here(1)
			asyncio.Sleep(ctx, 0)
			time.Sleep(time.Second)
			return nil
		})
		if s, ok := asyncio.StatsOf(task); !ok || s != (asyncio.TaskStats{}) {
			t.Errorf("before the first step: %+v, %v", s, ok)
		}
		await(ctx, t, task)
		got, ok := asyncio.StatsOf(task)
		want := asyncio.TaskStats{Steps: 3, Ran: time.Minute + 2*time.Second, Longest: time.Minute, LongestFrom: from, LongestUntil: until}
		if !ok || got != want {
			t.Errorf("got %+v, %v, want %+v", got, ok, want)
		}

		time.Sleep(time.Hour)
		if s, _ := asyncio.StatsOf(asyncio.CurrentTask(ctx)); s.Current != time.Hour {
			t.Errorf("the running step has taken %v, want an hour", s.Current)
		}
		if h := asyncio.LoopOf(ctx).Metrics().StepTimes; h.Count() < 4 || h.Sum < time.Minute {
			t.Errorf("%d steps of %v in all are in the histogram", h.Count(), h.Sum)
		}
		text := dump(t, asyncio.LoopOf(ctx))
		if !strings.Contains(text, "ran for 0s in ") {
			t.Errorf("the dump does not tell how long main ran:\n%s", text)
		}
	}, asyncio.WithDebug(true), asynciotest.AllowStalls())
}

func TestWithoutDebugNothingIsKept(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		if s, ok := asyncio.StatsOf(asyncio.CurrentTask(ctx)); ok || s != (asyncio.TaskStats{}) {
			t.Errorf("stats without debug mode: %+v", s)
		}
		if n := asyncio.LoopOf(ctx).Metrics().StepTimes.Count(); n != 0 {
			t.Errorf("%d steps were timed", n)
		}
		var b strings.Builder
		if err := asyncio.LoopOf(ctx).Trace(&b); err == nil || !strings.Contains(err.Error(), "WithDebug") || b.Len() > 0 {
			t.Errorf("Trace: error %v and %d bytes", err, b.Len())
		}
	}, asyncio.WithDebug(false))
}

func TestDebugByEnvironment(t *testing.T) {
	for _, c := range []struct {
		value string
		opts  []asyncio.Option
		want  bool
	}{
		{"", nil, false}, {"0", nil, false}, {"1", nil, true}, {"true", nil, true},
		{"1", []asyncio.Option{asyncio.WithDebug(false)}, false}, {"", []asyncio.Option{asyncio.WithDebug(true)}, true},
	} {
		t.Setenv("ASYNCIO_DEBUG", c.value)
		asyncio.Run(context.Background(), func(ctx context.Context) error {
			if _, ok := asyncio.StatsOf(asyncio.CurrentTask(ctx)); ok != c.want {
				t.Errorf("ASYNCIO_DEBUG=%s and %d options: debug mode is %v", c.value, len(c.opts), ok)
			}
			return nil
		}, c.opts...)
	}
}

// chromeEvent is an event as the viewer reads it.
type chromeEvent struct {
	Name, Cat, Ph, ID, BP string
	Ts, Dur               *float64
	Pid, Tid              *int
	Args                  map[string]any
}

// chromeTrace parses a trace and holds it against what the viewer wants: the slices
// of a thread nest, what begins asynchronously ends, in order, and an arrow has two
// ends that lie in slices.
func chromeTrace(t *testing.T, text []byte) []chromeEvent {
	t.Helper()
	var doc struct {
		DisplayTimeUnit string
		TraceEvents     []chromeEvent
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("not JSON of the format: %v\n%.300s", err, text)
	}
	if doc.DisplayTimeUnit != "ms" || len(doc.TraceEvents) == 0 {
		t.Fatalf("unit %q, %d events", doc.DisplayTimeUnit, len(doc.TraceEvents))
	}
	const slack = 0.0015 // microseconds are printed with rounding
	end := -1.0
	open := map[string][]chromeEvent{}
	arrows, slices, begin := map[string]float64{}, map[float64]bool{}, 0.0
	for i, e := range doc.TraceEvents {
		fail := func(what string) { t.Errorf("event %d: %s: %+v", i, what, e) }
		if e.Pid == nil || e.Tid == nil || e.Ts == nil || *e.Ts < 0 {
			fail("a process, a thread and a time are expected")
			continue
		}
		switch e.Ph {
		case "M":
			if e.Args["name"] == nil || !strings.HasSuffix(e.Name, "_name") {
				fail("names are expected")
			}
		case "X":
			if e.Dur == nil || *e.Dur < 0 || e.Name == "" {
				fail("a slice has a name and a duration")
			} else if *e.Ts < end-slack {
				fail(fmt.Sprintf("the slice before ends at %v", end))
			} else {
				begin, end = *e.Ts, *e.Ts+*e.Dur
				slices[*e.Ts] = true
			}
		case "b":
			open[e.Cat+e.ID] = append(open[e.Cat+e.ID], e)
			if e.Name == "" || e.ID == "" {
				fail("what begins has a name and an id")
			}
		case "e":
			stack := open[e.Cat+e.ID]
			if len(stack) == 0 || *stack[len(stack)-1].Ts > *e.Ts+slack {
				fail("it ends before it has begun")
				continue
			}
			if began := stack[len(stack)-1]; began.Name != e.Name {
				fail("it ends what has another name: " + began.Name)
			}
			open[e.Cat+e.ID] = stack[:len(stack)-1]
		case "s":
			if arrows[e.ID] = *e.Ts; *e.Ts < begin-slack || *e.Ts > end+slack {
				fail(fmt.Sprintf("an arrow begins in the slice before it, from %v to %v", begin, end))
			}
		case "f":
			if from, ok := arrows[e.ID]; !ok || from > *e.Ts+slack || e.BP != "e" || !slices[*e.Ts] {
				fail("an arrow ends in a slice, after its beginning")
			}
		case "C":
			if _, ok := e.Args["entries"].(float64); !ok {
				fail("a counter has a number")
			}
		default:
			fail("not a kind of event of ours")
		}
	}
	for id, stack := range open {
		if len(stack) > 0 {
			t.Errorf("%s: %d slices do not end: %+v", id, len(stack), stack)
		}
	}
	return doc.TraceEvents
}

func traceOf(t *testing.T, l *asyncio.Loop) []chromeEvent {
	t.Helper()
	var b bytes.Buffer
	if err := l.Trace(&b); err != nil {
		t.Fatal(err)
	}
	return chromeTrace(t, b.Bytes())
}

// find returns the events of a kind and a name.
func find(events []chromeEvent, ph, name string) (found []chromeEvent) {
	for _, e := range events {
		if e.Ph == ph && e.Name == name {
			found = append(found, e)
		}
	}
	return found
}

func TestTraceShowsWhatTheLoopDid(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		l.CallSoon(func() { time.Sleep(time.Second) })
		var created, line string
		var lock asyncio.Lock
		created = here(1)
		worker := asyncio.Go(ctx, func(ctx context.Context) error {
			time.Sleep(time.Minute)
			line = here(1)
			asyncio.Sleep(ctx, time.Hour)
			return lock.Acquire(ctx)
		}, asyncio.Name("worker"))
		lock.Acquire(ctx)
		asyncio.Sleep(ctx, 2*time.Hour)
		events := traceOf(t, l)
		lock.Release()
		await(ctx, t, worker)

		if names := find(events, "M", "process_name"); len(names) != 1 || names[0].Args["name"] != "of the test" {
			t.Errorf("the process is named %+v", names)
		}
		steps := find(events, "X", "worker")
		if len(steps) != 2 || *steps[0].Dur != 60e6 || steps[0].Args["until"] != line || steps[0].Args["awaits"] != "sleep" || steps[1].Args["awaits"] != "lock" {
			t.Errorf("the worker's steps are %+v, want one of a minute that ends at %s, and one that awaits a lock", steps, line)
		}
		if lives := find(events, "b", "worker"); len(lives) != 1 || lives[0].Args["created"] != created {
			t.Errorf("the worker's life is %+v, want it created at %s", lives, created)
		}
		if waits := find(events, "b", "lock"); len(waits) != 1 {
			t.Errorf("the worker's wait for the lock: %+v", waits)
		}
		if calls := find(events, "X", "callback"); len(calls) != 1 || *calls[0].Dur != 1e6 {
			t.Errorf("callbacks %+v, want one of a second", calls)
		}
		var idle float64
		for _, e := range find(events, "X", "idle") {
			idle += *e.Dur
		}
		if want := (2*time.Hour - time.Minute - time.Second).Seconds() * 1e6; idle < want || idle > 2*3600e6 {
			t.Errorf("idle for %v us, want %v or a minute more", idle, want)
		}
		if arrows := find(events, "s", "create"); len(arrows) != 1 || len(find(events, "f", "create")) != 1 {
			t.Errorf("arrows %+v, want one, to the worker's first step", arrows)
		}
		if running := find(events, "X", "main"); running[len(running)-1].Args["running"] != true {
			t.Errorf("the last step of main does not go on: %+v", running)
		}

		events = traceOf(t, l)
		if steps := find(events, "X", "worker"); len(steps) != 3 || steps[2].Args["ended"] != true {
			t.Errorf("the worker's steps are %+v, want three and that it ended", steps)
		}
		if err := l.Trace(nil); err == nil {
			t.Error("a nil writer is accepted")
		}
	}, asyncio.WithDebug(true), asyncio.WithName("of the test"), asynciotest.AllowStalls())
}

// The history is bounded, and what begins in the middle is still a trace.
func TestTraceOfALongRun(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range 3 {
				asyncio.Go(ctx, func(ctx context.Context) error {
					for range 20_000 {
						asyncio.Sleep(ctx, time.Millisecond)
					}
					return nil
				})
			}
			return nil
		})
		events := traceOf(t, asyncio.LoopOf(ctx))
		if idle := find(events, "X", "idle"); len(idle) < 1000 || len(idle) > 20_000 {
			t.Errorf("%d times idle, want some thousand", len(idle))
		}
		if begun := find(events, "s", "create"); len(begun) != 0 {
			t.Errorf("the oldest events are still there: %+v", begun)
		}
	}, asyncio.WithDebug(true))
}

func TestTraceWhileTheLoopIsBlocked(t *testing.T) {
	var events []chromeEvent
	l := asyncio.NewLoop(asyncio.WithDebug(true))
	err := l.Run(context.Background(), func(ctx context.Context) error {
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return err
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			events = traceOf(t, l)
		}()
		<-done // blocks the loop
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if steps := find(events, "X", "main"); len(steps) != 2 || steps[1].Args["running"] != true {
		t.Errorf("main's steps are %+v, want a second that goes on", steps)
	}
	if steps := find(traceOf(t, l), "X", "main"); len(steps) != 2 || steps[1].Args["ended"] != true {
		t.Errorf("afterwards main's steps are %+v, want that the second ended", steps)
	}
}

// A callback is a step, too.
func TestTraceWhileACallbackBlocksTheLoop(t *testing.T) {
	var events []chromeEvent
	l := asyncio.NewLoop(asyncio.WithDebug(true))
	err := l.Run(context.Background(), func(ctx context.Context) error {
		l.CallSoon(func() {
			done := make(chan struct{})
			go func() {
				defer close(done)
				events = traceOf(t, l)
			}()
			<-done // blocks the loop
		})
		return asyncio.Sleep(ctx, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls := find(events, "X", "callback"); len(calls) != 1 || calls[0].Args["running"] != true {
		t.Errorf("the callbacks are %+v, want one that goes on", calls)
	}
	if calls := find(traceOf(t, l), "X", "callback"); len(calls) != 1 || calls[0].Args["running"] != nil {
		t.Errorf("afterwards the callbacks are %+v, want one that has ended", calls)
	}
}

// Profiles tell tasks apart by name, and tasks without one by where they were created.
func TestDebugLabelsProfiles(t *testing.T) {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		never := asyncio.NewFuture[int](ctx)
		wait := func(ctx context.Context) error { _, err := never.Await(ctx); return err }
		asyncio.Go(ctx, wait, asyncio.Name("crunch"))
		site := here(1)
		asyncio.Go(ctx, wait)
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return err
		}
		var b strings.Builder
		pprof.Lookup("goroutine").WriteTo(&b, 1)
		for _, label := range []string{`"asyncio.task":"crunch"`, fmt.Sprintf(`"asyncio.created":%q`, site)} {
			if !strings.Contains(b.String(), label) {
				t.Errorf("no goroutine has the label %s:\n%s", label, b.String())
			}
		}
		return nil
	}, asyncio.WithDebug(true))
	if err != nil {
		t.Fatal(err)
	}
}

// While package runtime/trace records, tasks are tasks and regions of it.
func TestDebugTasksInRuntimeTraces(t *testing.T) {
	var b bytes.Buffer
	if err := rtrace.Start(&b); err != nil {
		t.Fatalf("a trace is recorded already, as by go test -trace: %v", err)
	}
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) }, asyncio.Name("a task in the trace")).Await(ctx)
		return err
	}, asyncio.WithDebug(true))
	rtrace.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b.Bytes(), []byte("a task in the trace")) {
		t.Error("the trace does not have the task's name")
	}
}
