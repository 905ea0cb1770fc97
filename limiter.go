package asyncio

import (
	"container/list"
	"fmt"
	"sync"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/histogram"
)

// A Limiter bounds how many ToThread calls run at once. It may be shared by
// several loops; whoever came first gets the next free place.
type Limiter struct {
	places int // 0: not made by NewLimiter; fixed
	mu     sync.Mutex
	free   int
	queue  list.List // of *engine.Completion, one per waiting call, settled when its turn comes
	shut   error     // what is told to all who wait, and to all who come; nil: open
	ran    histogram.Histogram
}

// defaultThreads is the number of calls that a loop's own limiter lets run.
const defaultThreads = 512

// NewLimiter returns a limiter of n places. It panics if n is less than 1.
func NewLimiter(n int) *Limiter {
	if n < 1 {
		panic(fmt.Sprintf("asyncio: NewLimiter(%d): n must be at least 1", n))
	}
	return &Limiter{places: n, free: n}
}

// acquire takes a place for the caller, waiting for it.
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
	turn := &engine.Completion{}
	turn.Init(caller.L, 0)
	place := m.queue.PushBack(turn)
	m.mu.Unlock()
	abandoned := caller.L.AtClose(func() { m.leave(place) })
	came := turn.WaitFor(caller, engine.ForLimiter)
	abandoned.Remove()
	if !came {
		m.leave(place)
		return caller.Err()
	}
	return turn.Receive()
}

// close sends away who waits and who will come, with err.
func (m *Limiter) close(err error) {
	m.mu.Lock()
	m.shut = err
	var queue []*engine.Completion
	for m.queue.Len() > 0 {
		queue = append(queue, m.next())
	}
	m.mu.Unlock()
	for _, turn := range queue {
		turn.Claim()
		turn.Settle(err, false, "")
	}
}

// leave takes a call out of the queue that was cancelled while it waited, or
// whose loop has ended. If its turn had come already, it passes the place on.
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

// next takes the first call out of the queue, which must not be empty. With m.mu.
func (m *Limiter) next() *engine.Completion {
	first := m.queue.Front()
	m.queue.Remove(first)
	turn := first.Value.(*engine.Completion)
	first.Value = nil
	return turn
}

// release gives a place to the next in the queue, or frees it.
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
