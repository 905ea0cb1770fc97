package semantics_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// drain takes all that is there.
func drain(q anyQueue) (items []int) {
	for v, ok := q.TryGet(); ok; v, ok = q.TryGet() {
		items = append(items, v)
	}
	return items
}

func TestQueue_TheOrderOfItems(t *testing.T) {
	in := []int{5, 3, 8, 3, 1, 9, 1, 7}
	for name, want := range map[string][]int{
		"Queue":         {5, 3, 8, 3, 1, 9, 1, 7},
		"LIFOQueue":     {7, 1, 9, 1, 3, 8, 3, 5},
		"PriorityQueue": {1, 1, 3, 3, 5, 7, 8, 9},
	} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			q := queueKinds[name](0)
			for i, v := range in {
				if err := q.Put(ctx, v); err != nil || q.Len() != i+1 {
					t.Errorf("%s.Put: %v, Len %d", name, err, q.Len())
				}
			}
			var got []int
			for range in {
				v, err := q.Get(ctx)
				if err != nil {
					t.Errorf("%s.Get: %v", name, err)
				}
				got = append(got, v)
			}
			if !slices.Equal(got, want) || q.Len() != 0 {
				t.Errorf("%s: %v, Len %d; want %v, 0", name, got, q.Len(), want)
			}
		})
	}
}

// Of equal items the oldest comes first, whatever was put and taken meanwhile.
func TestPriorityQueue_OfEqualItemsTheOldestFirst(t *testing.T) {
	type item struct{ rank, age int }
	for seed := range uint64(50) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			q := asyncio.NewPriorityQueue(0, func(a, b item) bool { return a.rank < b.rank })
			var twin []item // in the order in which it was put
			for age := range 300 {
				if r.IntN(3) > 0 || len(twin) == 0 {
					v := item{r.IntN(4), age}
					q.TryPut(v)
					twin = append(twin, v)
					continue
				}
				first := 0
				for i, v := range twin {
					if v.rank < twin[first].rank {
						first = i
					}
				}
				if got, ok := q.TryGet(); !ok || got != twin[first] {
					t.Fatalf("seed %d: got %v, want %v", seed, got, twin[first])
				}
				twin = slices.Delete(twin, first, first+1)
			}
		})
	}
}

func TestQueue_GetWaitsForAnItemAndPutForRoom(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(2)
		start := time.Now()
		var got, put []string
		stamp := func() string { return "@" + strconv.Itoa(int(time.Since(start).Seconds())) }
		getter := try(ctx, func(ctx context.Context) error {
			for range 5 {
				v, err := q.Get(ctx)
				if err != nil {
					return err
				}
				got = append(got, strconv.Itoa(v)+stamp())
				asyncio.Sleep(ctx, 2*time.Second)
			}
			return nil
		})
		asyncio.Sleep(ctx, time.Second)
		for v := range 5 {
			if err := q.Put(ctx, v); err != nil {
				t.Error(err)
			}
			put = append(put, strconv.Itoa(v)+stamp())
		}
		await(ctx, t, getter)
		if want := "0@1 1@1 2@1 3@3 4@5"; strings.Join(put, " ") != want {
			t.Errorf("put %v, want %s", put, want)
		}
		for i, want := range []string{"@1", "@3", "@5", "@7", "@9"} {
			if !strings.HasSuffix(got[i], want) {
				t.Errorf("item %d: %s, want it %s", i, got[i], want)
			}
		}
	})
}

func TestQueue_WhatNeedNotWaitCostsNoTurn(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(2)
		n, stop := countTurns(ctx)
		defer stop()
		for range 3 {
			if q.Put(ctx, 1) != nil || !q.TryPut(2) || q.TryPut(3) || q.Len() != 2 {
				t.Errorf("a queue of two did not take two, Len %d", q.Len())
			}
			if _, err := q.Get(ctx); err != nil || q.Len() != 1 {
				t.Errorf("Get: %v, Len %d", err, q.Len())
			}
			if _, ok := q.TryGet(); !ok || q.Len() != 0 {
				t.Errorf("TryGet: %v, Len %d", ok, q.Len())
			}
			if v, ok := q.TryGet(); ok || v != 0 {
				t.Errorf("TryGet of the empty queue: %d, %v", v, ok)
			}
			q.TaskDone()
			q.TaskDone()
			if err := q.Join(ctx); err != nil {
				t.Errorf("Join: %v", err)
			}
		}
		if *n != 0 {
			t.Errorf("%d turns went by, want none", *n)
		}
	})
}

func TestQueue_ZeroIsNoBound(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(0)
		for i := range 10_000 {
			if !q.TryPut(i) {
				t.Fatalf("TryPut failed with %d items", i)
			}
		}
		if q.Len() != 10_000 || len(drain(q)) != 10_000 {
			t.Error("not all of them came out")
		}
	})
}

// The ring of a Queue goes round and grows: what goes in comes out, in order.
func TestQueue_ItGrowsWhereverItsItemsBegin(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for start := range 20 {
			q := asyncio.NewQueue[int](0)
			for range start {
				q.TryPut(-1)
				q.TryGet()
			}
			for i := range 100 {
				q.TryPut(i)
			}
			for i := range 100 {
				if v, ok := q.TryGet(); v != i || !ok {
					t.Fatalf("from %d on: item %d is %d, %v", start, i, v, ok)
				}
			}
		}
	})
}

func TestQueue_JoinWaitsForAsManyTaskDonesAsItemsWerePut(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(0)
		for range 3 {
			q.TryPut(1)
		}
		all := tryInOrder(ctx, t, 2, q.Join)
		for i := range 3 {
			if got := over(all); got != "00" {
				t.Errorf("Join returned after %d of 3: %s", i, got)
			}
			q.TryGet()
			turns(ctx, t, 1)
			q.TaskDone()
		}
		all[1].Cancel(nil) // too late
		turns(ctx, t, 1)
		if got := over(all); got != "11" || all[0].err != nil || all[1].err != nil {
			t.Errorf("after all: %s, %v, %v", got, all[0].err, all[1].err)
		}
		q.TryPut(1)
		more := tryInOrder(ctx, t, 2, q.Join)
		more[0].Cancel(nil)
		q.TaskDone()
		turns(ctx, t, 1)
		if more[0].err != context.Canceled || !more[1].over || more[1].err != nil {
			t.Errorf("cancelled, then done: %v; the other one over %v, %v", more[0].err, more[1].over, more[1].err)
		}
		cancelAll(ctx, append(all, more...))
	})
}

// Who was let go by the last TaskDone goes, also if an item is put before he runs.
func TestQueue_JoinIsNotHeldByWhatIsPutAfterwards(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(0)
		q.TryPut(1)
		a := tryInOrder(ctx, t, 1, q.Join)[0]
		q.TaskDone()
		q.TryPut(2)
		turns(ctx, t, 1)
		if !a.over || a.err != nil {
			t.Errorf("over %v, %v; want it to return", a.over, a.err)
		}
		cancelAll(ctx, []*attempt{a})
	})
}

func TestQueue_Misuse(t *testing.T) {
	wantClearPanic(t, "NewQueue", func() { asyncio.NewQueue[int](-1) }, "NewQueue(-1)", "at least 0")
	wantClearPanic(t, "NewLIFOQueue", func() { asyncio.NewLIFOQueue[int](-2) }, "NewLIFOQueue(-2)", "at least 0")
	wantClearPanic(t, "NewPriorityQueue", func() { asyncio.NewPriorityQueue(-3, ascending) }, "NewPriorityQueue(-3)", "at least 0")
	wantClearPanic(t, "NewPriorityQueue", func() { asyncio.NewPriorityQueue[int](0, nil) }, "NewPriorityQueue", "nil less")
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(0)
		wantClearPanic(t, "TaskDone of nothing", q.TaskDone, "TaskDone", "more often than items were put")
		q.TryPut(1)
		q.TaskDone()
		wantClearPanic(t, "the second TaskDone", q.TaskDone, "TaskDone", "more often than items were put")
		if q.Len() != 1 {
			t.Errorf("Len %d, want 1: TaskDone takes nothing", q.Len())
		}
	})
}

func TestQueue_AllGivesTheItemsAsTheyCome(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(1)
		var got []int
		consumer := try(ctx, func(ctx context.Context) error {
			for v := range q.All(ctx) {
				got = append(got, v)
			}
			return ctx.Err()
		})
		for v := range 5 {
			asyncio.Sleep(ctx, time.Second)
			if err := q.Put(ctx, v); err != nil {
				t.Error(err)
			}
		}
		q.Shutdown(false)
		await(ctx, t, consumer)
		if !slices.Equal(got, []int{0, 1, 2, 3, 4}) || consumer.err != nil {
			t.Errorf("got %v, ctx.Err() %v; want 0 to 4, nil: it was shut down", got, consumer.err)
		}
	})
}

func TestQueue_AllEndsWhenCancelledAndLosesNothing(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(0)
		var got []int
		consumer := tryInOrder(ctx, t, 1, func(ctx context.Context) error {
			for v := range q.All(ctx) {
				got = append(got, v)
			}
			return ctx.Err()
		})[0]
		q.TryPut(1)
		q.TryPut(2)
		consumer.Cancel(nil)
		await(ctx, t, consumer)
		if len(got) != 1 || consumer.err != context.Canceled {
			t.Errorf("got %v, ctx.Err() %v; want the one that was handed over, context.Canceled", got, consumer.err)
		}
		if left := drain(q); len(left) != 1 || left[0]+got[0] != 3 {
			t.Errorf("got %v, left %v; want 1 and 2 in all", got, left)
		}
	})
}

func TestQueue_AllCanBeLeftAndBegunAgain(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		q := newQueue(0)
		for range 4 {
			q.TryPut(1)
		}
		items := q.All(ctx)
		for range 2 {
			for range items {
				break
			}
		}
		if q.Len() != 2 {
			t.Errorf("Len %d, want 2: each loop took one", q.Len())
		}
		q.Shutdown(false)
		n := 0
		for range items {
			n++
		}
		for range items {
			t.Error("an item after the end")
		}
		if n != 2 {
			t.Errorf("%d items were left, want 2", n)
		}
	})
}
