package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// This file tests the recipe of docs/guide.md for ending a service in order, in
// virtual time, and the two habits it is made of: values that belong to a task,
// and what is shielded from a cancellation. examples/signals is a whole program
// by the same recipe, tested with real signals.

// serve runs a service until ctx is cancelled, which a signal does. Then it stops
// accepting, gives what was accepted some time, and cancels the rest.
func serve(ctx context.Context, workers int, grace time.Duration,
	accept func(ctx context.Context, jobs *asyncio.Queue[int]) error, handle func(ctx context.Context, job int) error) error {
	jobs := asyncio.NewQueue[int](2)
	return asyncio.WithTaskGroup(context.WithoutCancel(ctx), func(group context.Context) error {
		for range workers {
			asyncio.Go(group, func(ctx context.Context) error {
				for job := range jobs.All(ctx) {
					err := handle(ctx, job)
					jobs.TaskDone()
					if err != nil {
						return err
					}
				}
				return ctx.Err()
			})
		}
		acceptor := asyncio.Go(group, func(ctx context.Context) error { return accept(ctx, jobs) })

		_, err := acceptor.Await(ctx) // the signal interrupts this await, and nothing else
		if ctx.Err() != nil {
			acceptor.Cancel(nil)
			if _, err = acceptor.Await(group); errors.Is(err, asyncio.ErrTaskCancelled) {
				err = nil
			}
		}
		if err != nil {
			return err
		}
		jobs.Shutdown(false)
		limited, cancel := asyncio.WithTimeout(group, grace)
		defer cancel()
		return jobs.Join(limited) // an error cancels the group
	})
}

// A ledger is what a test of the recipe knows of each job.
type ledger struct {
	events                      trace
	start                       time.Time
	accepted, handled, returned []int
}

func (l *ledger) add(words ...any) {
	l.events.add(fmt.Sprint(words...), "@", time.Since(l.start).Milliseconds())
}

// accept puts a job into the queue every 100 ms.
func (l *ledger) accept(ctx context.Context, jobs *asyncio.Queue[int]) error {
	for job := 1; ; job++ {
		if err := jobs.Put(ctx, job); err != nil {
			l.add("closed")
			return err
		}
		l.accepted = append(l.accepted, job)
		l.add("in", job)
		if err := asyncio.Sleep(ctx, 100*time.Millisecond); err != nil {
			l.add("closed")
			return err
		}
	}
}

// handle takes 250 ms. A job that is cancelled is given back, which takes 5 ms.
func (l *ledger) handle(ctx context.Context, job int) error {
	err := asyncio.Sleep(ctx, 250*time.Millisecond)
	if err != nil {
		if failed := asyncio.Sleep(context.WithoutCancel(ctx), 5*time.Millisecond); failed != nil {
			return failed
		}
		l.returned = append(l.returned, job)
		l.add("back", job)
		return err
	}
	l.handled = append(l.handled, job)
	l.add("out", job)
	return nil
}

// interruptAt runs the recipe in virtual time with a ledger and interrupts it.
func interruptAt(ctx context.Context, t *testing.T, at, grace time.Duration) (*ledger, error) {
	t.Helper()
	l := &ledger{start: time.Now()}
	interrupted, interrupt := asyncio.WithTimeout(ctx, 24*time.Hour) // of the loop: it is heard in the very same turn
	defer interrupt()
	serving := asyncio.Go(ctx, func(context.Context) error { return serve(interrupted, 1, grace, l.accept, l.handle) })
	if err := asyncio.Sleep(ctx, at); err != nil {
		t.Fatal(err)
	}
	l.add("signal")
	interrupt()
	_, err := serving.Await(ctx)
	return l, err
}

func TestShutdownRecipe_StopAcceptingThenDrain(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l, err := interruptAt(ctx, t, 220*time.Millisecond, time.Second)
		if err != nil {
			t.Error(err)
		}
		l.events.expect(t, "in1@0 in2@100 in3@200 signal@220 closed@220 out1@250 out2@500 out3@750")
	})
}

func TestShutdownRecipe_ThenCancel(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l, err := interruptAt(ctx, t, 220*time.Millisecond, 100*time.Millisecond)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want one that matches context.DeadlineExceeded", err)
		}
		l.events.expect(t, "in1@0 in2@100 in3@200 signal@220 closed@220 out1@250 back2@325")
	})
}

// At whatever instant the signal comes, also in the same millisecond as an
// event: no job is handled that was not accepted, and with time enough none is
// lost that was.
func TestShutdownRecipe_AtEveryInstant(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for at := time.Duration(0); at < 900*time.Millisecond; at += 10 * time.Millisecond {
			l, err := interruptAt(ctx, t, at, time.Hour)
			if err != nil || !slices.Equal(l.handled, l.accepted) || l.returned != nil {
				t.Errorf("interrupted at %v: accepted %v, handled %v, given back %v, error %v", at, l.accepted, l.handled, l.returned, err)
			}
			l, err = interruptAt(ctx, t, at, 60*time.Millisecond)
			begun := slices.Concat(l.handled, l.returned)
			if len(begun) > len(l.accepted) || !slices.Equal(begun, l.accepted[:len(begun)]) || (err == nil) != (len(l.handled) == len(l.accepted)) {
				t.Errorf("interrupted at %v with little time: accepted %v, handled %v, given back %v, error %v", at, l.accepted, l.handled, l.returned, err)
			}
		}
	})
}

// A failure ends the service too, without a signal, and comes back to the caller.
func TestShutdownRecipe_AFailureEndsTheService(t *testing.T) {
	broken := func(context.Context, int) error { return errBroken }
	failing := func(ctx context.Context, _ *asyncio.Queue[int]) error {
		if err := asyncio.Sleep(ctx, time.Second); err != nil {
			return err
		}
		return errBroken
	}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := &ledger{start: time.Now()}
		expectErrors(t, serve(ctx, 1, time.Hour, l.accept, broken), errBroken)
		l.events.expect(t, "in1@0 closed@0")
		expectErrors(t, serve(ctx, 1, time.Hour, failing, l.handle), errBroken)
		if ctx.Err() != nil {
			t.Errorf("the caller's ctx is cancelled: %v", ctx.Err())
		}
	})
}

// An acceptor that comes to its end by itself ends the service in the same order.
func TestShutdownRecipe_NothingMoreToAccept(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := &ledger{start: time.Now()}
		three := func(ctx context.Context, jobs *asyncio.Queue[int]) error {
			for job := range 3 {
				if err := jobs.Put(ctx, job); err != nil {
					return err
				}
			}
			return nil
		}
		if err := serve(ctx, 2, time.Hour, three, l.handle); err != nil {
			t.Error(err)
		}
		l.events.expect(t, "out0@250 out1@250 out2@500")
	})
}

// A value that belongs to a task is an ordinary value of its ctx.

type whoKey struct{}

func with(ctx context.Context, who string) context.Context {
	return context.WithValue(ctx, whoKey{}, who)
}

func whoIs(ctx context.Context) (string, error) {
	who, _ := ctx.Value(whoKey{}).(string)
	return who, nil
}

func TestTaskLocalValuesAreInherited(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var seen []string
		see := func(where string, coro asyncio.Coroutine[string], ctx context.Context) {
			who, err := coro.Await(ctx)
			if err != nil {
				t.Errorf("%s: %v", where, err)
			}
			seen = append(seen, where+"="+who)
		}
		ada := with(ctx, "Ada")
		see("caller", whoIs, ada)
		see("task", asyncio.CreateTask(ada, whoIs).Await, ctx) // the ctx that created it counts, not the one that awaits
		see("grandchild", func(ctx context.Context) (string, error) {
			return asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
				return asyncio.CreateTask(ctx, whoIs).Await(ctx)
			}).Await(ctx)
		}, ada)
		see("gathered", func(ctx context.Context) (string, error) {
			both, err := asyncio.Gather(ctx, asyncio.Coroutine[string](whoIs), whoIs)
			return strings.Join(both, "+"), err
		}, ada)
		see("thread", func(ctx context.Context) (string, error) { return asyncio.ToThread(ctx, whoIs) }, ada)
		see("group", func(ctx context.Context) (who string, err error) {
			err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				who, err = asyncio.CreateTask(ctx, whoIs).Await(ctx)
				return err
			})
			return who, err
		}, ada)
		see("shielded", whoIs, context.WithoutCancel(ada))
		see("overridden", asyncio.CreateTask(with(ada, "Alan"), whoIs).Await, ctx)
		see("sibling", asyncio.CreateTask(ada, whoIs).Await, ctx)
		see("parent", whoIs, ctx)

		want := "caller=Ada task=Ada grandchild=Ada gathered=Ada+Ada thread=Ada group=Ada shielded=Ada overridden=Alan sibling=Ada parent="
		if got := strings.Join(seen, " "); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	})
}

// What asyncio calls shield: the caller stops waiting, the work goes on, and its
// owner still waits for it.
func TestShieldedWorkOutlivesItsCaller(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var events trace
		start := time.Now()
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			caller := asyncio.Go(ctx, func(ctx context.Context) error {
				saving := asyncio.Go(context.WithoutCancel(ctx), func(ctx context.Context) error {
					err := asyncio.Sleep(ctx, time.Second)
					events.add("saved@", time.Since(start))
					return err
				})
				_, err := saving.Await(ctx)
				events.add("caller@", time.Since(start))
				return err
			})
			if err := asyncio.Sleep(ctx, 100*time.Millisecond); err != nil {
				return err
			}
			caller.Cancel(nil)
			return nil
		})
		events.add("group@", time.Since(start))
		if err != nil {
			t.Error(err)
		}
		events.expect(t, "caller@100ms saved@1s group@1s")
	})
}

// A shielded ctx with a time-out of its own bounds a clean-up.
func TestShieldedCleanUpMayHaveATimeOut(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			if err := asyncio.Sleep(ctx, time.Hour); err == nil {
				return errors.New("it was not cancelled")
			}
			limited, cancel := asyncio.WithTimeout(context.WithoutCancel(ctx), 300*time.Millisecond)
			defer cancel()
			return asyncio.Sleep(limited, time.Hour) // a clean-up that hangs
		})
		start := time.Now()
		if err := asyncio.Sleep(ctx, 0); err != nil {
			t.Fatal(err)
		}
		task.Cancel(nil)
		if _, err := task.Await(ctx); err != context.DeadlineExceeded { // it failed: this is not the cancellation that it was told of
			t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
		}
		if took := time.Since(start); took != 300*time.Millisecond {
			t.Errorf("the clean-up took %v, want 300ms", took)
		}
	})
}
