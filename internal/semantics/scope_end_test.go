package semantics_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S6: the end of a scope cancels its context, and the end of a task does not.

// derivedContexts make contexts from that of a scope.
var derivedContexts = map[string]func(ctx context.Context) context.Context{
	"itself":          func(ctx context.Context) context.Context { return ctx },
	"a value":         func(ctx context.Context) context.Context { return context.WithValue(ctx, testKey{}, 1) },
	"WithTimeout":     func(ctx context.Context) context.Context { return without(asyncio.WithTimeout(ctx, time.Hour)) },
	"std WithCancel":  func(ctx context.Context) context.Context { return without(context.WithCancel(ctx)) },
	"std WithTimeout": func(ctx context.Context) context.Context { return without(context.WithTimeout(ctx, time.Hour)) },
	"ours in std": func(ctx context.Context) context.Context {
		return without(asyncio.WithTimeout(without(context.WithCancel(ctx)), time.Hour))
	},
	"that of a task":        func(ctx context.Context) context.Context { return ofTask(ctx, ctx) },
	"that of a task in std": func(ctx context.Context) context.Context { return ofTask(ctx, without(context.WithCancel(ctx))) },
	"that of a gathering": func(ctx context.Context) (c context.Context) {
		asyncio.Gather(ctx, asyncio.Coroutine[int](func(ctx context.Context) (int, error) { c = ctx; return 1, nil }))
		return c
	},
	"shielded WithTimeout": func(ctx context.Context) context.Context {
		return without(asyncio.WithTimeout(context.WithoutCancel(ctx), time.Hour))
	},
	"shielded WithTimeout in shielded std": func(ctx context.Context) context.Context {
		return without(asyncio.WithTimeout(shieldedStd(ctx), time.Hour))
	},
	"shielded WithTimeout in WithTimeout": func(ctx context.Context) context.Context {
		return without(asyncio.WithTimeout(without(asyncio.WithTimeout(context.WithoutCancel(ctx), time.Hour)), time.Minute))
	},
	"that of a shielded task":            func(ctx context.Context) context.Context { return ofTask(ctx, context.WithoutCancel(ctx)) },
	"that of a task in shielded std":     func(ctx context.Context) context.Context { return ofTask(ctx, shieldedStd(ctx)) },
	"that of a child of a shielded task": func(ctx context.Context) context.Context { return ofTask(ctx, ofTask(ctx, context.WithoutCancel(ctx))) },
	"std in that of a shielded task": func(ctx context.Context) context.Context {
		return without(context.WithCancel(ofTask(ctx, context.WithoutCancel(ctx))))
	},
	"that of a task in a shielded open group": func(ctx context.Context) (c context.Context) {
		asyncio.OpenGroup(context.WithoutCancel(ctx)).Go(func(ctx context.Context) error { c = ctx; return nil }).Await(ctx)
		return c
	},
	"shielded WithTimeout in a callback": func(ctx context.Context) (c context.Context) {
		asyncio.LoopOf(ctx).CallSoon(func() { c = without(asyncio.WithTimeout(shieldedStd(ctx), time.Hour)) })
		asyncio.Sleep(ctx, 0)
		return c
	},
}

// shieldedStd returns a std context that is not cancelled with ctx.
func shieldedStd(ctx context.Context) context.Context {
	return without(context.WithCancel(context.WithoutCancel(ctx)))
}

// ofTask returns the ctx of an ended task that was created with c.
func ofTask(ctx, c context.Context) (own context.Context) {
	asyncio.Go(c, func(ctx context.Context) error { own = ctx; return nil }).Await(ctx)
	return own
}

// isOver checks a context of a scope that has ended.
func isOver(t *testing.T, name string, c context.Context) {
	t.Helper()
	if err, cause := c.Err(), context.Cause(c); err != context.Canceled || cause != asyncio.ErrScopeEnded {
		t.Errorf("%s: Err %v, cause %v; want Canceled, ErrScopeEnded", name, err, cause)
	}
	select {
	case <-c.Done():
	default:
		t.Errorf("%s: Done is open", name)
	}
}

func TestS06_TheEndOfAScopeCancelsItsContext(t *testing.T) {
	for name, derive := range derivedContexts {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				var asked, unasked context.Context
				called := make(chan struct{})
				err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					asked, unasked = derive(ctx), derive(ctx)
					asked.Done()
					context.AfterFunc(asked, func() { close(called) })
					asyncio.Go(ctx, func(ctx context.Context) error {
						err := asyncio.Sleep(ctx, time.Second) // the body has returned
						if asked.Err() != nil || unasked.Err() != nil {
							t.Error("the context ends before the group")
						}
						return err
					})
					return nil
				})
				if err != nil {
					t.Errorf("the group: %v", err)
				}
				<-called
				isOver(t, "Done requested", asked)
				isOver(t, "Done not requested", unasked)
				for range 2 {
					if err := asyncio.Sleep(asked, time.Hour); err != context.Canceled {
						t.Errorf("an await: %v, want Canceled", err)
					}
				}
				if err := asyncio.Sleep(context.WithoutCancel(asked), time.Second); err != nil {
					t.Errorf("a shielded await: %v", err)
				}
			})
		})
	}
}

func TestS06_TheEndOfRunCancelsItsContext(t *testing.T) {
	for name, derive := range derivedContexts {
		synctest.Test(t, func(t *testing.T) {
			var asked, unasked context.Context
			err := asyncio.Run(t.Context(), func(ctx context.Context) error {
				asked, unasked = derive(ctx), derive(ctx)
				go func() { <-asked.Done() }() // ends with the bubble
				return nil
			})
			if err != nil {
				t.Errorf("%s: Run: %v", name, err)
			}
			synctest.Wait()
			isOver(t, name+", Done requested", asked)
			isOver(t, name+", Done not requested", unasked)
		})
	}
	// Also of a loop that has closed.
	var kept context.Context
	if err := asyncio.Run(t.Context(), func(ctx context.Context) error { kept = ctx; return nil }); err != nil {
		t.Error(err)
	}
	isOver(t, "first requested after Run", kept)
}

// A failure or cancellation that comes before the end is the cause.
func TestS06_TheCauseOfAScopesEndIsTheFirstOne(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var c context.Context
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { c = ctx; return errBoom })
		if expectErrors(t, err, errBoom); context.Cause(c) != errBoom {
			t.Errorf("the cause of a failed group: %v, want %v", context.Cause(c), errBoom)
		}
		outer, cancel := context.WithCancelCause(ctx)
		err = asyncio.WithTaskGroup(outer, func(ctx context.Context) error { c = ctx; cancel(errWhy); return forever(ctx) })
		if wantErr(t, "the group", err, context.Canceled); context.Cause(c) != errWhy {
			t.Errorf("the cause of a cancelled group: %v, want %v", context.Cause(c), errWhy)
		}
	})
}

// A task of another scope that is parked with the context of a group leaves with the group.
func TestS06_TheEndOfAScopeWakesWhatIsParkedUnderIt(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var outsider *asyncio.Task[struct{}]
		asyncio.WithTaskGroup(ctx, func(inner context.Context) error {
			outsider = asyncio.Go(ctx, func(context.Context) error {
				if err := forever(inner); err != context.Canceled || context.Cause(inner) != asyncio.ErrScopeEnded {
					t.Errorf("the outsider: %v, cause %v; want Canceled, ErrScopeEnded", err, context.Cause(inner))
				}
				return nil
			})
			return asyncio.Sleep(inner, time.Second)
		})
		await(ctx, t, outsider)
	})
}

// leftovers are what a task may leave behind: something that ends with its context, though nothing refers to that.
var leftovers = map[string]func(ctx context.Context, woken func()){
	"a goroutine with the channel": func(ctx context.Context, woken func()) {
		done := ctx.Done()
		go func() { <-done; woken() }()
	},
	"a goroutine with the channel of a std context": func(ctx context.Context, woken func()) {
		done := without(context.WithCancel(context.WithValue(ctx, testKey{}, 1))).Done()
		go func() { <-done; woken() }()
	},
	"AfterFunc": func(ctx context.Context, woken func()) { context.AfterFunc(ctx, woken) },
	"AfterFunc below a std context": func(ctx context.Context, woken func()) {
		context.AfterFunc(without(context.WithCancel(ctx)), woken)
	},
	"a goroutine that asks later": func(ctx context.Context, woken func()) {
		go func() { <-ctx.Done(); woken() }()
	},
}

// Within a living scope a later cancellation reaches what many ended tasks have left behind, whatever was collected.
func TestS06_ACancellationReachesWhatEndedTasksLeftBehind(t *testing.T) {
	for name, leave := range leftovers {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				const each = 1200 // several times what is kept without looking
				var woken atomic.Int32
				err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					for range each {
						await(ctx, t, asyncio.Go(ctx, func(ctx context.Context) error {
							leave(ctx, func() { woken.Add(1) })
							return nil
						}))
					}
					synctest.Wait()
					runtime.GC()
					runtime.GC()
					if n := woken.Load(); n != 0 {
						t.Errorf("%d were woken before the cancellation", n)
					}
					return errBoom
				})
				synctest.Wait()
				if expectErrors(t, err, errBoom); woken.Load() != each {
					t.Errorf("the failure of the group woke %d, want %d", woken.Load(), each)
				}
			})
		})
	}
}

// Ended tasks leave no memory behind when no goroutine waits for their contexts.
func TestS06_EndedTasksLeaveNoMemoryBehind(t *testing.T) {
	for name, use := range map[string]func(ctx context.Context){
		"Done": func(ctx context.Context) { ctx.Done() },
		"a goroutine that leaves": func(ctx context.Context) {
			own, cancel := context.WithCancel(ctx)
			defer cancel()
			go func() { <-own.Done() }()
		},
		"AfterFunc, stopped": func(ctx context.Context) { context.AfterFunc(ctx, func() {})() },
		"a WithTimeout":      func(ctx context.Context) { c, cancel := asyncio.WithTimeout(ctx, time.Hour); c.Done(); cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				limited, cancel := asyncio.WithTimeout(ctx, time.Hour)
				defer cancel()
				serve := func(n int) uint64 {
					for i := range n {
						await(ctx, t, asyncio.Go(limited, func(ctx context.Context) error { use(ctx); return nil }))
						if i%1000 == 999 {
							synctest.Wait()
							runtime.GC()
						}
					}
					return liveHeap()
				}
				const many = 5000
				before := serve(many)
				if after := serve(4 * many); after > before+2*many*100 { // it was more than 500 bytes a task
					t.Errorf("%d tasks left %d bytes behind", 4*many, after-before)
				}
			})
		})
	}
}

// A loop that has ended is collected, whatever its tasks have made of their contexts.
func TestS06_AnEndedLoopIsCollected(t *testing.T) {
	for name, leave := range leftovers {
		var loop weak.Pointer[asyncio.Loop]
		var woken sync.WaitGroup
		err := asyncio.Run(t.Context(), func(ctx context.Context) error {
			loop = weak.Make(asyncio.LoopOf(ctx))
			woken.Add(2)
			leave(ctx, woken.Done)
			await(ctx, t, asyncio.Go(ctx, func(ctx context.Context) error { leave(ctx, woken.Done); return nil }))
			return nil
		})
		if err != nil {
			t.Errorf("%s: Run: %v", name, err)
		}
		woken.Wait()
		for range 100 { // goroutines and finalizers are on their way
			if runtime.GC(); loop.Value() == nil {
				break
			}
			runtime.Gosched()
		}
		if loop.Value() != nil {
			t.Errorf("%s: the loop is reachable", name)
		}
	}
}

// An await with a shielded foreign context continues after the end of the scope.
func TestS06_AShieldedAwaitOutlivesTheScope(t *testing.T) {
	for name, shield := range map[string]func(ctx context.Context) context.Context{
		"WithoutCancel": context.WithoutCancel,
		"std":           shieldedStd,
	} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			var shielded, made context.Context
			var outsider *asyncio.Task[struct{}]
			asyncio.WithTaskGroup(ctx, func(inner context.Context) error {
				shielded = shield(inner)
				outsider = asyncio.Go(ctx, func(context.Context) error {
					made = without(asyncio.WithTimeout(shielded, 2*time.Hour))
					return asyncio.Sleep(shielded, time.Hour)
				})
				return asyncio.Sleep(inner, time.Second)
			})
			isOver(t, name+", made with it", made)
			await(ctx, t, outsider)
			later := without(asyncio.WithTimeout(shielded, time.Minute))
			if err := asyncio.Sleep(later, time.Second); err != nil || later.Err() != nil {
				t.Errorf("%s, made later: %v", name, err)
			}
		})
	}
}

// The ctx of an ended task ends with its foreign context, even if no task uses that context any more.
func TestS06_TheForeignContextOfAnEndedTask(t *testing.T) {
	for name, derive := range map[string]func(ctx context.Context) context.Context{
		"std":          func(ctx context.Context) context.Context { return ctx },
		"shielded std": context.WithoutCancel,
	} {
		for asked, when := range map[string]func(c context.Context, forget func()){
			"at once":             func(c context.Context, forget func()) { c.Done(); forget() },
			"later":               func(c context.Context, forget func()) { forget(); c.Done() },
			"from outside, later": func(c context.Context, forget func()) { forget(); go c.Done(); synctest.Wait() },
			"never":               func(c context.Context, forget func()) { forget() },
		} {
			for end, want := range map[string]error{"its own": errWhy, "the scope's": asyncio.ErrScopeEnded} {
				asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
					var c context.Context
					var cancel context.CancelCauseFunc
					asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
						var std context.Context
						std, cancel = context.WithCancelCause(derive(ctx))
						c = ofTask(ctx, std)
						when(c, func() {
							for range 10 { // more than a task keeps
								asyncio.Sleep(without(context.WithCancel(ctx)), 1)
							}
						})
						if asyncio.Sleep(ctx, 1); end == "its own" {
							cancel(errWhy)
						}
						return nil
					})
					synctest.Wait()
					what := name + ", Done requested " + asked + ", the end is " + end
					select {
					case <-c.Done():
					default:
						t.Errorf("%s: Done is open", what)
					}
					if c.Err() != context.Canceled || context.Cause(c) != want {
						t.Errorf("%s: %v, cause %v; want Canceled, %v", what, c.Err(), context.Cause(c), want)
					}
					cancel(nil)
				})
			}
		}
	}
}
