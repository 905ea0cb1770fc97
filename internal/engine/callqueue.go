package engine

import "sync"

// A callQueue calls functions one after the other in a goroutine of its own, which lives
// while there is one to call. A function that blocks holds up those behind it, and not the
// caller of put. A function may end the goroutine by runtime.Goexit; it must not panic.
type callQueue struct {
	mu    sync.Mutex
	calls []func()
	idle  chan struct{} // closed when none is left; nil: there is no goroutine
}

// put has fn called. It reports false if most functions or more wait in the queue.
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

// call has the queue go on in another goroutine if fn ends this one.
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

// next takes the first function off the queue. It returns nil, and the goroutine has to
// end, if there is none.
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
	return fn
}

// ended returns a channel that is closed when every function has returned that is in the
// queue now.
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
