package semantics_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

var errTooDark = asyncio.RegisterError("test.too-dark", errors.New("too dark"))

// behave is a function whose argument selects what it does.
var behave = asyncio.Register("test.behave", func(ctx context.Context, what string) (string, error) {
	switch what {
	case "fail":
		return "lost", errTooDark
	case "panic":
		panic("unlucky")
	case "panic with an error":
		panic(errTooDark)
	case "exit":
		runtime.Goexit()
	case "wait":
		<-ctx.Done()
		return "", context.Cause(ctx)
	case "wait and return":
		<-ctx.Done()
		return "in time", nil
	case "deadline":
		at, ok := ctx.Deadline()
		if !ok {
			return "none", nil
		}
		return at.UTC().Format(time.RFC3339Nano), nil
	case "loop":
		if asyncio.LoopOf(ctx) != nil {
			return "has a loop", nil
		}
	}
	return what, nil
})

func TestFunc_Outcomes(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		if v, err := behave.Call(ctx, exec, "loop"); v != "loop" || err != nil {
			t.Errorf("Call gave %q, %v", v, err)
		}
		v, err := behave.Call(ctx, exec, "fail")
		wantErr(t, "fail", err, errTooDark)
		if v != "" {
			t.Errorf("a result beside the error: %q", v)
		}
		for _, what := range []string{"panic", "panic with an error"} {
			_, err := behave.Call(ctx, exec, what)
			var p *asyncio.PanicError
			if !errors.As(err, &p) || !strings.Contains(string(p.Stack), "function_call_test.go") {
				t.Errorf("%s: error %v, want a PanicError with the function's stack", what, err)
			}
			if isError := what != "panic"; errors.Is(err, errTooDark) != isError {
				t.Errorf("%s: errors.Is finds the error in %v: %t, want %t", what, err, !isError, isError)
			}
		}
		if _, err := behave.Call(ctx, exec, "exit"); err == nil || !strings.Contains(err.Error(), "runtime.Goexit") {
			t.Errorf("exit: error %v, want one that names runtime.Goexit", err)
		}
		if v, err := behave.Call(ctx, exec, "again"); v != "again" || err != nil {
			t.Errorf("after all that: %q, %v", v, err)
		}
	})
}

func TestSubmit_CreatesATask(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		task := behave.Submit(ctx, exec, "x")
		if task.Name() != "test.behave" || task.Err() != asyncio.ErrNotDone {
			t.Errorf("task %q, error %v", task.Name(), task.Err())
		}
		if v := await(ctx, t, task); v != "x" {
			t.Errorf("Await gave %q", v)
		}
		wantErr(t, "in a group", asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			behave.Submit(ctx, exec, "wait")
			behave.Submit(ctx, exec, "fail")
			return nil
		}), errTooDark)
	})
}

func TestFunc_NilExecutor(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var typedNil *asyncio.ThreadPool
		for name, exec := range map[string]asyncio.Executor{"nil": nil, "typed nil": typedNil} {
			_, err := echoInt.Call(ctx, exec, 1)
			wantErr(t, name+": Call", err, asyncio.ErrNoExecutor)
			_, err = echoInt.Submit(ctx, exec, 1).Await(ctx)
			wantErr(t, name+": Submit", err, asyncio.ErrNoExecutor)
			n := 0
			for _, err := range echoInt.Map(ctx, exec, func(func(int) bool) { t.Error("args was read") }) {
				wantErr(t, name+": Map", err, asyncio.ErrNoExecutor)
				n++
			}
			if n != 1 {
				t.Errorf("%s: Map gave %d elements, want 1", name, n)
			}
		}
	})
}

// misused checks Call, Submit and Map in a goroutine where they cannot suspend.
func misused(ctx context.Context, t *testing.T, where string, want error) {
	exec := &remote{}
	_, err := echoInt.Call(ctx, exec, 1)
	wantErr(t, where+": Call", err, want)
	n := 0
	for _, err := range echoInt.Map(ctx, exec, func(func(int) bool) { t.Error("args was read") }) {
		wantErr(t, where+": Map", err, want)
		n++
	}
	if n != 1 {
		t.Errorf("%s: Map gave %d elements, want 1", where, n)
	}
	wantErr(t, where+": Start of a pool", asyncio.NewThreadPool(1).Start(ctx, new(asyncio.Call)), want)
	if n := exec.calls.Load(); n != 0 {
		t.Errorf("%s: %d calls were started", where, n)
	}
}

func TestFunc_WithoutALoop(t *testing.T) {
	misused(t.Context(), t, "off the loop", asyncio.ErrNoLoop)
	if v := panicOf(func() { echoInt.Submit(t.Context(), &remote{}, 1) }); v == nil {
		t.Error("Submit off the loop did not panic")
	}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		asyncio.ToThread(ctx, func(context.Context) (struct{}, error) {
			misused(ctx, t, "in another goroutine", asyncio.ErrWrongTask)
			return struct{}{}, nil
		})
		var called asyncio.Event
		asyncio.LoopOf(ctx).CallSoon(func() {
			misused(ctx, t, "in a callback", asyncio.ErrWrongTask)
			called.Set()
		})
		called.Wait(ctx)
		limited, cancel := context.WithCancel(ctx)
		cancel()
		misused(limited, t, "with a cancelled ctx", context.Canceled)
	})
}

func TestFunc_CancelWhileRunning(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		ctx, cancel := context.WithCancelCause(ctx)
		failing, inTime := behave.Submit(ctx, exec, "wait"), behave.Submit(ctx, exec, "wait and return")
		turns(ctx, t, 1)
		cancel(errTooDark)
		rest := context.WithoutCancel(ctx)
		wantErr(t, "the cause, as the function saw it", second(failing.Await(rest)), errTooDark)
		if v := await(rest, t, inTime); v != "in time" {
			t.Errorf("the value of a cancelled call: %q, want what the function returned", v)
		}
		_, err := behave.Call(ctx, exec, "x")
		if err != context.Canceled {
			t.Errorf("a call with the cancelled ctx: %v", err)
		}
	})
}

func TestFunc_CancelBeforeStart(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		exec := &remote{}
		task := behave.Submit(ctx, exec, "x")
		task.Cancel(errWhy)
		wantErr(t, "the task", second(task.Await(ctx)), asyncio.ErrTaskCancelled, errWhy)
		if n := exec.calls.Load(); n != 0 {
			t.Errorf("%d calls were started", n)
		}
	})
}

func TestFunc_Deadline(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		if v, err := behave.Call(ctx, exec, "deadline"); v != "none" || err != nil {
			t.Errorf("without a deadline: %q, %v", v, err)
		}
		limited, cancel := asyncio.WithTimeout(ctx, time.Hour)
		defer cancel()
		at, _ := limited.Deadline()
		if v, err := behave.Call(limited, exec, "deadline"); v != at.UTC().Format(time.RFC3339Nano) || err != nil {
			t.Errorf("the function's deadline is %q, %v; want %v", v, err, at)
		}
		wantErr(t, "after the deadline", second(behave.Call(limited, exec, "wait")), context.DeadlineExceeded)
		if asyncio.LoopOf(ctx).Now().Before(at) {
			t.Error("it ended before the deadline")
		}
	})
}

// TestFunc_WithoutCancel: a call with context.WithoutCancel is not cancelled with its task.
func TestFunc_WithoutCancel(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		k := &keeper{}
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return echoInt.Call(context.WithoutCancel(ctx), k, 7)
		})
		turns(ctx, t, 1)
		task.Cancel(nil)
		turns(ctx, t, 3)
		c := k.calls[0]
		if err := c.Context().Err(); err != nil {
			t.Errorf("the call's context: %v", err)
		}
		c.Finish(asyncio.Execute(c.Context(), c.Func(), c.Arg()))
		if v := await(ctx, t, task); v != 7 {
			t.Errorf("result %d, want 7", v)
		}
	})
}
