package semantics_test

import (
	"context"
	"slices"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestQueue_AfterShutdownPutFailsAndGetDrains(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(0)
		q.TryPut(1)
		q.TryPut(2)
		n, stop := countTurns(ctx)
		if q.Closed() {
			t.Error("Closed before Shutdown")
		}
		for range 2 { // a second call is fine
			q.Shutdown(false)
			if !q.Closed() {
				t.Error("not Closed after Shutdown")
			}
			if err := q.Put(ctx, 3); err != asyncio.ErrQueueShutdown {
				t.Errorf("Put: %v, want ErrQueueShutdown", err)
			}
			if q.TryPut(3) || q.Len() != 2 {
				t.Errorf("TryPut succeeded, or Len %d is not 2", q.Len())
			}
		}
		if v, err := q.Get(ctx); err != nil || v == 0 {
			t.Errorf("Get: %d, %v; want what is left", v, err)
		}
		if v, ok := q.TryGet(); !ok || v == 0 {
			t.Errorf("TryGet: %d, %v; want what is left", v, ok)
		}
		for range 2 {
			if v, err := q.Get(ctx); v != 0 || err != asyncio.ErrQueueShutdown {
				t.Errorf("Get of the empty queue: %d, %v; want ErrQueueShutdown", v, err)
			}
			if _, ok := q.TryGet(); ok {
				t.Error("TryGet of the empty queue succeeded")
			}
		}
		if *n != 0 {
			t.Errorf("%d turns went by, want none", *n)
		}
		stop()
		q.TaskDone()
		a := tryInOrder(ctx, t, 1, q.Join)[0] // one is not marked as done yet
		q.TaskDone()
		await(ctx, t, a)
		if a.err != nil {
			t.Errorf("Join: %v", a.err)
		}
	})
}

func TestQueue_ShutdownWakesThoseWhoWait(t *testing.T) {
	for _, immediate := range []bool{false, true} {
		eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
			empty, full := newQueue(1), newQueue(1)
			full.TryPut(1)
			getters := tryInOrder(ctx, t, 3, func(ctx context.Context) error { return second(empty.Get(ctx)) })
			putters := tryInOrder(ctx, t, 3, func(ctx context.Context) error { return full.Put(ctx, 2) })
			getters[0].Cancel(nil)
			putters[0].Cancel(nil)
			empty.Shutdown(immediate)
			full.Shutdown(immediate)
			getters[1].Cancel(nil)
			putters[1].Cancel(nil)
			turns(ctx, t, 1)
			for i, want := range []error{context.Canceled, asyncio.ErrQueueShutdown, asyncio.ErrQueueShutdown} {
				if getters[i].err != want || putters[i].err != want {
					t.Errorf("immediate %v: Get %v, Put %v; want %v", immediate, getters[i].err, putters[i].err, want)
				}
			}
			if want := map[bool]int{false: 1}[immediate]; full.Len() != want {
				t.Errorf("immediate %v: Len %d, want %d: nothing that waited was added", immediate, full.Len(), want)
			}
			cancelAll(ctx, append(getters, putters...))
		})
	}
}

func TestQueue_ImmediateShutdownDropsWhatIsThere(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(0)
		for range 5 {
			q.TryPut(1)
		}
		q.TryGet()
		q.TryGet()
		joiners := tryInOrder(ctx, t, 2, q.Join)
		q.TaskDone()
		q.Shutdown(true)
		if q.Len() != 0 {
			t.Errorf("Len %d, want 0", q.Len())
		}
		turns(ctx, t, 2)
		if got := over(joiners); got != "00" {
			t.Errorf("Join returned, %s, though one that was taken is not done", got)
		}
		q.TaskDone()
		turns(ctx, t, 1)
		if got := over(joiners); got != "11" || joiners[0].err != nil {
			t.Errorf("Join: %s, %v; want both to return", got, joiners[0].err)
		}
		wantClearPanic(t, "TaskDone for what was dropped", q.TaskDone, "TaskDone", "more often")
		cancelAll(ctx, joiners)
	})
}

func TestQueue_ImmediateShutdownReleasesJoin(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(0)
		q.TryPut(1)
		q.TryPut(1)
		a := tryInOrder(ctx, t, 1, q.Join)[0]
		q.Shutdown(false)
		turns(ctx, t, 1)
		if a.over {
			t.Error("Join returned though two are not done")
		}
		q.Shutdown(true) // the second call may be the stronger one
		turns(ctx, t, 1)
		if !a.over || a.err != nil {
			t.Errorf("Join: over %v, %v; want it to return", a.over, a.err)
		}
		cancelAll(ctx, []*attempt{a})
	})
}

// TaskDone may come before the item is taken. What is dropped then is not counted twice.
func TestQueue_ShutdownAfterTaskDoneOfWhatWasNotTaken(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		for done := range 3 {
			q := newQueue(0)
			q.TryPut(1)
			q.TryPut(1)
			a := tryInOrder(ctx, t, 1, q.Join)[0]
			for range done {
				q.TaskDone()
			}
			q.Shutdown(true)
			turns(ctx, t, 1)
			if !a.over {
				t.Errorf("%d marked as done before: Join still waits", done)
			}
			if err := q.Join(ctx); err != nil {
				t.Errorf("Join: %v", err)
			}
			wantClearPanic(t, "TaskDone", q.TaskDone, "TaskDone", "more often")
			cancelAll(ctx, []*attempt{a})
		}
	})
}

// S15: what was handed over before the shutdown is received.
func TestQueue_WhatWasHandedOverSurvivesTheShutdown(t *testing.T) {
	for _, immediate := range []bool{false, true} {
		eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
			q := newQueue(0)
			var got []int
			getters := tryInOrder(ctx, t, 3, func(ctx context.Context) error {
				v, err := q.Get(ctx)
				if err == nil {
					got = append(got, v)
				}
				return err
			})
			q.TryPut(7)
			q.TryPut(8)
			q.Shutdown(immediate)
			getters[0].Cancel(nil)
			turns(ctx, t, 1)
			slices.Sort(got)
			if !slices.Equal(got, []int{7, 8}) || getters[2].err != asyncio.ErrQueueShutdown {
				t.Errorf("immediate %v: got %v, the third %v; want 7 and 8, ErrQueueShutdown", immediate, got, getters[2].err)
			}
			q.TaskDone()
			q.TaskDone()
			if err := q.Join(ctx); err != nil {
				t.Error(err)
			}
			cancelAll(ctx, getters)
		})
	}
}

// A putter to whom room was promised, and who has not put yet, is told of the shutdown, and its item is not added.
func TestQueue_APromisedRoomDoesNotSurviveTheShutdown(t *testing.T) {
	for _, immediate := range []bool{false, true} {
		eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
			q := newQueue(1)
			q.TryPut(1)
			putters := tryInOrder(ctx, t, 2, func(ctx context.Context) error { return q.Put(ctx, 2) })
			q.TryGet()
			q.Shutdown(immediate)
			putters[0].Cancel(nil)
			turns(ctx, t, 1)
			if putters[0].err != asyncio.ErrQueueShutdown || putters[1].err != asyncio.ErrQueueShutdown || q.Len() != 0 {
				t.Errorf("immediate %v: %v, %v, Len %d; want ErrQueueShutdown twice, 0", immediate, putters[0].err, putters[1].err, q.Len())
			}
			q.TaskDone()
			if err := q.Join(ctx); err != nil {
				t.Error(err)
			}
			cancelAll(ctx, putters)
		})
	}
}

// An immediate shutdown keeps, for the getters that were woken, what they would have got without it.
func TestQueue_ImmediateShutdownKeepsTheOrderOfWhatWasPromised(t *testing.T) {
	for name, want := range map[string][]int{"Queue": {2, 3}, "LIFOQueue": {4, 1}, "PriorityQueue": {1, 2}} {
		for _, shutdown := range []bool{false, true} {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				q := queueKinds[name](0)
				var got []int
				getters := tryInOrder(ctx, t, 2, func(ctx context.Context) error {
					v, err := q.Get(ctx)
					got = append(got, v)
					return err
				})
				for _, v := range []int{2, 3, 1, 4} {
					q.TryPut(v)
				}
				if shutdown {
					q.Shutdown(true)
				}
				turns(ctx, t, 1)
				if !slices.Equal(got, want) {
					t.Errorf("%s, shut down %v: got %v, want %v", name, shutdown, got, want)
				}
				if left := map[bool]int{false: 2}[shutdown]; q.Len() != left {
					t.Errorf("%s, shut down %v: Len %d, want %d", name, shutdown, q.Len(), left)
				}
				cancelAll(ctx, getters)
			})
		}
	}
}

// TryPut reports false for a full queue and for one that is shut down: Closed tells them apart, whatever is
// left in the queue and whichever way it was shut down.
func TestQueue_ClosedTellsFullFromShutDown(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		for _, c := range []struct {
			name       string
			do         func(q anyQueue)
			put, close bool
		}{
			{"room", func(anyQueue) {}, true, false},
			{"full", func(q anyQueue) { q.TryPut(1) }, false, false},
			{"full, with a task in Put", func(q anyQueue) {
				q.TryPut(1)
				tryInOrder(ctx, t, 1, func(ctx context.Context) error { return q.Put(ctx, 2) })
			}, false, false},
			{"shut down, with an item", func(q anyQueue) { q.TryPut(1); q.Shutdown(false) }, false, true},
			{"shut down and drained", func(q anyQueue) { q.TryPut(1); q.Shutdown(false); q.TryGet() }, false, true},
			{"shut down at once", func(q anyQueue) { q.TryPut(1); q.Shutdown(true) }, false, true},
		} {
			q := newQueue(1)
			c.do(q)
			if closed, put := q.Closed(), q.TryPut(3); closed != c.close || put != c.put {
				t.Errorf("%s: Closed %v, TryPut %v; want %v, %v", c.name, closed, put, c.close, c.put)
			}
			q.Shutdown(true)
			turns(ctx, t, 2)
		}
	})
}
