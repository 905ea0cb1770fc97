package semantics_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
)

// This file tests S9 where the error of a task or future is received, or not, outside its loop.

// A failure is a task or future that fails with errBoom.
type failure interface {
	asyncio.Awaitable[int]
	Done() <-chan struct{}
	Err() error
	Result() (int, error)
	OnDone(fn func())
}

// failures make what fails a second from now.
var failures = map[string]func(ctx context.Context) failure{
	"task": func(ctx context.Context) failure { return asyncio.CreateTask(ctx, after(time.Second, 0, errBoom)) },
	"future": func(ctx context.Context) failure {
		f := asyncio.NewFuture[int](ctx)
		asyncio.LoopOf(ctx).CallLater(time.Second, func() { f.SetError(errBoom) })
		return f
	},
	"submitted task": func(ctx context.Context) failure {
		l, made := asyncio.LoopOf(ctx), make(chan failure)
		go func() { made <- asyncio.Submit(l, after(time.Second, 0, errBoom)) }()
		return <-made
	},
}

// onAnotherLoop runs main on a loop of its own, in a goroutine of its own.
func onAnotherLoop(main func(ctx context.Context) error) error {
	return asyncio.Run(context.Background(), main, virtual, asyncio.WithLogger(quiet))
}

// A goroutine that waits when main returns receives the error: it is not reported, and
// Run does not return it.
func TestS09_AGoroutineReceivesAnErrorAsRunEnds(t *testing.T) {
	bg := context.Background()
	for name, receive := range map[string]func(f failure) error{
		"Await": func(f failure) error { return second(f.Await(bg)) },
		"Await with a ctx that can end": func(f failure) error {
			ctx, cancel := context.WithTimeout(bg, time.Hour)
			defer cancel()
			return second(f.Await(ctx))
		},
		"WaitFor":           func(f failure) error { return second(asyncio.WaitFor(bg, time.Hour, asyncio.Awaitable[int](f))) },
		"Done, then Err":    func(f failure) error { <-f.Done(); return f.Err() },
		"Done, then Result": func(f failure) error { <-f.Done(); return second(f.Result()) },
		"Done in a select": func(f failure) error {
			for {
				select {
				case <-f.Done():
					return f.Err()
				case <-time.After(time.Millisecond):
				}
			}
		},
		"Done in another goroutine": func(f failure) error {
			done := make(chan struct{})
			go func() { <-f.Done(); close(done) }()
			<-done
			return f.Err()
		},
		"a callback": func(f failure) error {
			var err error
			done := make(chan struct{})
			f.OnDone(func() { err = f.Err(); close(done) })
			<-done
			return err
		},
		"a goroutine that a callback starts": func(f failure) error {
			done := make(chan error)
			f.OnDone(func() { go func() { done <- f.Err() }() })
			return <-done
		},
		"a task of another loop, Await": func(f failure) error {
			return onAnotherLoop(func(ctx context.Context) error { return second(f.Await(ctx)) })
		},
		"a task of another loop, WaitFor": func(f failure) error {
			return onAnotherLoop(func(ctx context.Context) error {
				return second(asyncio.WaitFor(ctx, time.Hour, asyncio.Awaitable[int](f)))
			})
		},
		"a task of another loop, Gather": func(f failure) error {
			return onAnotherLoop(func(ctx context.Context) error {
				return second(asyncio.Gather(ctx, []asyncio.Awaitable[int]{f, after(time.Hour, 0, nil)}...))
			})
		},
		"a task of another loop, GatherResults": func(f failure) error {
			return onAnotherLoop(func(ctx context.Context) error {
				return asyncio.GatherResults(ctx, []asyncio.Awaitable[int]{after(0, 0, nil), f}...)[1].Err
			})
		},
		"a task of another loop, AsCompleted": func(f failure) error {
			return onAnotherLoop(func(ctx context.Context) (err error) {
				for _, r := range asyncio.AsCompleted(ctx, []asyncio.Awaitable[int]{after(0, 0, nil), f}...) {
					err = errors.Join(err, r.Err)
				}
				return err
			})
		},
		"a task of another loop, Recv of Done": func(f failure) error {
			return onAnotherLoop(func(ctx context.Context) error { asyncio.Recv(ctx, f.Done()); return f.Err() })
		},
	} {
		for what, make := range failures {
			t.Run(name+", "+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var got reports
					var received [2]error
					var receivers sync.WaitGroup
					err := asyncio.Run(bg, func(ctx context.Context) error {
						f := make(ctx)
						for i := range received {
							receivers.Go(func() { received[i] = receive(f) })
						}
						return asyncio.Sleep(ctx, time.Second) // it fails as main returns
					}, virtual, got.option())
					receivers.Wait()
					if err != nil || len(got) != 0 {
						t.Errorf("Run returned %v, reported %v", err, got)
					}
					for i, err := range received {
						if !errors.Is(err, errBoom) {
							t.Errorf("goroutine %d received %v, want boom", i, err)
						}
					}
				})
			})
		}
	}
}

// A goroutine that has just been started when main returns receives it too.
func TestS09_AGoroutineThatIsAboutToAwait(t *testing.T) {
	bg := context.Background()
	for name, start := range map[string]func(ctx context.Context, f *asyncio.Future[int], received func(error)){
		"a go statement": func(_ context.Context, f *asyncio.Future[int], received func(error)) {
			go func() { received(second(f.Await(bg))) }()
		},
		"context.AfterFunc": func(ctx context.Context, f *asyncio.Future[int], received func(error)) {
			ctx, cancel := context.WithCancel(ctx)
			context.AfterFunc(ctx, func() { received(second(f.Await(bg))) })
			cancel()
		},
		"Submit in another goroutine": func(ctx context.Context, f *asyncio.Future[int], received func(error)) {
			l := asyncio.LoopOf(ctx)
			f.SetError(errors.New("this one is seen"))
			f.Err()
			go func() { received(second(asyncio.Submit(l, after(0, 0, errBoom)).Await(bg))) }()
			asyncio.Sleep(ctx, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				received := make(chan error, 1)
				err := asyncio.Run(bg, func(ctx context.Context) error {
					f := asyncio.NewFuture[int](ctx)
					defer f.SetError(errBoom)
					start(ctx, f, func(err error) { received <- err })
					return nil
				}, virtual, asyncio.WithLogger(quiet))
				if got := <-received; err != nil || got != errBoom {
					t.Errorf("Run returned %v, the goroutine received %v; want nil and boom", err, got)
				}
			})
		})
	}
}

// A waiter that left before the error came receives nothing: the error is reported once.
func TestS09_AGoroutineThatDoesNotReceive(t *testing.T) {
	bg := context.Background()
	soon := func() context.Context {
		ctx, cancel := context.WithTimeout(bg, time.Millisecond)
		_ = cancel
		return ctx
	}
	for name, leave := range map[string]func(f failure) error{
		"Await, cancelled": func(f failure) error { return second(f.Await(soon())) },
		"WaitFor, timed out": func(f failure) error {
			return second(asyncio.WaitFor(bg, time.Millisecond, asyncio.Awaitable[int](f)))
		},
		"Done, and no more": func(f failure) error { <-f.Done(); return nil },
		"Err too early":     func(f failure) error { return f.Err() },
		"a task of another loop, Await, cancelled": func(f failure) error {
			return onAnotherLoop(func(ctx context.Context) error {
				ctx, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
				defer cancel()
				return second(f.Await(ctx))
			})
		},
		"a task of another loop, Gather, cancelled": func(f failure) error {
			return onAnotherLoop(func(ctx context.Context) error {
				ctx, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
				defer cancel()
				return second(asyncio.Gather(ctx, f))
			})
		},
		"a task of another loop, AsCompleted, left": func(f failure) error {
			return onAnotherLoop(func(ctx context.Context) error {
				for _, r := range asyncio.AsCompleted(ctx, []asyncio.Awaitable[int]{after(0, 0, nil), f}...) {
					return r.Err
				}
				return nil
			})
		},
	} {
		for what, make := range failures {
			t.Run(name+", "+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var got reports
					var left sync.WaitGroup
					err := asyncio.Run(bg, func(ctx context.Context) error {
						f := make(ctx)
						left.Go(func() {
							if err := leave(f); errors.Is(err, errBoom) {
								t.Errorf("received %v", err)
							}
						})
						return asyncio.Sleep(ctx, time.Second)
					}, virtual, got.option())
					left.Wait()
					if len(got) != 1 || got[0].Err != errBoom || !errors.Is(err, errBoom) {
						t.Errorf("reported %v, Run returned %v; want boom once", got, err)
					}
				})
			})
		}
	}
}

// A waiter whose ctx ends in the same instant either receives the error, or it is reported:
// never both, never neither.
func TestS09_ReceivedOrReportedWhenTheWaiterLeavesAtThatInstant(t *testing.T) {
	for i := range 3000/fewer + 200 {
		synctest.Test(t, func(t *testing.T) {
			var got reports
			bg := context.Background()
			ctx, cancel := context.WithCancel(bg)
			received := make(chan error, 1)
			err := asyncio.Run(bg, func(loop context.Context) error {
				f := asyncio.NewFuture[int](loop)
				go func() { received <- second(f.Await(ctx)) }()
				asyncio.Sleep(loop, 1) // it waits
				go func() { spin(i % 41 * 5); cancel() }()
				spin(i % 37 * 5)
				f.SetError(errBoom)
				return nil
			}, virtual, got.option())
			r := <-received
			if (r == errBoom) == (len(got) == 1) || (err == nil) != (len(got) == 0) {
				t.Fatalf("round %d: received %v, reported %v, Run returned %v", i, r, got, err)
			}
		})
	}
}

// The same for a task of another loop, and a future that another goroutine fails while
// Run ends.
func TestS09_ReceivedOrReportedAcrossThreads(t *testing.T) {
	for i := range 500/fewer + 100 {
		synctest.Test(t, func(t *testing.T) {
			var got reports
			var received error
			var others sync.WaitGroup
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				f := asyncio.NewFuture[int](ctx)
				others.Go(func() {
					received = onAnotherLoop(func(ctx context.Context) error { return second(f.Await(ctx)) })
				})
				asyncio.Sleep(ctx, 1) // it waits
				others.Go(func() { spin(i % 29 * 7); f.SetError(errBoom) })
				spin(i % 31 * 7)
				return nil
			}, virtual, got.option(), asyncio.WithLogger(quiet))
			others.Wait()
			if len(got) != 0 || err != nil || received != errBoom && received != asyncio.ErrLoopClosed {
				t.Fatalf("round %d: received %v, reported %v, Run returned %v", i, received, got, err)
			}
		})
	}
}

// S9: a task submitted too late is its caller's error, not one of Run.
func TestS09_ASubmitThatComesTooLate(t *testing.T) {
	submit := func(l *asyncio.Loop) *asyncio.Task[int] { return asyncio.Submit(l, after(0, 1, nil)) }
	for name, late := range map[string]func(ctx context.Context, task **asyncio.Task[int]){
		"in a callback of the end": func(ctx context.Context, task **asyncio.Task[int]) {
			l := asyncio.LoopOf(ctx)
			l.CallSoonThreadsafe(func() { l.CallSoon(func() { *task = submit(l) }) })
			asyncio.CurrentTask(ctx).(*asyncio.Task[struct{}]).OnDone(func() { *task = submit(l) })
		},
		"by a goroutine as main returns": func(ctx context.Context, task **asyncio.Task[int]) {
			l := asyncio.LoopOf(ctx)
			done := make(chan bool)
			asyncio.CurrentTask(ctx).(*asyncio.Task[struct{}]).OnDone(func() {
				go func() { *task = submit(l); close(done) }()
				<-done
			})
		},
		"in the error handler": func(ctx context.Context, task **asyncio.Task[int]) {
			l := asyncio.LoopOf(ctx)
			asyncio.Go(ctx, func(ctx context.Context) error { forever(ctx); *task = submit(l); return nil })
			asyncio.Sleep(ctx, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got reports
			var task *asyncio.Task[int]
			err := runVirtual(t, func(ctx context.Context) error { late(ctx, &task); return nil }, got.option())
			if err != nil || len(got) != 0 {
				t.Errorf("Run returned %v, reported %v", err, got)
			}
			if task != nil {
				if e := task.Err(); e != nil && e != asyncio.ErrLoopClosed && !errors.Is(e, asyncio.ErrTaskCancelled) {
					t.Errorf("the task's error is %v", e)
				}
			}
		})
	}
}

// An error set after the end of Run, for which a goroutine waits no longer, is logged.
func TestS09_AnErrorSetAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logbook
		var f *asyncio.Future[int]
		received := make(chan error, 1)
		asyncio.Run(context.Background(), func(ctx context.Context) error {
			f = asyncio.NewFuture[int](ctx)
			go func() { received <- second(f.Await(context.Background())) }()
			return asyncio.Sleep(ctx, time.Second)
		}, virtual, asyncio.WithLogger(slog.New(&log)))
		if err := <-received; err != asyncio.ErrLoopClosed {
			t.Errorf("the goroutine received %v", err)
		}
		f.SetError(errBoom)
		if lines := log.containing("boom"); len(lines) != 1 {
			t.Errorf("logged %q, want one line", lines)
		}
	})
}
