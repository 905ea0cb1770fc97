package conformance

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The texts of a trace, and helpers of many programs. programs/harness.py has the same functions.

// A logger appends a line to the trace of the running program. It has no lock: only code on the
// loop, or in a thread that the loop waits for, may call it.
type logger func(format string, args ...any)

// boom is an error of the programs.
type boom string

func (b boom) Error() string { return string(b) }

// describe formats an error for a trace.
func describe(err error) string {
	var raised boom
	switch {
	case isGroup(err):
		var parts []string
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			parts = append(parts, describe(e))
		}
		return "group(" + strings.Join(parts, ", ") + ")"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, asyncio.ErrNotDone):
		return "invalid state"
	case errors.Is(err, asyncio.ErrQueueShutdown):
		return "shut down"
	case errors.Is(err, asyncio.ErrDeadlock):
		return "deadlock"
	case errors.Is(err, asyncio.ErrBarrierBroken):
		return "broken"
	case errors.As(err, &raised):
		return string(raised)
	}
	return err.Error()
}

// isGroup reports whether err is from errors.Join, as the errors of a task group are.
func isGroup(err error) bool {
	return reflect.TypeOf(err) == reflect.TypeOf(errors.Join(boom("")))
}

// show formats a value for a trace.
func show(v any) string { return fmt.Sprint(v) }

// showResults formats the results of GatherResults.
func showResults[T any](results []asyncio.Result[T]) string {
	parts := make([]string, len(results))
	for i, r := range results {
		if r.Err != nil {
			parts[i] = describe(r.Err)
		} else {
			parts[i] = show(r.Value)
		}
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// text formats the value of an await that must succeed.
func text[T any](v T, err error) string {
	if err != nil {
		return "raised " + describe(err)
	}
	return show(v)
}

// outcome formats the outcome of an await.
func outcome[T any](v T, err error) string {
	if err != nil {
		return "raised " + describe(err)
	}
	if _, ok := any(v).(struct{}); ok {
		return "ok"
	}
	return "returned " + show(v)
}

// ended is outcome for an await without a value.
func ended(err error) string { return outcome(struct{}{}, err) }

// state formats the state of a task or future, without awaiting it.
func state[T any](t interface{ Result() (T, error) }) string {
	v, err := t.Result()
	switch {
	case errors.Is(err, asyncio.ErrNotDone):
		return "pending"
	case errors.Is(err, asyncio.ErrTaskCancelled):
		return "cancelled"
	case err != nil:
		return "failed " + describe(err)
	}
	if _, ok := any(v).(struct{}); ok {
		return "done"
	}
	return "done " + show(v)
}

// cancelledOrFailed is state for a task that has failed in any way.
func cancelledOrFailed(t asyncio.AnyTask) string {
	if errors.Is(t.Err(), asyncio.ErrTaskCancelled) {
		return "cancelled"
	}
	return "failed"
}

// bubbleStart is the instant at which the clock of a testing/synctest bubble begins.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// now returns the time since the beginning of the program, in seconds.
func now(ctx context.Context) float64 {
	return asyncio.LoopOf(ctx).Now().Sub(bubbleStart).Seconds()
}

// clock formats now.
func clock(ctx context.Context) string { return fmt.Sprintf("at %g", now(ctx)) }

// seconds returns a duration of whole seconds.
func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func sleep(ctx context.Context, n int) error { return asyncio.Sleep(ctx, seconds(n)) }

// sleeper sleeps, logs how the sleep ended, and returns its name.
func sleeper(log logger, name string, delay int) asyncio.Coroutine[string] {
	return func(ctx context.Context) (string, error) {
		log("%s start", name)
		if err := sleep(ctx, delay); err != nil {
			log("%s cancelled", name)
			return "", err
		}
		log("%s end", name)
		return name, nil
	}
}

// failer sleeps, then fails with its name.
func failer(log logger, name string, delay int) asyncio.Coroutine[string] {
	return func(ctx context.Context) (string, error) {
		log("%s start", name)
		if err := sleep(ctx, delay); err != nil {
			log("%s cancelled", name)
			return "", err
		}
		log("%s fails", name)
		return "", boom(name)
	}
}

// cleaner sleeps. After a cancellation it cleans up for some time, and then returns the
// cancellation.
func cleaner(log logger, name string, delay, cleanup int) asyncio.Coroutine[string] {
	return func(ctx context.Context) (string, error) {
		log("%s start", name)
		if err := sleep(ctx, delay); err != nil {
			log("%s cleans up", name)
			sleep(context.WithoutCancel(ctx), cleanup)
			log("%s cleaned up", name)
			return "", err
		}
		log("%s end", name)
		return name, nil
	}
}

// stubborn sleeps. After a cancellation it returns a value.
func stubborn(log logger, name string, delay int) asyncio.Coroutine[string] {
	return func(ctx context.Context) (string, error) {
		log("%s start", name)
		if err := sleep(ctx, delay); err != nil {
			log("%s swallows the cancel", name)
			return name + " anyway", nil
		}
		log("%s end", name)
		return name, nil
	}
}

// yielder yields a number of times.
func yielder(log logger, name string, turns int) asyncio.Coroutine[string] {
	return func(ctx context.Context) (string, error) {
		log("%s start", name)
		for n := 1; n <= turns; n++ {
			if err := sleep(ctx, 0); err != nil {
				return "", err
			}
			log("%s after %d", name, n)
		}
		return name, nil
	}
}

// fails returns an error with its name at once.
func fails(log logger, name string) asyncio.Coroutine[string] {
	return func(context.Context) (string, error) {
		log("%s fails", name)
		return "", boom(name)
	}
}

// sore sleeps. After a cancellation it fails with its name.
func sore(log logger, name string) asyncio.Coroutine[struct{}] {
	return func(ctx context.Context) (struct{}, error) {
		if err := sleep(ctx, 9); err != nil {
			log("%s fails on its way out", name)
			return struct{}{}, boom(name)
		}
		return struct{}{}, nil
	}
}

// countTurns logs a line in each of the next iterations. The future is done in the last one. A
// program that awaits it before its end has the same number of iterations on both sides.
func countTurns(ctx context.Context, log logger, turns int) *asyncio.Future[struct{}] {
	loop := asyncio.LoopOf(ctx)
	last := asyncio.NewFuture[struct{}](ctx)
	var tick func(n int) func()
	tick = func(n int) func() {
		return func() {
			log("turn %d", n)
			if n < turns {
				loop.CallSoon(tick(n + 1))
			} else {
				last.SetResult(struct{}{})
			}
		}
	}
	loop.CallSoon(tick(1))
	return last
}

// say returns a callback that logs one line.
func say(log logger, format string, args ...any) func() {
	return func() { log(format, args...) }
}
