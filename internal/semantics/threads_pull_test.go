package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S20, second part: sequences. In one of asyncio.Pull the goroutine of the sequence is the task's, and may do all
// that the task may. In one of iter.Pull awaits are refused, whoever resumed it.

var errLeft = errors.New("the iterator ended before its body did")

// pulled calls fn in a sequence of asyncio.Pull, rawPulled in one of iter.Pull.
func pulled(fn func()) error    { return pulledBy(asyncio.Pull[int], fn) }
func rawPulled(fn func()) error { return pulledBy(iter.Pull[int], fn) }

func pulledBy(pull func(iter.Seq[int]) (func() (int, bool), func()), fn func()) error {
	next, stop := pull(func(yield func(int) bool) {
		fn()
		yield(1)
	})
	defer stop()
	if _, ok := next(); !ok {
		return errLeft
	}
	return nil
}

func TestS20_AwaitsInsideAPullAreLegal(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		one := asyncio.Coroutine[int](func(ctx context.Context) (int, error) { return 1, asyncio.Sleep(ctx, time.Second) })
		f := asyncio.NewFuture[int](ctx)
		asyncio.LoopOf(ctx).CallLater(time.Second, func() { f.SetResult(1) })
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			me := asyncio.CurrentTask(ctx)
			return pulled(func() {
				if asyncio.CurrentTask(ctx) != me {
					t.Errorf("CurrentTask: %v, want that of the coroutine", asyncio.CurrentTask(ctx))
				}
				std, cancel := context.WithTimeout(ctx, time.Hour)
				defer cancel()
				for _, c := range []context.Context{ctx, std} {
					for name, err := range map[string]error{
						"Sleep":         asyncio.Sleep(c, time.Second),
						"Sleep 0":       asyncio.Sleep(c, 0),
						"Checkpoint":    asyncio.Checkpoint(c),
						"CreateTask":    second(asyncio.CreateTask(c, one).Await(c)),
						"Future.Await":  second(f.Await(c)),
						"Gather":        second(asyncio.Gather(c, one, one)),
						"GatherResults": asyncio.GatherResults(c, one)[0].Err,
						"WaitFor":       second(asyncio.WaitFor(c, time.Minute, one)),
						"WithTaskGroup": asyncio.WithTaskGroup(c, func(ctx context.Context) error { asyncio.CreateTask(ctx, one); return asyncio.Sleep(ctx, 1) }),
						"ToThread":      offLoop(c, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) }),
						"a time-out":    asyncio.Sleep(without(asyncio.WithTimeout(c, time.Minute)), time.Second),
					} {
						if err != nil {
							t.Errorf("%s: %v", name, err)
						}
					}
				}
				asyncio.LoopOf(ctx).CallSoon(func() {})
			})
		})
		await(ctx, t, task)
	})
}

// The generator awaits between two values, and so does its consumer; other tasks run meanwhile.
func TestS20_AGeneratorThatAwaits(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		numbers := func(ctx context.Context) iter.Seq[int] {
			return func(yield func(int) bool) {
				for i := range 5 {
					if asyncio.Sleep(ctx, time.Second) != nil || !yield(i) {
						return
					}
				}
			}
		}
		consume := func(ctx context.Context) (sum int, err error) {
			next, stop := asyncio.Pull(numbers(ctx))
			defer stop()
			for v, ok := next(); ok; v, ok = next() {
				sum += v
				asyncio.Sleep(ctx, time.Second)
			}
			return sum, ctx.Err()
		}
		start := time.Now()
		sums, err := asyncio.Gather(ctx, asyncio.Coroutine[int](consume), asyncio.Coroutine[int](consume), asyncio.Coroutine[int](consume))
		if err != nil {
			t.Fatal(err)
		}
		for _, sum := range sums {
			if sum != 10 {
				t.Errorf("sums %v, want 10 each", sums)
			}
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("three consumers side by side took %v, want 10s", took)
		}
	})
}

func TestS20_PullsWithinEachOther(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			return pulled(func() {
				asyncio.Sleep(ctx, time.Second)
				err := pulled(func() {
					if err := asyncio.Sleep(ctx, time.Second); err != nil {
						t.Errorf("in a Pull in a Pull: %v", err)
					}
				})
				if err != nil {
					t.Error(err)
				}
				asyncio.Sleep(ctx, time.Second)
			})
		})
		await(ctx, t, task)
	})
}

// Failures within it do all that they do elsewhere.
func TestS20_FailuresInsideAPull(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		fail := func(context.Context) error { return errBroken }
		await(ctx, t, asyncio.Go(ctx, func(ctx context.Context) error {
			return pulled(func() {
				var child error
				err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					asyncio.Go(ctx, func(ctx context.Context) error { child = forever(ctx); return child })
					turns(ctx, t, 1)
					return errBroken
				})
				wantErr(t, "a group whose body fails", err, errBroken)
				wantErr(t, "its child", child, context.Canceled)
				err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { asyncio.Go(ctx, fail); return forever(ctx) })
				wantErr(t, "a group whose child fails", err, errBroken)
				wantErr(t, "Gather", second(asyncio.Gather(ctx, asyncio.Proc(forever), asyncio.Proc(fail))), errBroken)
				wantErr(t, "WaitFor", second(asyncio.WaitFor(ctx, time.Second, asyncio.Proc(forever))), context.DeadlineExceeded)
			})
		}))
	})
}

func TestS20_PanicAndGoexitInsideAPull(t *testing.T) {
	captureStderr(t)
	within := func(fn func()) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			return pulled(func() {
				asyncio.Sleep(ctx, 0)
				fn()
			})
		}
	}
	if e := runPanics(t, within(func() { panic("in a Pull") })); e.Value != "in a Pull" {
		t.Errorf("Run panicked with %v", e.Value)
	}
	if how, v := endOf(func() { asyncio.Run(context.Background(), within(runtime.Goexit)) }); how != itExited {
		t.Errorf("Goexit in a Pull: Run %s (%v), want that it exited", how, v)
	}
}

func TestS20_ACancellationReachesTheAwaitInsideAPull(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var got error
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			if err := pulled(func() { got = forever(ctx) }); err != nil {
				return err
			}
			return got
		})
		turns(ctx, t, 1)
		task.Cancel(nil)
		_, err := task.Await(ctx)
		wantErr(t, "the task", err, asyncio.ErrTaskCancelled)
		if got != context.Canceled {
			t.Errorf("the await: %v, want context.Canceled", got)
		}
	})
}

// A sequence is resumed by several tasks in turn: it awaits in the one that calls next.
func TestS20_TasksMayCallNextInTurn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		next, stop := asyncio.Pull(func(yield func(string) bool) {
			for asyncio.Sleep(ctx, time.Second) == nil && yield(asyncio.CurrentTask(ctx).Name()) {
			}
		})
		defer stop()
		for _, name := range []string{"one", "two", "one"} {
			await(ctx, t, asyncio.Go(ctx, func(context.Context) error {
				if got, ok := next(); got != name || !ok {
					t.Errorf("in task %q: %q, %v", name, got, ok)
				}
				return nil
			}, asyncio.Name(name)))
		}
	})
}

// Two calls at once, and a call of another task inside of what the first task has entered, are a misuse.
func TestS20_PullRefusesASecondCaller(t *testing.T) {
	inside := map[string]func(ctx context.Context, yield func(int) bool) error{
		"a task group": func(ctx context.Context, yield func(int) bool) error {
			return asyncio.WithTaskGroup(ctx, func(context.Context) error { yield(1); return nil })
		},
		"WaitFor": func(ctx context.Context, yield func(int) bool) error {
			return second(asyncio.WaitFor(ctx, time.Hour, asyncio.Proc(func(context.Context) error { yield(1); return nil })))
		},
		"AsCompleted": func(ctx context.Context, yield func(int) bool) error {
			for range asyncio.AsCompleted(ctx, after(time.Second, 1, nil), after(2*time.Second, 1, nil)) {
				yield(1)
			}
			return nil
		},
	}
	for name, enter := range inside {
		for _, call := range []string{"next", "stop"} {
			t.Run(call+" in "+name, func(t *testing.T) {
				asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
					next, stop := asyncio.Pull(func(yield func(int) bool) { enter(ctx, yield) })
					calls := map[string]func(){"next": func() { next() }, "stop": stop}
					next()
					await(ctx, t, asyncio.Go(ctx, func(context.Context) error {
						wantPanic(t, call, calls[call], asyncio.ErrWrongTask)
						return nil
					}))
					asyncio.LoopOf(ctx).CallSoon(func() { wantPanic(t, call+" in a callback", calls[call], asyncio.ErrWrongTask) })
					turns(ctx, t, 2)
					if _, ok := next(); ok != (name == "AsCompleted") {
						t.Errorf("the task that entered it: another value %v", ok)
					}
					stop()
				})
			})
		}
	}
	t.Run("at once", func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			next, stop := asyncio.Pull(func(yield func(int) bool) {
				asyncio.Sleep(ctx, time.Second)
				yield(1)
			})
			defer stop()
			first := asyncio.Go(ctx, func(context.Context) error { next(); return nil })
			turns(ctx, t, 1)
			wantPanic(t, "next", func() { next() }, asyncio.ErrWrongTask, "Pull")
			wantPanic(t, "stop", stop, asyncio.ErrWrongTask, "Pull")
			offLoop(ctx, func(context.Context) error {
				wantPanic(t, "next in a thread", func() { next() }, asyncio.ErrWrongTask)
				return nil
			})
			await(ctx, t, first)
		})
	})
}

// What a sequence of iter.Pull awaits is refused in the task that resumes it, in every kind of call.
func TestS20_AwaitsInsideTheUsersIterPullAreRefused(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		calls, end, used := suspendingCalls(ctx)
		defer end()
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			return rawPulled(func() {
				for _, call := range calls {
					err := call.call(ctx)
					wantErr(t, call.name, err, asyncio.ErrWrongTask)
					if err != nil && !strings.Contains(err.Error(), "asyncio.Pull") {
						t.Errorf("%s: %v does not name asyncio.Pull", call.name, err)
					}
				}
				if task := asyncio.CurrentTask(ctx); task != nil {
					t.Errorf("CurrentTask: %v, want nil", task)
				}
				wantPanic(t, "CreateTask", func() { asyncio.Go(ctx, forever) }, asyncio.ErrWrongTask)
			})
		})
		await(ctx, t, task)
		if *used != 0 {
			t.Errorf("%d functions were entered", *used)
		}
	})
}

// A goroutine that resumes a sequence while a task's step runs gets no turn of the loop by it.
func TestS20_ASequenceOfATaskResumedByAThreadIsForeign(t *testing.T) {
	for name, pull := range map[string]func(iter.Seq[error]) (func() (error, bool), func()){"iter.Pull": iter.Pull[error], "asyncio.Pull": asyncio.Pull[error]} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				other := asyncio.Go(ctx, func(context.Context) error { return nil })
				next, stop := pull(func(yield func(error) bool) {
					yield(nil)
					yield(asyncio.Sleep(ctx, 0))
				})
				defer stop()
				next()
				done := make(chan error)
				go func() {
					err, _ := next()
					done <- err
				}()
				wantErr(t, "Sleep", <-done, asyncio.ErrWrongTask)
				if other.Err() != asyncio.ErrNotDone {
					t.Error("another task ran during the step")
				}
				await(ctx, t, other)
			})
		})
	}
}

// Off the loop Pull does what iter.Pull does.
func TestPullOffTheLoopIsIterPull(t *testing.T) {
	type result struct {
		trace []string
		value any
		how   string
	}
	do := func(pull func(iter.Seq[int]) (func() (int, bool), func()), use func(next func() (int, bool), stop func(), trace func(string, ...any)), body func(yield func(int) bool, trace func(string, ...any))) (r result) {
		trace := func(format string, args ...any) { r.trace = append(r.trace, fmt.Sprintf(format, args...)) }
		r.how, r.value = endOf(func() {
			next, stop := pull(func(yield func(int) bool) {
				defer trace("the body ends")
				body(yield, trace)
			})
			use(next, stop, trace)
		})
		return r
	}
	three := func(yield func(int) bool, trace func(string, ...any)) {
		for i := range 3 {
			if !yield(i) {
				trace("yield returned false, then %v", yield(i))
				return
			}
		}
	}
	all := func(next func() (int, bool), _ func(), trace func(string, ...any)) {
		for range 5 {
			v, ok := next()
			trace("%d, %v", v, ok)
		}
	}
	early := func(next func() (int, bool), stop func(), trace func(string, ...any)) {
		next()
		stop()
		stop()
		v, ok := next()
		trace("after stop: %d, %v", v, ok)
	}
	never := func(next func() (int, bool), stop func(), trace func(string, ...any)) {
		stop()
		v, ok := next()
		trace("%d, %v", v, ok)
	}
	panics := func(yield func(int) bool, _ func(string, ...any)) { yield(1); panic("in the body") }
	exits := func(yield func(int) bool, _ func(string, ...any)) { yield(1); runtime.Goexit() }
	for _, c := range []struct {
		name string
		use  func(next func() (int, bool), stop func(), trace func(string, ...any))
		body func(yield func(int) bool, trace func(string, ...any))
	}{{"to the end", all, three}, {"stopped", early, three}, {"stopped before it begins", never, three},
		{"a panic in next", all, panics}, {"a panic in stop", early, panics}, {"a Goexit in next", all, exits}, {"a Goexit in stop", early, exits}} {
		got, want := do(asyncio.Pull[int], c.use, c.body), do(iter.Pull[int], c.use, c.body)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
}

// A panic in the body of a sequence that a task resumes keeps the stack of the body.
func TestAPanicInAPullKeepsItsStack(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		next, _ := asyncio.Pull2(func(yield func(int, string) bool) {
			yield(1, "one")
			asyncio.Sleep(ctx, time.Second)
			brokenBody()
		})
		if k, v, ok := next(); k != 1 || v != "one" || !ok {
			t.Errorf("got %d, %q, %v", k, v, ok)
		}
		err, _ := panicOf(func() { next() }).(error)
		var p *asyncio.PanicError
		if !errors.As(err, &p) || p.Value != "broken body" || !strings.Contains(string(p.Stack), "brokenBody") {
			t.Errorf("panic %v, want a PanicError with the stack of brokenBody", err)
		}
		if _, _, ok := next(); ok {
			t.Error("a value came after the panic")
		}
	})
}

func brokenBody() { panic("broken body") }

// stop lets the body await to its end.
func TestStopOfAPullWaitsForTheBody(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start, ended := time.Now(), time.Duration(0)
		next, stop := asyncio.Pull(func(yield func(int) bool) {
			defer func() { ended = time.Since(start) }()
			err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) })
				yield(1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		next()
		stop()
		if ended != time.Second {
			t.Errorf("stop returned after %v, want 1s", ended)
		}
	})
}

// The goroutine of a step is recognised whatever it runs in; that of somebody else is not, whatever it runs in.
func TestS20_AnIterPullInAForeignGoroutineIsForeign(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		calls, end, used := suspendingCalls(ctx)
		defer end()
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			done := make(chan error)
			go func() {
				done <- rawPulled(func() {
					for _, call := range calls {
						wantErr(t, call.name, call.call(ctx), asyncio.ErrWrongTask)
					}
				})
			}()
			return <-done // the step goes on
		})
		await(ctx, t, task)
		turns(ctx, t, 3)
		if *used != 0 {
			t.Errorf("%d functions were entered", *used)
		}
	})
}

// The same for an iter.Pull in a task of another loop.
func TestS20_AnIterPullInATaskOfAnotherLoopIsForeign(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		inner := make(chan error)
		go func() {
			inner <- asyncio.Run(context.Background(), func(context.Context) error {
				return rawPulled(func() { wantErr(t, "Sleep", asyncio.Sleep(ctx, 0), asyncio.ErrWrongTask) })
			})
		}()
		return <-inner // while this loop runs a step
	})
	if err != nil {
		t.Error(err)
	}
}

// A dump names the line of the sequence's body that awaits, and so does the error of a Run that gives the task up.
func TestDumpNamesTheAwaitInAPull(t *testing.T) {
	site := ""
	consume := func(ctx context.Context) error {
		next, _ := asyncio.Pull(func(yield func(int) bool) {
			next, _ := asyncio.Pull(func(yield func(int) bool) {
				_, file, line, _ := runtime.Caller(0)
				site = fmt.Sprintf("%s:%d", file, line+2)
				asyncio.Sleep(context.WithoutCancel(ctx), time.Hour)
			})
			next()
		})
		next()
		return nil
	}
	var dump strings.Builder
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		asyncio.Go(ctx, consume)
		turns(ctx, t, 2)
		return asyncio.LoopOf(ctx).Dump(&dump)
	}, asyncio.WithShutdownTimeout(time.Millisecond))
	if !strings.Contains(dump.String(), "waits (sleep) at "+site) {
		t.Errorf("the dump does not name %s:\n%s", site, dump.String())
	}
	if err == nil || !strings.Contains(err.Error(), "parked in sleep at "+site) {
		t.Errorf("the error does not name %s:\n%v", site, err)
	}
}
