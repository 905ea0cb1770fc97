package asyncio

import (
	"context"
	"fmt"
	"iter"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// A Queue hands items from tasks to tasks, first in, first out. It is for tasks of
// one loop, as Lock is. Both sides are fair: whoever has waited longest is served
// next, and for each that is woken an item, or a room, is kept until it runs. Which
// item that is, is decided when it runs: a newcomer may have taken an older one.
type Queue[T any] struct{ queue[T] }

// NewQueue returns a queue that holds at most max items; 0 stands for no bound.
// It panics if max is negative.
func NewQueue[T any](max int) *Queue[T] {
	q := &Queue[T]{}
	q.init("NewQueue", max, &fifo[T]{})
	return q
}

// A LIFOQueue is a Queue that gives the newest item first.
type LIFOQueue[T any] struct{ queue[T] }

// NewLIFOQueue is NewQueue for the newest first.
func NewLIFOQueue[T any](max int) *LIFOQueue[T] {
	q := &LIFOQueue[T]{}
	q.init("NewLIFOQueue", max, &lifo[T]{})
	return q
}

// A PriorityQueue is a Queue that gives the least item first, and of equal ones
// the oldest.
type PriorityQueue[T any] struct{ queue[T] }

// NewPriorityQueue is NewQueue for the least first. It panics if less is nil. A call
// in which less panics panics with the same value, and leaves the items as they were.
func NewPriorityQueue[T any](max int, less func(a, b T) bool) *PriorityQueue[T] {
	if less == nil {
		panic("asyncio: NewPriorityQueue: nil less")
	}
	q := &PriorityQueue[T]{}
	q.init("NewPriorityQueue", max, &priority[T]{less: less})
	return q
}

// queue is what the three have in common.
//
// A wake-up is a promise: one item is kept for a woken getter, one room for a
// woken putter, and they take it when they run. Nobody else gets it meanwhile, and
// a woken task does not leave: so nothing is lost (S15) and the order of waking
// is the order of service.
type queue[T any] struct {
	binding  engine.Binding
	max      int // 0: no bound
	items    store[T]
	promised int // items set aside for getters that were woken
	rooms    int // rooms set aside for putters that were woken
	getters  engine.WaitList
	putters  engine.WaitList

	unfinished int // items put and not marked as done
	joiners    engine.WaitList
	down       bool
}

func (q *queue[T]) init(call string, max int, items store[T]) {
	if max < 0 {
		panic(fmt.Sprintf("asyncio: %s(%d): max must be at least 0; 0 is no bound", call, max))
	}
	q.max, q.items = max, items
	q.binding.Left = func() { q.promised, q.rooms = 0, 0 } // the woken tasks of the ended loop never run
}

// enter and check are those of the binding, for a queue that was made by its New.
func (q *queue[T]) enter(ctx context.Context) (engine.Caller, error) {
	q.mustBeMade()
	return q.binding.Enter(ctx)
}

func (q *queue[T]) check(call string) {
	q.mustBeMade()
	q.binding.Check(call)
}

func (q *queue[T]) mustBeMade() {
	if q.items == nil {
		panic("asyncio: Queue: not initialized; make it with NewQueue, NewPriorityQueue or NewLIFOQueue")
	}
}

// room reports whether one more item may come in.
func (q *queue[T]) room() bool { return q.max == 0 || q.free()+q.rooms < q.max }

// full is the answer for newcomers, who come after those that were promised room.
// Invariant: while putters wait there is no room, so nobody else need be asked.
func (q *queue[T]) full() bool { return q.rooms > 0 || !q.room() }

// invite promises rooms to waiting putters as long as there are both.
func (q *queue[T]) invite() {
	for !q.putters.Empty() && q.room() {
		q.putters.WakeFirst()
		q.rooms++
	}
}

// Put adds v, suspending the task while the queue is full. It returns ctx.Err()
// if ctx is cancelled before there is room, and ErrQueueShutdown if the queue is
// shut down: then v was not added.
func (q *queue[T]) Put(ctx context.Context, v T) error {
	caller, err := q.enter(ctx)
	if err != nil {
		return err
	}
	if q.down {
		return ErrQueueShutdown
	}
	if !q.full() {
		q.add(v)
		return nil
	}
	woken, closed := caller.ParkOrClose(&q.putters, engine.ForPut)
	if woken {
		q.rooms--
	}
	switch {
	case closed || woken && q.down:
		return ErrQueueShutdown
	case !woken:
		return caller.Err()
	}
	q.addInvited(v)
	return nil
}

// addInvited is add for a putter that was woken. Newcomers may have parked behind
// the room that it had; if less panics, the room is theirs.
func (q *queue[T]) addInvited(v T) {
	defer q.invite()
	q.add(v)
}

// TryPut adds v if there is room and reports whether it did. It reports false
// when the queue is full and when it is shut down; [Queue.Closed] distinguishes
// the two. On the loop only: in another goroutine it panics once a loop has used
// the queue.
//
// Room that was made for a task that waits in Put is kept for that task, and so is
// the order: until it has run, TryPut returns false though Len is below the bound,
// and a Put that comes now waits behind it.
func (q *queue[T]) TryPut(v T) bool {
	q.check("Queue.TryPut")
	if q.down || q.full() {
		return false
	}
	q.add(v)
	return true
}

func (q *queue[T]) add(v T) {
	q.items.push(v)
	q.unfinished++
	if q.getters.WakeFirst() {
		q.promised++
		q.invite()
	}
}

// Get takes the next item, suspending the task while there is none. It returns
// ctx.Err() if ctx is cancelled before there is one, and ErrQueueShutdown when
// the queue is shut down and empty.
func (q *queue[T]) Get(ctx context.Context) (T, error) {
	var zero T
	caller, err := q.enter(ctx)
	if err != nil {
		return zero, err
	}
	if q.free() == 0 {
		if q.down {
			return zero, ErrQueueShutdown
		}
		woken, closed := caller.ParkOrClose(&q.getters, engine.ForGet)
		switch {
		case closed:
			return zero, ErrQueueShutdown
		case !woken:
			return zero, caller.Err()
		}
		return q.takePromised(), nil
	}
	return q.take(), nil
}

// takePromised is take for a getter that was woken. If less panics, the item is
// promised to the next.
func (q *queue[T]) takePromised() T {
	q.promised--
	defer q.offer()
	return q.take()
}

// offer promises items to waiting getters as long as there are both.
func (q *queue[T]) offer() {
	for !q.getters.Empty() && q.free() > 0 {
		q.getters.WakeFirst()
		q.promised++
	}
}

// TryGet takes the next item if there is one. On the loop only: in another
// goroutine it panics once a loop has used the queue.
func (q *queue[T]) TryGet() (v T, ok bool) {
	q.check("Queue.TryGet")
	if q.free() == 0 {
		return v, false
	}
	return q.take(), true
}

func (q *queue[T]) take() T {
	v := q.items.pop()
	q.invite()
	return v
}

// Len returns the number of items that are there to be taken. On the loop only:
// in another goroutine it panics once a loop has used the queue.
func (q *queue[T]) Len() int {
	q.check("Queue.Len")
	return q.free()
}

// free is the number of items that are not promised to a woken getter.
func (q *queue[T]) free() int { return q.items.len() - q.promised }

// TaskDone says that an item taken from the queue has been dealt with; Join waits
// for as many as were put. It panics if called more often, or off the loop.
func (q *queue[T]) TaskDone() {
	q.check("Queue.TaskDone")
	if q.unfinished == 0 {
		panic("asyncio: Queue.TaskDone: called more often than items were put")
	}
	q.finished(1)
}

func (q *queue[T]) finished(n int) {
	if q.unfinished -= n; q.unfinished == 0 {
		q.joiners.WakeAll()
	}
}

// Join suspends the task until TaskDone was called for every item that was put.
func (q *queue[T]) Join(ctx context.Context) error {
	caller, err := q.enter(ctx)
	if err != nil || q.unfinished == 0 {
		return err
	}
	if !caller.Park(&q.joiners, engine.ForJoin) {
		return caller.Err()
	}
	return nil
}

// Shutdown ends the queue. Put fails from now on, and calls of Put that wait fail
// too. Get fails when the queue is empty. With immediate the items in the queue are
// dropped and count as done. Shutdown may be called again. On the loop only: in
// another goroutine it panics once a loop has used the queue.
func (q *queue[T]) Shutdown(immediate bool) {
	q.check("Queue.Shutdown")
	if immediate {
		q.drop()
	}
	q.down = true
	q.putters.CloseAll()
	if q.free() == 0 {
		q.getters.CloseAll()
	}
}

// Closed reports whether Shutdown was called. Get may still return items that
// were put before. On the loop only: in another goroutine it panics once a loop
// has used the queue.
func (q *queue[T]) Closed() bool {
	q.check("Queue.Closed")
	return q.down
}

// drop throws away what is not promised to a woken getter.
func (q *queue[T]) drop() {
	dropped := min(q.free(), q.unfinished)
	q.items.keep(q.promised)
	if dropped > 0 {
		q.finished(dropped)
	}
}

// All returns the items as they come, for a range loop. It ends when the queue is
// shut down and empty, or when ctx is cancelled; ctx.Err() tells which. It panics
// where Get returns an error that says it was misused (ErrNoLoop, ErrWrongTask).
func (q *queue[T]) All(ctx context.Context) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			v, err := q.Get(ctx)
			switch {
			case engine.IsMisuse(err) || err != nil && err != ErrQueueShutdown && err != context.Canceled && ctx.Err() == nil:
				panic(err) // misuse must not look like the end
			case err != nil || !yield(v):
				return
			}
		}
	}
}
