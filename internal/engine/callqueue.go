package engine

import (
	"sync"
	"time"
)

// A callQueue calls functions one after the other in its own goroutine. The goroutine ends when the
// queue is empty. A function that blocks delays the functions behind it, and not the caller of put.
// A function may end the goroutine by runtime.Goexit. It must not panic.
type callQueue struct {
	mu    sync.Mutex
	calls []func()
	idle  chan struct{} // closed when the goroutine ends; nil: no goroutine
	began time.Time     // when the current call began
}

// put queues fn. It reports false, and fn is not called, if the queue has most functions or more.
func (q *callQueue) put(fn func(), most int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.calls) >= most {
		return false
	}
	q.calls = append(q.calls, fn)
	if q.idle == nil {
		q.idle = make(chan struct{})
		go q.run()
	}
	return true
}

func (q *callQueue) run() {
	for fn := q.next(); fn != nil; fn = q.next() {
		q.call(fn)
	}
}

// call calls fn. If fn ends the goroutine, another one continues with the queue.
func (q *callQueue) call(fn func()) {
	returned := false
	defer func() {
		if !returned {
			go q.run()
		}
	}()
	fn()
	returned = true
}

// next removes the first function from the queue and returns it. It returns nil if the queue is
// empty. The goroutine must then end.
func (q *callQueue) next() func() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.calls) == 0 {
		close(q.idle)
		q.idle = nil
		return nil
	}
	fn := q.calls[0]
	q.calls[0] = nil
	q.calls = q.calls[1:]
	q.began = time.Now()
	return fn
}

// pending returns the number of calls that have not returned, and how long the current one has
// lasted.
func (q *callQueue) pending() (n int, lasts time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.idle == nil {
		return 0, 0
	}
	return len(q.calls) + 1, time.Since(q.began)
}

// ended returns a channel that is closed when the queue is empty and the last function has
// returned.
func (q *callQueue) ended() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.idle != nil {
		return q.idle
	}
	closed := make(chan struct{})
	close(closed)
	return closed
}
