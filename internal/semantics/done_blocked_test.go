package semantics_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
)

// S23: Done closes without the help of the loop. In each test a step blocks until Done is closed.

// below make a context below that of a task, which stays alive.
var below = map[string]func(ctx context.Context, t *testing.T) context.Context{
	"itself":  func(ctx context.Context, _ *testing.T) context.Context { return ctx },
	"a value": func(ctx context.Context, _ *testing.T) context.Context { return context.WithValue(ctx, testKey{}, 1) },
	"WithTimeout": func(ctx context.Context, _ *testing.T) context.Context {
		return without(asyncio.WithTimeout(ctx, time.Hour))
	},
	"std WithTimeout": func(ctx context.Context, _ *testing.T) context.Context {
		return without(context.WithTimeout(ctx, time.Hour))
	},
	"ours in std": func(ctx context.Context, _ *testing.T) context.Context {
		return without(asyncio.WithTimeout(without(context.WithTimeout(ctx, time.Hour)), time.Hour))
	},
	"a task": func(ctx context.Context, t *testing.T) (c context.Context) {
		asyncio.Go(ctx, func(ctx context.Context) error { c = ctx; return forever(ctx) })
		turns(ctx, t, 1)
		return c
	},
	"a task in std": func(ctx context.Context, t *testing.T) (c context.Context) {
		asyncio.Go(without(context.WithCancel(ctx)), func(ctx context.Context) error { c = ctx; return forever(ctx) })
		turns(ctx, t, 1)
		return c
	},
	"a task that has ended": func(ctx context.Context, t *testing.T) (c context.Context) {
		await(ctx, t, asyncio.Go(ctx, func(ctx context.Context) error { c = ctx; return nil }))
		return c
	},
	"a task that has ended after Done was requested": func(ctx context.Context, t *testing.T) (c context.Context) {
		await(ctx, t, asyncio.Go(ctx, func(ctx context.Context) error { c = ctx; c.Done(); return nil }))
		return c
	},
	"a group in a group": func(ctx context.Context, t *testing.T) (c context.Context) {
		asyncio.Go(ctx, func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { c = ctx; return forever(ctx) })
			})
		})
		turns(ctx, t, 1)
		return c
	},
	"a gathering": func(ctx context.Context, t *testing.T) (c context.Context) {
		asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := asyncio.Gather(ctx, asyncio.Proc(func(ctx context.Context) error { c = ctx; return forever(ctx) }))
			return err
		})
		turns(ctx, t, 2)
		return c
	},
}

// An outsideCancel is a cancellation that the loop does not make.
type outsideCancel struct {
	// make returns a context, what ends it, called in a goroutine, and the expected error and cause.
	make func(ctx context.Context) (c context.Context, end func(), want, cause error)
}

var outsideCancels = map[string]outsideCancel{
	"the cancel function of WithTimeout": {func(ctx context.Context) (context.Context, func(), error, error) {
		c, cancel := asyncio.WithTimeout(ctx, time.Hour)
		return c, cancel, context.Canceled, context.Canceled
	}},
	"a std cancel function": {func(ctx context.Context) (context.Context, func(), error, error) {
		c, cancel := context.WithCancelCause(ctx)
		return c, func() { cancel(errWhy) }, context.Canceled, errWhy
	}},
	"Task.Cancel": {func(ctx context.Context) (context.Context, func(), error, error) {
		var c context.Context
		task := asyncio.Go(ctx, func(ctx context.Context) error { c = ctx; return forever(ctx) })
		asyncio.Sleep(ctx, 0)
		return c, func() { task.Cancel(errWhy) }, context.Canceled, errWhy
	}},
	"Task.Cancel of a submitted task": {func(ctx context.Context) (context.Context, func(), error, error) {
		got := make(chan context.Context, 1)
		tasks := make(chan *asyncio.Task[struct{}], 1)
		l := asyncio.LoopOf(ctx)
		go func() {
			tasks <- asyncio.Submit(l, asyncio.Coroutine[struct{}](func(ctx context.Context) (struct{}, error) {
				got <- ctx
				return struct{}{}, forever(ctx)
			}))
		}()
		task := <-tasks
		for len(got) == 0 {
			asyncio.Sleep(ctx, 0)
		}
		return <-got, func() { task.Cancel(errWhy) }, context.Canceled, errWhy
	}},
	"the deadline of WithTimeout": {func(ctx context.Context) (context.Context, func(), error, error) {
		return without(asyncio.WithTimeout(ctx, time.Second)), func() {}, context.DeadlineExceeded, context.DeadlineExceeded
	}},
	"the deadline of the shorter of two, above": {func(ctx context.Context) (context.Context, func(), error, error) {
		c := without(asyncio.WithTimeout(without(asyncio.WithTimeout(ctx, time.Second)), time.Minute))
		return c, func() {}, context.DeadlineExceeded, context.DeadlineExceeded
	}},
	"the deadline of the shorter of two, below": {func(ctx context.Context) (context.Context, func(), error, error) {
		c := without(asyncio.WithTimeout(without(asyncio.WithTimeout(ctx, time.Minute)), time.Second))
		return c, func() {}, context.DeadlineExceeded, context.DeadlineExceeded
	}},
	"a std deadline": {func(ctx context.Context) (context.Context, func(), error, error) {
		return without(context.WithTimeout(ctx, time.Second)), func() {}, context.DeadlineExceeded, context.DeadlineExceeded
	}},
	"a deadline above a shield": {func(ctx context.Context) (context.Context, func(), error, error) {
		c := without(asyncio.WithTimeout(context.WithoutCancel(ctx), time.Second))
		return c, func() {}, context.DeadlineExceeded, context.DeadlineExceeded
	}},
}

// blockUntilDone blocks the step until a goroutine has seen Done closed.
func blockUntilDone(c context.Context) {
	seen := make(chan struct{})
	go func() { <-c.Done(); close(seen) }()
	<-seen
}

func TestS23_DoneClosesWhileAStepBlocks(t *testing.T) {
	for how, outside := range outsideCancels {
		for where, derive := range below {
			t.Run(how+", "+where, func(t *testing.T) {
				inQuietBubble(t, func(ctx context.Context, t *testing.T) {
					err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
						top, end, want, cause := outside.make(ctx)
						c := derive(top, t)
						c.Done()
						if c.Err() != nil {
							t.Errorf("too early: %v", c.Err())
						}
						go end()
						blockUntilDone(c)
						if c.Err() != want || context.Cause(c) != cause {
							t.Errorf("Err %v, cause %v; want %v, %v", c.Err(), context.Cause(c), want, cause)
						}
						if err := asyncio.Sleep(c, 0); err != want {
							t.Errorf("an await: %v, want %v", err, want)
						}
						return nil
					})
					if err != nil { // what is parked under the context is cancelled with it
						wantErr(t, "the group", err, context.DeadlineExceeded)
					}
				})
			})
		}
	}
}

func TestS23_TheContextAboveRun(t *testing.T) {
	for name, above := range map[string]func() (context.Context, func(), error){
		"cancel": func() (context.Context, func(), error) {
			c, cancel := context.WithCancelCause(context.Background())
			return c, func() { cancel(errWhy) }, errWhy
		},
		"deadline": func() (context.Context, func(), error) {
			return without(context.WithTimeout(context.Background(), time.Second)), func() {}, context.DeadlineExceeded
		},
	} {
		for where, derive := range below {
			t.Run(name+", "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					outer, end, cause := above()
					asyncio.Run(outer, func(ctx context.Context) error {
						c := derive(ctx, t)
						c.Done()
						go end()
						blockUntilDone(c)
						if context.Cause(c) != cause {
							t.Errorf("cause %v, want %v", context.Cause(c), cause)
						}
						return nil
					}, asyncio.WithStallThreshold(0), asyncio.WithLogger(quiet))
				})
			})
		}
	}
}

// What the loop cancels before it blocks is closed, too, also for a goroutine that asks an ended task's context.
func TestS23_TheLoopCancelsAndThenBlocks(t *testing.T) {
	for where, derive := range below {
		inQuietBubble(t, func(ctx context.Context, t *testing.T) {
			top, cancel := asyncio.WithTimeout(ctx, time.Hour)
			c := derive(top, t)
			seen := make(chan struct{})
			go func() { <-c.Done(); close(seen) }()
			synctest.Wait() // the goroutine waits; what it posted is in the inbox
			cancel()
			<-seen
			if c.Err() != context.Canceled {
				t.Errorf("%s: Err %v, want Canceled", where, c.Err())
			}
		})
	}
}

// Requests for Done race with cancellations from goroutines and with the ends of tasks; the step goes on when all are closed.
func TestS23_RequestsRaceWithCancellations(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		for range max(20, 200/fewer) {
			top, cancel := context.WithCancel(ctx)
			var contexts []context.Context
			var tasks []*asyncio.Task[struct{}]
			for i := range 8 {
				ours := without(asyncio.WithTimeout(top, time.Hour))
				tasks = append(tasks, asyncio.Go(ours, func(own context.Context) error {
					contexts = append(contexts, own, without(asyncio.WithTimeout(own, time.Minute)), without(context.WithCancel(own)))
					if i%2 == 0 {
						return nil // has ended when it is asked, or ends just now
					}
					return forever(own)
				}))
			}
			asyncio.Sleep(ctx, 0)
			var all sync.WaitGroup
			for _, c := range contexts {
				all.Go(func() { <-c.Done() })
			}
			all.Go(cancel)
			all.Wait() // in the step
			for _, task := range tasks {
				task.Await(ctx)
			}
		}
		return nil
	}, asyncio.WithStallThreshold(0))
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}

// The program of the rule: a request on the loop ends at its deadline, although it blocks the loop.
func TestS23_AnHTTPRequestOnTheLoopEndsAtItsDeadline(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	client := server.Client()
	defer client.CloseIdleConnections()
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		c, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		r, err := http.NewRequestWithContext(c, "GET", server.URL, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		wantErr(t, "Do", err, context.DeadlineExceeded)
		return nil
	}, asyncio.WithStallThreshold(0))
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}

// Goroutines request Done of contexts whose tasks and time-outs come and go, and cancel some; at the end the group's
// failure closes all.
func TestS23_RequestsRaceWithTheTree(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		contexts := make(chan context.Context, 100)
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				var mine sync.WaitGroup
				for c := range contexts {
					mine.Go(func() { <-c.Done() })
					if i == 0 {
						context.AfterFunc(c, func() {})()
					}
				}
				mine.Wait()
			})
		}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range max(30, 3000/fewer) {
				limited, cancel := asyncio.WithTimeout(ctx, time.Hour)
				asyncio.Go(limited, func(own context.Context) error {
					asyncio.Go(own, func(inner context.Context) error { contexts <- inner; return nil })
					contexts <- own
					return asyncio.Sleep(own, 0)
				})
				asyncio.Sleep(ctx, 0)
				all.Go(cancel)
				asyncio.Go(ctx, func(own context.Context) error { contexts <- own; return nil })
			}
			close(contexts)
			return errBoom
		})
		expectErrors(t, err, errBoom)
		all.Wait() // in the step
		return nil
	}, asyncio.WithStallThreshold(0))
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}

// S14: a task that is cancelled from a goroutine and ends before the loop has spread the cancellation cancels its children.
func TestS14_ATaskThatEndsInTheStepOfItsCancellationCancelsItsChildren(t *testing.T) {
	inQuietBubble(t, func(ctx context.Context, t *testing.T) {
		var child *asyncio.Task[struct{}]
		var parent *asyncio.Task[struct{}]
		parent = asyncio.Go(ctx, func(ctx context.Context) error {
			child = asyncio.Go(ctx, forever)
			asyncio.Sleep(ctx, 0)
			go parent.Cancel(errWhy)
			blockUntilDone(ctx)
			return ctx.Err()
		})
		_, err := parent.Await(ctx)
		wantErr(t, "the task", err, asyncio.ErrTaskCancelled)
		_, err = child.Await(ctx)
		wantErr(t, "its child", err, errWhy)
	})
}
