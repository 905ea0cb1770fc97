package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// The text of misuse errors: it names the call, says what is wrong, and what to do.

const (
	saysNilContext = "nil context; pass the ctx of the coroutine"
	saysNoLoop     = "no event loop in ctx; call it in a coroutine with its ctx, or use Submit"
	saysCallback   = "a callback cannot suspend; start a task with asyncio.Go"
	saysOtherLoop  = "ctx belongs to another event loop; use the ctx of this coroutine, or Submit to the other loop"
	saysOtherStep  = "this goroutine does not run the current step of the event loop of ctx; start it with asyncio.Go instead of the go statement, or use Submit"
	saysClosed     = "the event loop of ctx has closed"
	saysOtherUse   = "another event loop uses it; make one for each loop"
	saysOffLoop    = "this goroutine does not run the current step of the event loop; call it in a coroutine or a callback, or by CallSoonThreadsafe"
	createElse     = "called from a goroutine that does not run the current step of the event loop; call it in a coroutine of that loop, or use Submit"
	createOther    = "called on another event loop; call it in a coroutine of that loop, or use Submit"
	worksThere     = "" // no misuse
)

// A refusableCall is a public call with a ctx, and what it says where it is refused, if it is not what a
// suspending call says.
type refusableCall struct {
	call   func(ctx context.Context) error
	says   map[string]string // by the place
	panics bool
}

// refusableCalls are all that have a ctx, by the name that their errors give.
func refusableCalls(ctx context.Context) (calls map[string]refusableCall, end func()) {
	k := newKit()
	k.generous()
	task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, forever(ctx) })
	future := asyncio.NewFuture[int](ctx)
	pool := asyncio.NewThreadPool(1)
	one := asyncio.Coroutine[int](func(context.Context) (int, error) { return 1, nil })
	suspends := func(call func(ctx context.Context) error) refusableCall { return refusableCall{call: call} }
	blocks := func(call func(ctx context.Context) error) refusableCall { // off the loop
		return refusableCall{call: call, says: map[string]string{"no loop": worksThere}}
	}
	makes := func(call func(ctx context.Context)) refusableCall {
		return refusableCall{func(ctx context.Context) error { call(ctx); return nil },
			map[string]string{"callback": worksThere, "other loop": createOther, "goroutine": createElse, "closed": "the event loop has closed"}, true}
	}
	derives := func(call func(ctx context.Context)) refusableCall {
		c := makes(call)
		c.says = map[string]string{"no loop": worksThere, "callback": worksThere, "other loop": worksThere, "goroutine": worksThere, "closed": worksThere}
		return c
	}
	calls = map[string]refusableCall{
		"Sleep":         blocks(func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) }),
		"Checkpoint":    blocks(asyncio.Checkpoint),
		"Task.Await":    blocks(func(ctx context.Context) error { return second(task.Await(ctx)) }),
		"Task.Join":     blocks(task.Join),
		"Future.Await":  blocks(func(ctx context.Context) error { return second(future.Await(ctx)) }),
		"WaitFor":       blocks(func(ctx context.Context) error { return second(asyncio.WaitFor(ctx, time.Hour, task)) }),
		"Gather":        suspends(func(ctx context.Context) error { return second(asyncio.Gather(ctx, one)) }),
		"GatherResults": suspends(func(ctx context.Context) error { return asyncio.GatherResults(ctx, one)[0].Err }),
		"AsCompleted": suspends(func(ctx context.Context) (err error) {
			for _, r := range asyncio.AsCompleted(ctx, one) {
				err = r.Err
			}
			return err
		}),
		"Wait": suspends(func(ctx context.Context) error {
			_, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, task)
			return err
		}),
		"WithTaskGroup": suspends(func(ctx context.Context) error { return asyncio.WithTaskGroup(ctx, failing(nil)) }),
		"ToThread":      suspends(func(ctx context.Context) error { return second(asyncio.ToThread(ctx, one)) }),
		"Func.Call":     suspends(func(ctx context.Context) error { return second(echoInt.Call(ctx, pool, 1)) }),
		"Func.Map": suspends(func(ctx context.Context) error {
			for _, err := range echoInt.Map(ctx, pool, slices.Values([]int{1})) {
				return err
			}
			return nil
		}),
		"ThreadPool.Close": blocks(pool.Close),
		"Lock.Acquire":     suspends(k.lock.Acquire),
		"Event.Wait":       suspends(k.event.Wait),
		"Condition.Wait":   suspends(k.condition.Wait),
		"Condition.WaitFor": suspends(func(ctx context.Context) error {
			return k.condition.WaitFor(ctx, func() bool { return true })
		}),
		"Semaphore.Acquire": suspends(k.semaphore.Acquire),
		"Barrier.Wait":      suspends(func(ctx context.Context) error { return second(k.barrier.Wait(ctx)) }),
		"Recv":              suspends(func(ctx context.Context) error { _, _, err := asyncio.Recv(ctx, k.ch); return err }),
		"Send":              suspends(func(ctx context.Context) error { return asyncio.Send(ctx, k.ch, 1) }),
		"CreateTask":        makes(func(ctx context.Context) { asyncio.CreateTask(ctx, one) }),
		"Go":                makes(func(ctx context.Context) { asyncio.Go(ctx, failing(nil)) }),
		"Func.Submit":       makes(func(ctx context.Context) { echoInt.Submit(ctx, pool, 1) }),
		"WithTimeout":       derives(func(ctx context.Context) { asyncio.WithTimeout(ctx, time.Hour) }),
		"WithDeadline":      derives(func(ctx context.Context) { asyncio.WithDeadline(ctx, time.Now()) }),
		"Detach":            derives(func(ctx context.Context) { asyncio.Detach(ctx) }),
	}
	group := asyncio.OpenGroup(ctx)
	calls["Group.Close"] = suspends(group.Close)
	calls["OpenGroup"] = makes(func(ctx context.Context) { asyncio.OpenGroup(ctx) })
	future0 := derives(func(ctx context.Context) { asyncio.NewFuture[int](ctx) })
	future0.says["no loop"] = "no event loop in ctx; call it with the ctx of a coroutine"
	calls["NewFuture"] = future0
	for name, q := range k.queues {
		calls[name+".Get"] = suspends(func(ctx context.Context) error { return second(q.Get(ctx)) })
		calls[name+".Put"] = suspends(func(ctx context.Context) error { return q.Put(ctx, 1) })
		calls[name+".Join"] = suspends(q.Join)
		all := suspends(func(ctx context.Context) error {
			for range q.All(ctx) {
				break
			}
			return nil
		})
		all.panics = true
		calls[name+".All"] = all
	}
	return calls, func() {
		task.Cancel(nil)
		future.Cancel(nil)
		task.Join(context.WithoutCancel(ctx))
	}
}

// callOf returns what the error of the call says that it is named: the queues share their calls.
func callOf(name string) string {
	return regexp.MustCompile(`^(LIFO|Priority)Queue`).ReplaceAllString(name, "Queue")
}

func TestMisuse_TheErrorNamesTheCall(t *testing.T) {
	withOtherLoop(t, func(ctx, other context.Context, t *testing.T) {
		calls, end := refusableCalls(ctx)
		defer end()
		check := func(place string, ctx context.Context, says string, want error) {
			for name, c := range calls {
				text := "asyncio: " + callOf(name) + ": " + says
				if special, ok := c.says[place]; ok {
					if special == worksThere {
						continue
					}
					text = "asyncio: " + name + ": " + special
				}
				var got error
				if v := panicOf(func() { got = c.call(ctx) }); v != nil {
					if !c.panics {
						t.Errorf("%s, %s: panic %v", name, place, v)
					}
					got, _ = v.(error)
				}
				if strings.Contains(name, "Queue.All") && got != nil { // the compiler may know which of the queues it is
					text = strings.Replace(text, callOf(name), strings.Split(got.Error(), ": ")[1], 1)
					if !strings.Contains(text, "Queue.All: ") {
						t.Errorf("%s, %s: the error names %s", name, place, text)
					}
				}
				if got == nil || got.Error() != text || want != nil && !errors.Is(got, want) {
					t.Errorf("%s, %s:\n got %v\nwant %v", name, place, got, text)
				}
				for _, e := range []error{asyncio.ErrNoLoop, asyncio.ErrWrongTask, asyncio.ErrWrongLoop, asyncio.ErrLoopClosed} {
					if e != want && errors.Is(got, e) {
						t.Errorf("%s, %s: %v matches %q too", name, place, got, e)
					}
				}
			}
		}
		check("nil", nil, saysNilContext, nil)
		check("other loop", other, saysOtherLoop, asyncio.ErrWrongLoop)
		check("other loop", context.WithValue(other, testKey{}, 1), saysOtherLoop, asyncio.ErrWrongLoop)
		elsewhere(func() {
			check("nil", nil, saysNilContext, nil)
			check("no loop", context.Background(), saysNoLoop, asyncio.ErrNoLoop)
			check("goroutine", ctx, saysOtherStep, asyncio.ErrWrongTask)
			check("goroutine", context.WithValue(ctx, testKey{}, 1), saysOtherStep, asyncio.ErrWrongTask)
		})
		called := asyncio.NewFuture[int](ctx)
		asyncio.LoopOf(ctx).CallSoon(func() {
			check("nil", nil, saysNilContext, nil)
			check("callback", ctx, saysCallback, asyncio.ErrWrongTask)
			check("other loop", other, saysOtherLoop, asyncio.ErrWrongLoop)
			called.SetResult(1)
		})
		await(ctx, t, called)
		asyncio.LoopOf(other).CallSoonThreadsafe(func() { check("other loop", ctx, saysOtherLoop, asyncio.ErrWrongLoop) })
		synctest.Wait()
		var closed context.Context
		elsewhere(func() {
			asyncio.Run(context.Background(), func(ctx context.Context) error { closed = ctx; return nil })
			check("closed", closed, saysClosed, asyncio.ErrLoopClosed)
		})
		check("closed", closed, saysClosed, asyncio.ErrLoopClosed)
	})
}

// No exported call with a ctx is left out of that table, but for those that never refuse one.
func TestMisuse_TheTableNamesEveryCall(t *testing.T) {
	api, err := os.ReadFile("../../api.txt")
	if err != nil {
		t.Fatal(err)
	}
	without := map[string]string{
		"Coro": "takes a function", "Coro0": "takes a function", "Group.Go": "takes a function", "Register": "takes a function",
		"LoopOf": "returns nil", "CurrentTask": "returns nil",
		"Coroutine.Await": "calls the function", "Proc.Await": "calls the function",
		"Progress": "does nothing off a call", "WithProgress": "takes any ctx", "Execute": "takes any ctx", "ExecuteThen": "takes any ctx",
		"Call.Context": "takes none", "Call.Run": "is called by executors", "ThreadPool.Start": "is called by Func",
		"Run": "see the error of a blocking call", "Loop.Run": "see the error of a blocking call",
	}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		calls, end := refusableCalls(ctx)
		defer end()
		line := regexp.MustCompile(`^asyncio: (?:func|method \(\*?(\w+)(?:\[.*?\])?\)) (\w+)(?:\[.*?\])?\(.*context\.Context`)
		tried := 0
		for l := range strings.Lines(string(api)) {
			m := line.FindStringSubmatch(l)
			if m == nil {
				continue
			}
			name := strings.TrimPrefix(strings.Replace(m[1], "queue", "Queue", 1)+"."+m[2], ".")
			if _, ok := calls[name]; ok {
				tried++
			} else if without[name] == "" {
				t.Errorf("%s is not in the table", name)
			}
		}
		if tried < 30 {
			t.Errorf("api.txt names %d calls", tried)
		}
	})
}

// A primitive that another loop uses: with the ctx of the caller's own loop, and without a ctx.
func TestMisuse_TheErrorOfAPrimitiveNamesTheCall(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		k := newKit()
		k.bind()
		k.generous()
		withoutCtx := func(says string, want error) {
			for _, c := range k.loopOnly() {
				name, _, _ := strings.Cut(callOf(c.name), "(")
				err, _ := panicOf(c.call).(error)
				if text := "asyncio: " + name + ": " + says; err == nil || err.Error() != text || !errors.Is(err, want) {
					t.Errorf("%s:\n got %v\nwant %s", c.name, err, text)
				}
			}
		}
		g := asyncio.OpenGroup(ctx)
		elsewhere(func() {
			withoutCtx(saysOffLoop, asyncio.ErrWrongTask)
			wantPanic(t, "Group.Go", func() { g.Go(forever) }, asyncio.ErrWrongTask, "asyncio: Group.Go: ", "Submit")
			wantPanic(t, "Group.Len", func() { g.Len() }, asyncio.ErrWrongTask, "asyncio: Group.Len: ")
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				withoutCtx(saysOtherUse, asyncio.ErrWrongLoop)
				wantPanic(t, "Group.Go", func() { g.Go(forever) }, asyncio.ErrWrongLoop, "asyncio: Group.Go: ", "Submit")
				wantPanic(t, "Group.Len", func() { g.Len() }, asyncio.ErrWrongLoop, "asyncio: Group.Len: ")
				if err := g.Close(ctx); err == nil || err.Error() != "asyncio: Group.Close: "+saysOtherUse {
					t.Errorf("Group.Close: %v", err)
				}
				for _, c := range append(k.suspending(), k.puts()...) {
					if c.name == "Recv" || c.name == "Send" {
						continue
					}
					err := c.call(ctx)
					if text := "asyncio: " + callOf(c.name) + ": " + saysOtherUse; err == nil || err.Error() != text || !errors.Is(err, asyncio.ErrWrongLoop) {
						t.Errorf("%s:\n got %v\nwant %s", c.name, err, text)
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	})
}

// What would block the loop is refused by its name, and names the task.
func TestMisuse_TheErrorOfABlockingCallNamesTheCall(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		bg := context.Background()
		var none context.Context
		task := asyncio.Go(ctx, forever)
		const says = `it would block the event loop, because this goroutine runs task "culprit"; `
		culprit := asyncio.Go(ctx, func(ctx context.Context) error {
			for text, err := range map[string]error{
				"asyncio: Sleep: " + says + "pass on the ctx of the coroutine":                               asyncio.Sleep(bg, time.Hour),
				"asyncio: Task.Join: " + says + "pass on the ctx of the coroutine":                           task.Join(bg),
				"asyncio: WaitFor: " + says + "pass on the ctx of the coroutine":                             second(asyncio.WaitFor(bg, time.Hour, task)),
				"asyncio: Run: " + says + "call main with the ctx of the coroutine, or Run by ToThread":      asyncio.Run(bg, forever),
				"asyncio: Loop.Run: " + says + "call main with the ctx of the coroutine, or Run by ToThread": asyncio.NewLoop().Run(bg, forever),
				"asyncio: Run: " + saysNilContext:                                                            asyncio.Run(none, forever),
				"asyncio: Loop.Run: the event loop is already running; make another with NewLoop":            asyncio.LoopOf(ctx).Run(bg, forever),
				"asyncio: Run: main must not be nil":                                                         asyncio.Run(bg, nil),
				"asyncio: Gather: argument 1 of 2 is nil":                                                    second(asyncio.Gather(ctx, task, nil)),
				"asyncio: WaitFor: aw is nil":                                                                second(asyncio.WaitFor[int](ctx, 1, nil)),
				"asyncio: Wait(WaitUntil(7)): until must be AllCompleted, FirstCompleted or FirstError":      waitErr(asyncio.Wait(ctx, asyncio.WaitUntil(7), task)),
				"asyncio: Wait: task 0 of 1 is nil":                                                          waitErr(asyncio.Wait(ctx, asyncio.AllCompleted, asyncio.AnyTask(nil))),
				"asyncio: Coroutine.Await: the coroutine is nil":                                             second(asyncio.Coroutine[int](nil).Await(ctx)),
				"asyncio: Proc.Await: the coroutine is nil":                                                  second(asyncio.Proc(nil).Await(ctx)),
			} {
				if err == nil || err.Error() != text {
					t.Errorf("\n got %v\nwant %s", err, text)
				}
			}
			return nil
		}, asyncio.Name("culprit"))
		await(ctx, t, culprit)
		task.Cancel(nil)
	})
}

func waitErr[A any](_, _ []A, err error) error { return err }

// Values out of range are named with what they must be.
func TestMisuse_TheErrorNamesTheValue(t *testing.T) {
	for text, call := range map[string]func(){
		"asyncio: NewLimiter(0): n must be at least 1":                                             func() { asyncio.NewLimiter(0) },
		"asyncio: NewBarrier(-1): n must be at least 1":                                            func() { asyncio.NewBarrier(-1) },
		"asyncio: NewSemaphore(0): n must be at least 1":                                           func() { asyncio.NewSemaphore(0) },
		"asyncio: NewThreadPool(0): workers must be at least 1":                                    func() { asyncio.NewThreadPool(0) },
		"asyncio: NewQueue(-1): max must be at least 0; 0 is no bound":                             func() { asyncio.NewQueue[int](-1) },
		"asyncio: NewLIFOQueue(-1): max must be at least 0; 0 is no bound":                         func() { asyncio.NewLIFOQueue[int](-1) },
		"asyncio: ChunkSize(0): n must be at least 1":                                              func() { asyncio.ChunkSize(0) },
		"asyncio: Window(0): n must be at least 1":                                                 func() { asyncio.Window(0) },
		"asyncio: WithShutdownTimeout(-1s): d must be at least 0":                                  func() { asyncio.WithShutdownTimeout(-time.Second) },
		"asyncio: WithStallThreshold(-1s): d must be at least 0; 0 switches the watch off":         func() { asyncio.WithStallThreshold(-time.Second) },
		"asyncio: Via(nil): l must not be nil; omit the option to use the loop's own limiter":      func() { asyncio.Via(nil) },
		"asyncio: Via: the limiter has no places; create it with NewLimiter":                       func() { asyncio.Via(&asyncio.Limiter{}) },
		"asyncio: Queue: not initialized; make it with NewQueue, NewPriorityQueue or NewLIFOQueue": func() { (&asyncio.Queue[int]{}).Len() },
		"asyncio: Semaphore: not initialized; make it with NewSemaphore":                           func() { (&asyncio.Semaphore{}).Release() },
		"asyncio: Barrier: not initialized; make it with NewBarrier":                               func() { (&asyncio.Barrier{}).Reset() },
		"asyncio: Condition: not initialized; make it with NewCondition":                           func() { (&asyncio.Condition{}).NotifyAll() },
		"asyncio: Group: not initialized; make it with OpenGroup":                                  func() { (&asyncio.Group{}).Len() },
		"asyncio: Submit: nil loop; LoopOf returns nil if ctx has none":                            func() { asyncio.Submit[int](nil, nil) },
	} {
		if got := fmt.Sprint(panicOf(call)); got != text {
			t.Errorf("\n got %s\nwant %s", got, text)
		}
	}
}

// Each method of a nil Loop and of a zero one panics with the name of the call, as do functions that take a Loop.
func TestMisuse_LoopsThatWereNotMade(t *testing.T) {
	nop := func() {}
	for name, call := range map[string]func(l *asyncio.Loop){
		"Loop.Run":                func(l *asyncio.Loop) { l.Run(context.Background(), forever) },
		"Loop.CallSoon":           func(l *asyncio.Loop) { l.CallSoon(nop) },
		"Loop.CallLater":          func(l *asyncio.Loop) { l.CallLater(0, nop) },
		"Loop.CallAt":             func(l *asyncio.Loop) { l.CallAt(time.Time{}, nop) },
		"Loop.CallSoonThreadsafe": func(l *asyncio.Loop) { l.CallSoonThreadsafe(nop) },
		"Loop.Tasks":              func(l *asyncio.Loop) { l.Tasks() },
		"Loop.Dump":               func(l *asyncio.Loop) { l.Dump(io.Discard) },
		"Loop.Trace":              func(l *asyncio.Loop) { l.Trace(io.Discard) },
		"Loop.Metrics":            func(l *asyncio.Loop) { l.Metrics() },
		"Loop.Stalls":             func(l *asyncio.Loop) { l.Stalls() },
		"Submit":                  func(l *asyncio.Loop) { asyncio.Submit(l, func(context.Context) (int, error) { return 0, nil }) },
	} {
		for want, l := range map[string]*asyncio.Loop{
			"asyncio: " + name + ": nil loop; LoopOf returns nil if ctx has none": nil,
			"asyncio: " + name + ": loop not initialized; make it with NewLoop":   new(asyncio.Loop),
		} {
			if got := fmt.Sprint(panicOf(func() { call(l) })); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		}
	}
	for want, h := range map[string]*asyncio.Handle{
		"asyncio: Handle.Cancel: nil handle": nil,
		"asyncio: Handle.Cancel: handle not initialized; make it with Loop.CallSoon, CallLater or CallAt": new(asyncio.Handle),
	} {
		if got := fmt.Sprint(panicOf(func() { h.Cancel() })); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}

// The package is named once, also where the value of a panic names it.
func TestMisuse_APanicsTextHasOnePrefix(t *testing.T) {
	for want, v := range map[string]any{
		"asyncio: panic: Go: nil function":      "asyncio: Go: nil function",
		"asyncio: panic: boom":                  errBoom,
		"asyncio: panic: my asyncio: is mine":   "my asyncio: is mine",
		"asyncio: panic: deadlock ...":          errors.New("asyncio: deadlock\nof two"),
		"asyncio: panic: aionet: Conn: is open": errors.New("aionet: Conn: is open"),
		"asyncio: panic: Sleep: " + saysNoLoop:  errors.New("asyncio: Sleep: " + saysNoLoop),
	} {
		if got := (&asyncio.PanicError{Value: v}).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	err := runVirtual(t, func(ctx context.Context) error {
		return asyncio.Go(ctx, func(ctx context.Context) error { asyncio.Go(ctx, nil); return nil }).Join(ctx)
	}, asyncio.WithPanicsAsErrors())
	if err == nil || err.Error() != "asyncio: panic: Go: nil function" {
		t.Errorf("Run: %v", err)
	}
}

// A function that is not registered in the process that is to run it.
func TestMisuse_TheErrorOfAnUnknownFunction(t *testing.T) {
	_, err := asyncio.Execute(context.Background(), "test.late", nil)
	wantErr(t, "Execute", err, asyncio.ErrNotRegistered)
	wantClear(t, "Execute", err, `Execute("test.late")`, fmt.Sprintf("in process %d", os.Getpid()), "test.echo-int", "call Register in a package-level variable")
}

// Errors of misuse, such as of a zero Task or Future, name the call that is right.
func TestMisuse_TheErrorNamesTheRemedy(t *testing.T) {
	const future, task = "not initialized; make it with NewFuture", "not initialized; make it with CreateTask, Go or Submit"
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var ended context.Context
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { ended = ctx; return nil })
		group := asyncio.OpenGroup(ctx)
		group.Close(ctx)
		const over = "the scope has ended; create the task in a scope that is open, or with the ctx of Detach"
		var lock asyncio.Lock
		lock.Acquire(ctx)
		defer lock.Release()
		for name, c := range map[string]struct {
			call func() error
			says string
		}{
			"Future.Await":         {func() error { return second(new(asyncio.Future[int]).Await(ctx)) }, "Future.Await: " + future},
			"Future.Await outside": {func() error { return second(new(asyncio.Future[int]).Await(context.Background())) }, "Future.Await: " + future},
			"WaitFor":              {func() error { return second(asyncio.WaitFor(ctx, time.Hour, new(asyncio.Future[int]))) }, "WaitFor: " + future},
			"Future.SetResult":     {func() error { new(asyncio.Future[int]).SetResult(1); return nil }, "Future.SetResult: " + future},
			"Future.SetError":      {func() error { new(asyncio.Future[int]).SetError(errBoom); return nil }, "Future.SetError: " + future},
			"Future.Cancel":        {func() error { new(asyncio.Future[int]).Cancel(nil); return nil }, "Future.Cancel: " + future},
			"Future.OnDone":        {func() error { new(asyncio.Future[int]).OnDone(func() {}); return nil }, "Future.OnDone: " + future},
			"Task.Await":           {func() error { return second(new(asyncio.Task[int]).Await(ctx)) }, "Task.Await: " + task},
			"Task.Join":            {func() error { return new(asyncio.Task[int]).Join(ctx) }, "Task.Join: " + task},
			"Task.Join outside":    {func() error { return new(asyncio.Task[int]).Join(context.Background()) }, "Task.Join: " + task},
			"Task.Cancel":          {func() error { new(asyncio.Task[int]).Cancel(nil); return nil }, "Task.Cancel: " + task},
			"Task.OnDone":          {func() error { new(asyncio.Task[int]).OnDone(func() {}); return nil }, "Task.OnDone: " + task},
			"CreateTask":           {func() error { return asyncio.CreateTask(ended, after(1, 1, nil)).Err() }, "CreateTask: " + over},
			"Go":                   {func() error { return asyncio.Go(ended, forever).Err() }, "Go: " + over},
			"Group.Go":             {func() error { return group.Go(forever).Err() }, "Group.Go: " + over},
			"Lock.Acquire": {func() error { return lock.Acquire(ctx) },
				`deadlock: task "main" waits for a lock held by itself; a Lock is not re-entrant: release it before Lock.Acquire, or use TryAcquire`},
		} {
			var err error
			if v := panicOf(func() { err = c.call() }); v != nil {
				err, _ = v.(error)
			}
			if err == nil || err.Error() != "asyncio: "+c.says {
				t.Errorf("%s:\n got %v\nwant asyncio: %s", name, err, c.says)
			}
		}
	})
}
