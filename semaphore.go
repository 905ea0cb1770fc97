package asyncio

import (
	"context"
	"fmt"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// A Semaphore lets n tasks at a time hold a permit. It is fair, and for tasks of
// one loop, as Lock is.
type Semaphore struct {
	binding engine.Binding
	n, free int
	wait    engine.WaitList
}

// NewSemaphore returns a semaphore of n permits. It panics if n is less than 1.
func NewSemaphore(n int) *Semaphore {
	if n < 1 {
		panic(fmt.Sprintf("asyncio: NewSemaphore(%d): n must be at least 1", n))
	}
	return &Semaphore{n: n, free: n}
}

// Acquire suspends the task until it has a permit. It returns ctx.Err() if ctx is
// cancelled before that; a permit that was handed over already is kept.
func (s *Semaphore) Acquire(ctx context.Context) error {
	s.mustBeMade()
	caller, err := s.binding.Enter(ctx)
	if err != nil {
		return err
	}
	if s.free > 0 {
		s.free--
		return nil
	}
	if !caller.Park(&s.wait, engine.ForSemaphore) {
		return caller.Err()
	}
	return nil
}

// TryAcquire takes a permit if one is free and reports whether it did. On the
// loop only: in another goroutine it panics once a loop has used the semaphore.
func (s *Semaphore) TryAcquire() bool {
	s.mustBeMade()
	s.binding.Check("Semaphore.TryAcquire")
	if s.free == 0 {
		return false
	}
	s.free--
	return true
}

// Release hands a permit to the task that has waited longest, or frees it. It
// never suspends. It panics if all n permits are free already, or off the loop.
func (s *Semaphore) Release() {
	s.mustBeMade()
	s.binding.Check("Semaphore.Release")
	if s.free == s.n {
		panic(fmt.Sprintf("asyncio: Semaphore.Release: all %d permits are free already", s.n))
	}
	if !s.wait.WakeFirst() { // the permit goes to the woken task directly, so no other task can take it
		s.free++
	}
}

func (s *Semaphore) mustBeMade() {
	if s.n == 0 {
		panic("asyncio: Semaphore: not initialized; make it with NewSemaphore")
	}
}
