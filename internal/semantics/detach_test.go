package semantics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S6, S8: Detach. The owner of a detached task is Run, whatever the ctx was made of and whatever became of it.

// detachable makes contexts in a group, in every way that Detach may meet them.
var detachable = map[string]func(ctx context.Context) (context.Context, context.CancelFunc){
	"plain": func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
	"value": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithValue(ctx, testKey{}, "v"), func() {}
	},
	"std, cancelled": func(ctx context.Context) (context.Context, context.CancelFunc) {
		c, cancel := context.WithCancel(context.WithValue(ctx, testKey{}, "v"))
		cancel()
		return c, cancel
	},
	"std, expires":      func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, 1) },
	"time-out, expires": func(ctx context.Context) (context.Context, context.CancelFunc) { return asyncio.WithTimeout(ctx, 1) },
	"time-out, expired": func(ctx context.Context) (context.Context, context.CancelFunc) { return asyncio.WithTimeout(ctx, 0) },
	"shielded": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithoutCancel(ctx), func() {}
	},
	"detached": func(ctx context.Context) (context.Context, context.CancelFunc) { return asyncio.Detach(ctx), func() {} },
	"detached, std": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithCancel(asyncio.Detach(ctx))
	},
	"the user's": func(ctx context.Context) (context.Context, context.CancelFunc) {
		c := &ownContext{Context: ctx, done: make(chan struct{})}
		return c, func() { close(c.done) }
	},
}

func TestS06_ADetachedTaskOutlivesItsGroup(t *testing.T) {
	for name, derive := range detachable {
		for ending, end := range map[string]error{"returns": nil, "fails": errBoom} {
			t.Run(name+", the body "+ending, func(t *testing.T) {
				asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
					loop := asyncio.LoopOf(ctx)
					var slept, cause error
					var grandchild *asyncio.Task[struct{}]
					var task *asyncio.Task[struct{}]
					start := time.Now()
					err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
						c, cancel := derive(ctx)
						defer cancel()
						task = asyncio.Go(asyncio.Detach(c), func(ctx context.Context) error {
							slept = asyncio.Sleep(ctx, time.Hour)
							cause = context.Cause(ctx)
							if asyncio.LoopOf(ctx) != loop || asyncio.CurrentTask(ctx) != asyncio.AnyTask(task) {
								t.Error("LoopOf or CurrentTask is wrong in the detached task")
							}
							grandchild = asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
							return errBroken
						})
						asyncio.Sleep(ctx, 2)
						return end
					})
					if took := time.Since(start); !errors.Is(err, end) || took != 2 {
						t.Errorf("the group ended after %v with %v, want %v after 2ns", took, err, end)
					}
					wantErr(t, "the detached task", task.Join(ctx), errBroken)
					wantErr(t, "its child", grandchild.Join(ctx), nil)
					if took := time.Since(start); slept != nil || cause != nil || took != 2*time.Hour {
						t.Errorf("the detached task slept until %v (cause %v), its child ended after %v", slept, cause, took)
					}
				})
			})
		}
	}
}

func TestS06_ADetachedContext(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var ended context.Context
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { ended = ctx; return nil })
		ways := map[string]func(context.Context) (context.Context, context.CancelFunc){
			"of an ended group": func(context.Context) (context.Context, context.CancelFunc) { return ended, func() {} },
		}
		for name, derive := range detachable {
			ways[name] = derive
		}
		for name, derive := range ways {
			c, cancel := derive(ctx)
			value := c.Value(testKey{})
			d := asyncio.Detach(c)
			cancel()
			asyncio.Sleep(ctx, time.Second)
			if d.Err() != nil || context.Cause(d) != nil || d.Value(testKey{}) != value {
				t.Errorf("%s: error %v, value %v; want nil, %v", name, d.Err(), d.Value(testKey{}), value)
			}
			if _, has := d.Deadline(); has {
				t.Errorf("%s: it has a deadline", name)
			}
			select {
			case <-d.Done():
				t.Errorf("%s: its Done is closed", name)
			default:
			}
			if asyncio.LoopOf(d) != asyncio.LoopOf(ctx) || asyncio.CurrentTask(d) != asyncio.CurrentTask(ctx) {
				t.Errorf("%s: another loop or task", name)
			}
			if err := asyncio.Sleep(d, 0); err != nil {
				t.Errorf("%s: an await with it: %v", name, err)
			}
			if err := asyncio.Go(d, failing(nil)).Join(ctx); err != nil {
				t.Errorf("%s: a task: %v", name, err)
			}
			limited, cancel := asyncio.WithTimeout(d, time.Second)
			if err := forever(limited); err != context.DeadlineExceeded {
				t.Errorf("%s: a time-out below it: %v", name, err)
			}
			cancel()
			stopped, cancel := context.WithCancel(d)
			asyncio.LoopOf(ctx).CallLater(time.Second, cancel)
			if err := forever(stopped); err != context.Canceled {
				t.Errorf("%s: a std context below it: %v", name, err)
			}
		}
	})
}

// Off the loop it is a context without a loop, and from another goroutine it admits nothing that ctx does not.
func TestS19_DetachOffTheLoop(t *testing.T) {
	var none context.Context
	wantClearPanic(t, "Detach", func() { asyncio.Detach(none) }, "Detach", "nil context")
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		offLoop(context.WithValue(ctx, testKey{}, "v"), func(off context.Context) error {
			cancelled, cancel := context.WithCancel(off)
			cancel()
			for _, c := range []context.Context{off, cancelled} {
				d := asyncio.Detach(c)
				if asyncio.LoopOf(d) != nil || d.Err() != nil || d.Value(testKey{}) != "v" {
					t.Errorf("loop %v, error %v, value %v", asyncio.LoopOf(d), d.Err(), d.Value(testKey{}))
				}
				wantPanic(t, "Go", func() { asyncio.Go(d, forever) }, asyncio.ErrNoLoop, "Go", "Submit")
			}
			d := asyncio.Detach(ctx)
			wantPanic(t, "Go elsewhere", func() { asyncio.Go(d, forever) }, asyncio.ErrWrongTask, "Go", "Submit")
			wantErr(t, "Sleep elsewhere", asyncio.Sleep(d, 0), asyncio.ErrWrongTask)
			return nil
		})
	})
}

// S8, S9: Run cancels detached tasks by handle when main returns, waits for them, and reports their errors.
// What the shutdown's clean-up detaches is cancelled too.
func TestS08_RunEndsDetachedTasks(t *testing.T) {
	var ends trace
	var got reports
	detach := func(ctx context.Context, name string, err error) {
		asyncio.Go(asyncio.Detach(ctx), func(ctx context.Context) error {
			ends.add(name, ":", forever(ctx) == context.Canceled)
			return errors.Join(ctx.Err(), err)
		}, asyncio.Name(name))
	}
	err := runVirtual(t, func(ctx context.Context) error {
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { detach(ctx, "group", nil); return nil })
		detach(ctx, "fails", errBoom)
		asyncio.Go(ctx, func(ctx context.Context) error {
			err := forever(ctx)
			detach(ctx, "clean-up", nil)
			ends.add("task")
			return err
		})
		return asyncio.Sleep(ctx, time.Second)
	}, got.option())
	ends.expect(t, "group:true fails:true task clean-up:true")
	wantErr(t, "Run", err, errBoom)
	if len(got) != 1 || got[0].TaskName != "fails" {
		t.Errorf("reported %v, want the error of the task that fails", got)
	}
}

// S8: Run's ctx cancels main, not what is detached; that ends with main.
func TestS08_RunsContextDoesNotCancelDetachedTasks(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var saved error
		err := offLoop(ctx, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return asyncio.Run(ctx, func(ctx context.Context) error {
				job := asyncio.Go(asyncio.Detach(ctx), func(ctx context.Context) error {
					saved = asyncio.Sleep(ctx, time.Minute)
					return saved
				})
				err := forever(ctx)
				if joined := job.Join(asyncio.Detach(ctx)); joined != nil {
					t.Errorf("the job: %v", joined)
				}
				return err
			})
		})
		if err != context.DeadlineExceeded || saved != nil {
			t.Errorf("Run: %v, the job: %v", err, saved)
		}
	})
}
