package asyncio

import (
	"container/list"
	"fmt"
	"sync"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/histogram"
)

// A Limiter limits the number of ToThread calls that run at once. Several loops may share it.
// Waiting calls get free places in first-in, first-out order.
type Limiter struct {
	places int // constant; 0: not created by NewLimiter
	mu     sync.Mutex
	free   int
	queue  list.List // of *engine.Completion, one per waiting call, settled when the call gets a place
	shut   error     // the result of all waiting and later calls; nil: open
	ran    histogram.Histogram
}

// defaultThreads is the number of places of a loop's own limiter.
const defaultThreads = 512

// NewLimiter returns a limiter with n places. It panics if n is less than 1.
func NewLimiter(n int) *Limiter {
	if n < 1 {
		panic(fmt.Sprintf("asyncio: NewLimiter(%d): n must be at least 1", n))
	}
	return &Limiter{places: n, free: n}
}

// acquire takes a place for the caller. It suspends the caller until there is one.
func (m *Limiter) acquire(caller engine.Caller) error {
	m.mu.Lock()
	switch {
	case m.shut != nil:
		defer m.mu.Unlock()
		return m.shut
	case m.free > 0:
		m.free--
		m.mu.Unlock()
		return nil
	}
	admitted := &engine.Completion{}
	admitted.Init(caller.L, 0)
	place := m.queue.PushBack(admitted)
	m.mu.Unlock()
	abandoned := caller.L.AtClose(func() { m.leave(place) })
	ok := admitted.WaitFor(caller, engine.ForLimiter)
	abandoned.Remove()
	if !ok {
		m.leave(place)
		return caller.Err()
	}
	return admitted.Receive()
}

// close makes the waiting calls of acquire, and all later ones, return err.
func (m *Limiter) close(err error) {
	m.mu.Lock()
	m.shut = err
	var queue []*engine.Completion
	for m.queue.Len() > 0 {
		queue = append(queue, m.next())
	}
	m.mu.Unlock()
	for _, admitted := range queue {
		admitted.Claim()
		admitted.Settle(err, false, "")
	}
}

// leave removes a waiting call that was cancelled, or whose loop has ended. If the call already had
// a place, leave releases it.
func (m *Limiter) leave(place *list.Element) {
	m.mu.Lock()
	waits := place.Value != nil
	if waits {
		m.queue.Remove(place)
		place.Value = nil
	}
	m.mu.Unlock()
	if !waits {
		m.release()
	}
}

// next removes the first call from the queue, which must not be empty. The caller must hold m.mu.
func (m *Limiter) next() *engine.Completion {
	first := m.queue.Front()
	m.queue.Remove(first)
	admitted := first.Value.(*engine.Completion)
	first.Value = nil
	return admitted
}

// release passes a place to the first call in the queue, or frees it.
func (m *Limiter) release() {
	m.mu.Lock()
	if m.queue.Len() == 0 {
		m.free++
		m.mu.Unlock()
		return
	}
	next := m.next()
	m.mu.Unlock()
	next.Claim()
	next.Settle(nil, false, "")
}
