package semantics_test

import (
	"context"
	"slices"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A less that panics: the call in which it does panics, and everything else is as if there had been no such call.

const lessPanic = "less panics"

// fragile makes a queue whose less panics at the call number left from now; 0: never.
func fragile(max int, left *int) *asyncio.PriorityQueue[int] {
	return asyncio.NewPriorityQueue(max, func(a, b int) bool {
		if *left > 0 {
			if *left--; *left == 0 {
				panic(lessPanic)
			}
		}
		return a < b
	})
}

// drained takes what is there, in order.
func drained(q *asyncio.PriorityQueue[int]) (items []int) {
	for v, ok := q.TryGet(); ok; v, ok = q.TryGet() {
		items = append(items, v)
		q.TaskDone()
	}
	return items
}

func TestPriorityQueue_APanicInLessChangesNothing(t *testing.T) {
	content := []int{5, 3, 8, 1, 9, 2, 7, 4, 6}
	for name, call := range map[string]func(ctx context.Context, q *asyncio.PriorityQueue[int]){
		"TryPut": func(_ context.Context, q *asyncio.PriorityQueue[int]) { q.TryPut(0) },
		"Put":    func(ctx context.Context, q *asyncio.PriorityQueue[int]) { q.Put(ctx, 0) },
		"TryGet": func(_ context.Context, q *asyncio.PriorityQueue[int]) { q.TryGet() },
		"Get":    func(ctx context.Context, q *asyncio.PriorityQueue[int]) { q.Get(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				panics := 0
				for at := 1; ; at++ { // at each of the comparisons
					left := 0
					q := fragile(0, &left)
					for _, v := range content {
						q.TryPut(v)
					}
					left = at
					v := panicOf(func() { call(ctx, q) })
					if left > 0 { // it made fewer
						break
					}
					panics++
					if v != lessPanic || q.Len() != len(content) {
						t.Errorf("comparison %d: panic %v, %d items", at, v, q.Len())
					}
					if got := drained(q); !slices.Equal(got, []int{1, 2, 3, 4, 5, 6, 7, 8, 9}) {
						t.Errorf("comparison %d: afterwards it holds %v, want 1 to 9", at, got)
					}
					if err := q.Join(ctx); err != nil || !q.TryPut(1) {
						t.Errorf("comparison %d: Join: %v, or it does not serve", at, err)
					}
				}
				if panics < 2 {
					t.Errorf("less panicked in %d calls, want some", panics)
				}
			})
		})
	}
}

// The item that was promised to a getter goes to the next one.
func TestPriorityQueue_APanicInAWokenGetHandsTheItemOn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		left := 0
		q := fragile(0, &left)
		var got []int
		get := func(ctx context.Context) error {
			v, err := q.Get(ctx)
			got = append(got, v)
			return err
		}
		var v any
		first := try(ctx, func(ctx context.Context) error { v = panicOf(func() { get(ctx) }); return nil })
		turns(ctx, t, 1)
		second := tryInOrder(ctx, t, 1, get)[0]
		third := tryInOrder(ctx, t, 1, get)[0]
		for _, item := range []int{4, 3, 2, 1} { // the fourth is for nobody: with three, pop has one comparison
			q.TryPut(item)
		}
		left = 1
		turns(ctx, t, 3)
		if v != lessPanic || !slices.Equal(got, []int{1, 2}) || q.Len() != 2 {
			t.Errorf("panic %v; the others got %v, %d left; want 1 and 2, and 2 left", v, got, q.Len())
		}
		if rest := drained(q); !slices.Equal(rest, []int{3, 4}) {
			t.Errorf("left %v, want 3 and 4", rest)
		}
		cancelAll(ctx, []*attempt{first, second, third})
	})
}

// With more getters than items: one who was not promised any gets it.
func TestPriorityQueue_APanicInAWokenGetWakesWhoWaits(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		left := 0
		q := fragile(0, &left)
		var got []int
		get := func(ctx context.Context) error {
			v, err := q.Get(ctx)
			got = append(got, v)
			return err
		}
		var v any
		all := []*attempt{try(ctx, func(ctx context.Context) error { v = panicOf(func() { get(ctx) }); return nil })}
		turns(ctx, t, 1)
		all = append(all, tryInOrder(ctx, t, 3, get)...)
		for _, item := range []int{3, 2, 1} {
			q.TryPut(item)
		}
		left = 1
		turns(ctx, t, 3)
		if v != lessPanic || !slices.Equal(got, []int{1, 2, 3}) {
			t.Errorf("panic %v, the others got %v; want 1, 2, 3", v, got)
		}
		cancelAll(ctx, all)
	})
}

// The room that a putter had goes to the next one.
func TestPriorityQueue_APanicInAWokenPutHandsTheRoomOn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		left := 0
		q := fragile(2, &left)
		q.TryPut(1)
		q.TryPut(2)
		var v any
		first := try(ctx, func(ctx context.Context) error { v = panicOf(func() { q.Put(ctx, 3) }); return nil })
		turns(ctx, t, 1)
		second := tryInOrder(ctx, t, 1, func(ctx context.Context) error { return q.Put(ctx, 4) })[0]
		q.TryGet()
		q.TaskDone()
		left = 1
		turns(ctx, t, 2)
		if v != lessPanic || !second.over || second.err != nil {
			t.Errorf("panic %v; the next putter: over %v, %v; want it to have the room", v, second.over, second.err)
		}
		if got := drained(q); !slices.Equal(got, []int{2, 4}) {
			t.Errorf("it holds %v, want 2 and 4", got)
		}
		if err := q.Join(ctx); err != nil {
			t.Error(err)
		}
		cancelAll(ctx, []*attempt{first, second})
	})
}

// A shutdown compares to find the items that were promised. One in which less panics has not happened.
func TestPriorityQueue_APanicInShutdown(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for at := 1; ; at++ { // at each of the comparisons
			left := 0
			q := fragile(0, &left)
			var got []int
			get := func(ctx context.Context) error {
				v, err := q.Get(ctx)
				got = append(got, v)
				return err
			}
			all := tryInOrder(ctx, t, 3, get)
			for _, v := range []int{5, 3, 8, 1, 9, 4} {
				q.TryPut(v)
			}
			left = at
			v := panicOf(func() { q.Shutdown(true) })
			if left > 0 { // it made fewer
				if left = 0; at < 5 {
					t.Errorf("a shutdown made %d comparisons, want some", at-1)
				}
				cancelAll(ctx, all)
				return
			}
			if v != lessPanic || q.Len() != 3 || !q.TryPut(10) {
				t.Errorf("comparison %d: panic %v, %d items; want 3, and that it goes on", at, v, q.Len())
			}
			q.Shutdown(true)
			turns(ctx, t, 1)
			if !slices.Equal(got, []int{1, 3, 4}) || over(all) != "111" || q.Len() != 0 {
				t.Errorf("comparison %d: the getters got %v, over %s, %d left; want 1, 3 and 4, and nothing left", at, got, over(all), q.Len())
			}
			cancelAll(ctx, all)
		}
	})
}
