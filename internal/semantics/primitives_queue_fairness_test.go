package semantics_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// "Both sides are fair: whoever has waited longest is served next, and nobody gets in between."

// A queueCrew puts into and takes from one queue, each in a task of its own.
type queueCrew struct {
	ctx   context.Context
	q     anyQueue
	tasks []*attempt
	got   []int    // the items, in the order in which they were taken
	who   []string // by whom
}

func (c *queueCrew) get(name string) *attempt {
	a := try(c.ctx, func(ctx context.Context) error {
		v, err := c.q.Get(ctx)
		if err == nil {
			c.got, c.who = append(c.got, v), append(c.who, name)
		}
		return err
	})
	c.tasks = append(c.tasks, a)
	return a
}

func (c *queueCrew) put(v int) *attempt {
	a := try(c.ctx, func(ctx context.Context) error { return c.q.Put(ctx, v) })
	c.tasks = append(c.tasks, a)
	return a
}

// takeAll takes what is there, and what comes as room gets free.
func (c *queueCrew) takeAll() {
	for range len(c.tasks) + 1 {
		c.got = append(c.got, drain(c.q)...)
		asyncio.Sleep(c.ctx, time.Second)
	}
}

func (c *queueCrew) end() { cancelAll(c.ctx, c.tasks) }

func TestQueue_GettersAreServedInOrder(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		c := &queueCrew{ctx: ctx, q: newQueue(0)}
		defer c.end()
		for _, name := range []string{"a", "b", "c", "d"} {
			c.get(name)
		}
		turns(ctx, t, 1)
		c.q.TryPut(1)
		c.q.TryPut(2)
		if c.q.Len() != 0 {
			t.Errorf("Len %d, want 0: both are set aside", c.q.Len())
		}
		if v, ok := c.q.TryGet(); ok {
			t.Errorf("TryGet took %d that was set aside for a getter", v)
		}
		c.get("newcomer")
		turns(ctx, t, 2)
		if !slices.Equal(c.who, []string{"a", "b"}) {
			t.Errorf("served %v, want [a b]", c.who)
		}
		for range 3 {
			c.q.TryPut(1)
			turns(ctx, t, 1)
		}
		if !slices.Equal(c.who, []string{"a", "b", "c", "d", "newcomer"}) {
			t.Errorf("served %v, want a, b, c, d and then the newcomer", c.who)
		}
	})
}

func TestQueue_PuttersAreServedInOrder(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := &queueCrew{ctx: ctx, q: asyncio.NewQueue[int](2)}
		defer c.end()
		for v := range 8 {
			c.put(v)
		}
		turns(ctx, t, 1)
		for want := range 8 {
			if v, ok := c.q.TryGet(); v != want || !ok {
				t.Errorf("item %d is %d, %v", want, v, ok)
			}
			if c.q.TryPut(99) && want < 6 {
				t.Errorf("TryPut got in between, after item %d", want)
			}
			turns(ctx, t, 1)
		}
	})
}

// An item that goes straight to a waiting getter leaves its room to the next putter, not to a newcomer.
func TestQueue_APutterIsNotOvertakenWhenAnItemGoesStraightToAGetter(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := &queueCrew{ctx: ctx, q: asyncio.NewQueue[int](1)}
		defer c.end()
		c.q.TryPut(0)
		c.put(1)
		turns(ctx, t, 1)
		asyncio.LoopOf(ctx).CallSoon(func() {
			v, _ := c.q.TryGet() // wakes 1
			c.got = append(c.got, v)
			c.put(3) // runs right after 1
		})
		c.get("getter") // runs before 1: waits, though a room is free, as that is promised
		c.put(2)        // waits behind 1
		turns(ctx, t, 3)
		c.takeAll()
		if !slices.Equal(c.got, []int{0, 1, 2, 3}) {
			t.Errorf("got %v, want 0 to 3 in order", c.got)
		}
	})
}

// Two rooms get free at once, for one putter who waits: whoever comes before he runs comes after him.
func TestQueue_ANewcomerDoesNotOvertakeAWokenPutter(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := &queueCrew{ctx: ctx, q: asyncio.NewQueue[int](2)}
		defer c.end()
		c.q.TryPut(0)
		c.q.TryPut(1)
		c.put(2)
		turns(ctx, t, 1)
		c.put(3) // runs before 2 goes on
		c.got = append(c.got, drain(c.q)...)
		if c.q.TryPut(99) {
			t.Error("TryPut got in between")
		}
		turns(ctx, t, 3)
		c.takeAll()
		if !slices.Equal(c.got, []int{0, 1, 2, 3}) {
			t.Errorf("got %v, want 0 to 3 in order", c.got)
		}
	})
}

// Newcomers who had to stand in line, as somebody was on his way in, are let in as soon as that one is.
func TestQueue_NobodyWaitsWhileThereIsRoom(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		c := &queueCrew{ctx: ctx, q: newQueue(4)}
		defer c.end()
		for range 4 {
			c.q.TryPut(0)
		}
		first := c.put(1)
		turns(ctx, t, 1)
		asyncio.LoopOf(ctx).CallSoon(func() { drain(c.q) }) // four rooms, one of them promised
		second, third := c.put(2), c.put(3)                 // run before the first goes on
		turns(ctx, t, 1)
		if first.over || second.over || third.over {
			t.Errorf("over %v, %v, %v; want nobody: the first is on his way", first.over, second.over, third.over)
		}
		turns(ctx, t, 1)
		if !first.over || second.over || third.over {
			t.Errorf("over %v, %v, %v; want the first", first.over, second.over, third.over)
		}
		turns(ctx, t, 1)
		if !second.over || !third.over || c.q.Len() != 3 {
			t.Errorf("over %v, %v, Len %d of 4; want all of them, 3", second.over, third.over, c.q.Len())
		}
		if !c.q.TryPut(4) || c.q.TryPut(5) {
			t.Error("one room was expected to be left")
		}
	})
}

// A getter that leaves hands on what it was offered; one that was served keeps it. So nothing is delivered
// twice, and nothing waits while somebody wants it.
func TestQueue_ManyInAndOut(t *testing.T) {
	eachQueue(t, func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue) {
		for _, max := range []int{0, 1, 2, 7} {
			c := &queueCrew{ctx: ctx, q: newQueue(max)}
			const n = 200
			for i := range n {
				c.put(i)
				c.get("somebody")
				if i%3 == 0 {
					c.tasks[(i*13)%len(c.tasks)].Cancel(nil)
				}
				if i%2 == 0 {
					turns(ctx, t, 1)
				}
			}
			asyncio.Sleep(ctx, time.Second)
			for more := drain(c.q); len(more) > 0; more = drain(c.q) {
				c.got = append(c.got, more...)
				asyncio.Sleep(ctx, time.Second) // those who waited for room
			}
			put := 0
			for i, a := range c.tasks {
				if i%2 == 0 && a.over && a.err == nil {
					put++
				}
			}
			seen := map[int]int{}
			for _, v := range c.got {
				seen[v]++
			}
			if len(seen) != put || len(c.got) != put {
				t.Errorf("max %d: %d items were put, %d came out, %d different ones", max, put, len(c.got), len(seen))
			}
			c.end()
		}
	})
}
