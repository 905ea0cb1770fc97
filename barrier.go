package asyncio

import (
	"context"
	"fmt"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// A Barrier blocks tasks until n of them wait, and then wakes them all. It can be used
// again at once. It is for tasks of one loop, as Lock is.
type Barrier struct {
	binding engine.Binding
	n       int
	broken  bool
	now     *barrierRound
}

// barrierRound is one filling of the barrier.
type barrierRound struct {
	wait   engine.WaitList
	atMost int // no more tasks wait than that; fewer, if some were cancelled
	passed int // tasks that have gone on, in order of arrival
}

// NewBarrier returns a barrier for n tasks. It panics if n is less than 1.
func NewBarrier(n int) *Barrier {
	if n < 1 {
		panic(fmt.Sprintf("asyncio: NewBarrier(%d): n must be at least 1", n))
	}
	return &Barrier{n: n, now: &barrierRound{}}
}

// Wait suspends the task until n tasks wait, and returns a number from 0 to n-1,
// a different one for each of them, in order of arrival. It returns
// ErrBarrierBroken after Abort, and if Reset or Abort is called during the wait. If ctx
// is cancelled first, it returns ctx.Err(), and the task no longer counts as waiting.
func (b *Barrier) Wait(ctx context.Context) (index int, err error) {
	b.mustBeMade()
	caller, err := b.binding.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if b.broken {
		return 0, ErrBarrierBroken
	}
	round := b.now
	if round.full(b.n - 1) {
		b.now = &barrierRound{}
		round.wait.WakeAll()
		return b.n - 1, nil
	}
	round.atMost++
	woken, closed := caller.ParkOrClose(&round.wait, engine.ForBarrier)
	switch {
	case closed:
		return 0, ErrBarrierBroken
	case !woken:
		return 0, caller.Err()
	}
	round.passed++
	return round.passed - 1, nil
}

// full reports whether n tasks wait. A cancelled task leaves the list without
// changing atMost, so they are counted one by one; but only where n may have been
// reached, which without cancellations is once a round.
func (r *barrierRound) full(n int) bool {
	if r.atMost < n {
		return false
	}
	r.atMost = r.wait.Len()
	return r.atMost == n
}

// Reset makes the waiting tasks return ErrBarrierBroken, and resets the barrier to
// its initial state. On the loop only: in another goroutine it panics once a loop
// has used the barrier.
func (b *Barrier) Reset() {
	b.check("Barrier.Reset")
	b.dissolve(false)
}

// Abort makes the waiting tasks return ErrBarrierBroken, and all later calls of Wait
// until Reset. On the loop only: in another goroutine it panics once a loop has used
// the barrier.
func (b *Barrier) Abort() {
	b.check("Barrier.Abort")
	b.dissolve(true)
}

func (b *Barrier) dissolve(broken bool) {
	round := b.now
	b.now, b.broken = &barrierRound{}, broken
	round.wait.CloseAll()
}

func (b *Barrier) check(call string) {
	b.mustBeMade()
	b.binding.Check(call)
}

func (b *Barrier) mustBeMade() {
	if b.n == 0 {
		panic("asyncio: Barrier: not initialized; make it with NewBarrier")
	}
}

// Parties returns n.
func (b *Barrier) Parties() int { return b.n }

// Waiting returns the number of waiting tasks. On the loop only: in another goroutine
// it panics once a loop has used the barrier.
func (b *Barrier) Waiting() int {
	b.check("Barrier.Waiting")
	return b.now.wait.Len()
}

// Broken reports whether the barrier was aborted. On the loop only: in another
// goroutine it panics once a loop has used the barrier.
func (b *Barrier) Broken() bool {
	b.check("Barrier.Broken")
	return b.broken
}
