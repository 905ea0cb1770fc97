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

// The words of a trace and the parts that many programs are made of. programs/harness.py has the same ones.

// logger appends one line to the trace of the running program. Only code on the loop, or a thread that the loop
// is waiting for, may call it: it has no lock, and the race detector sees to it that none is needed.
type logger func(format string, args ...any)

// boom is the error that programs raise on purpose.
type boom string

func (b boom) Error() string { return string(b) }

// describe puts an error into the words of a trace.
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

// isGroup reports whether err is what errors.Join makes, the shape in which a task group returns its errors.
func isGroup(err error) bool {
	return reflect.TypeOf(err) == reflect.TypeOf(errors.Join(boom("")))
}

// show puts a value into the words of a trace.
func show(v any) string { return fmt.Sprint(v) }

// showResults is show for what GatherResults returns.
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

// text shows the value of an await that is expected to succeed.
func text[T any](v T, err error) string {
	if err != nil {
		return "raised " + describe(err)
	}
	return show(v)
}

// outcome tells what came of an await.
func outcome[T any](v T, err error) string {
	if err != nil {
		return "raised " + describe(err)
	}
	if _, ok := any(v).(struct{}); ok {
		return "ok"
	}
	return "returned " + show(v)
}

// ended is outcome for what has no value.
func ended(err error) string { return outcome(struct{}{}, err) }

// state tells what a task or future has become, without awaiting it.
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

// cancelledOrFailed is state for a task that failed in one way or the other.
func cancelledOrFailed(t asyncio.AnyTask) string {
	if errors.Is(t.Err(), asyncio.ErrTaskCancelled) {
		return "cancelled"
	}
	return "failed"
}

// bubbleStart is the instant at which the clock of every testing/synctest bubble begins.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// now is the loop's clock in seconds since the program began.
func now(ctx context.Context) float64 {
	return asyncio.LoopOf(ctx).Now().Sub(bubbleStart).Seconds()
}

// clock is now in words.
func clock(ctx context.Context) string { return fmt.Sprintf("at %g", now(ctx)) }

// seconds makes a duration of whole seconds, the unit of all programs.
func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func sleep(ctx context.Context, n int) error { return asyncio.Sleep(ctx, seconds(n)) }

// sleeper sleeps, says how it ended, and returns its name.
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

// cleaner sleeps; if cancelled, it cleans up for a while before it lets the cancellation out.
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

// stubborn sleeps; if cancelled, it swallows that and returns a value all the same.
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

// yielder gives up control a number of times.
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

// fails fails at once with its name.
func fails(log logger, name string) asyncio.Coroutine[string] {
	return func(context.Context) (string, error) {
		log("%s fails", name)
		return "", boom(name)
	}
}

// sore sleeps; if cancelled, it fails with its name instead.
func sore(log logger, name string) asyncio.Coroutine[struct{}] {
	return func(ctx context.Context) (struct{}, error) {
		if err := sleep(ctx, 9); err != nil {
			log("%s fails on its way out", name)
			return struct{}{}, boom(name)
		}
		return struct{}{}, nil
	}
}

// countTurns logs one line in each of the coming turns. The future is done in the last one: a program that awaits it
// before it ends sees the same number of turns on both sides.
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

// say makes a callback that logs one line.
func say(log logger, format string, args ...any) func() {
	return func() { log(format, args...) }
}
