package procpool

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A Pool is an asyncio.Executor that runs registered functions in worker processes.
// Several loops may use one pool. Start must be called in a task. The other methods may
// be called from any goroutine.
//
// The pool gives a call to an idle worker, or to a slot that can start a worker. If all
// slots are busy, the call waits in a queue. Each slot has a goroutine that starts the
// worker, reads its frames, and reaps it.
type Pool struct {
	opts Options
	init *initRef // nil: no Options.Init
	name string

	mu       sync.Mutex
	slots    []*slot
	idle     []*slot   // without a job; slots with a worker are at the end, the last used one last
	queue    list.List // of *job
	waiters  list.List // of *waiter: tasks that wait for capacity in the queue
	reserved int       // capacity of waiters that were admitted and have not run yet
	live     int       // jobs accepted and not finished
	numbers  uint64    // the number of the last job
	failures int       // starts of workers that failed in a row
	closed   bool
	forced   bool           // the ctx of Close has ended
	drained  chan struct{}  // closed when the pool is closed and no job is left
	closing  chan struct{}  // closed by Close
	ended    chan struct{}  // closed when no slot goroutine is left
	slotsUp  sync.WaitGroup // the slot goroutines
	counts   counts
	killed   []string   // calls whose workers Close has killed
	posted   []*process // workers whose outboxes unlock flushes
}

// unlock unlocks p.mu, and then flushes the outboxes to which frames were posted.
func (p *Pool) unlock() {
	var buf [2]*process
	posted := append(buf[:0], p.posted...)
	clear(p.posted)
	p.posted = p.posted[:0]
	p.mu.Unlock()
	for _, proc := range posted {
		proc.outbox.flush()
	}
}

// New returns a pool. It starts no worker: the first call does. New returns ErrNoMain if
// Main was not called. It returns another error in a worker process, or if an option is
// invalid.
func New(o Options) (*Pool, error) {
	switch {
	case inWorker.Load():
		return nil, errInWorker
	case !mainCalled.Load():
		return nil, ErrNoMain
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Pool{opts: o, name: fmt.Sprintf("procpool-%d", pools.Add(1)), drained: make(chan struct{}), closing: make(chan struct{}), ended: make(chan struct{})}
	if o.Init != nil {
		if p.init, err = locateInit(o.Init); err != nil {
			return nil, err
		}
	}
	var printing sync.Mutex
	if o.Stdout != nil {
		p.opts.Stdout = &shared{&printing, o.Stdout}
	}
	if o.Stderr != nil {
		p.opts.Stderr = &shared{&printing, o.Stderr}
	}
	for i := range o.Workers {
		p.slots = append(p.slots, &slot{pool: p, id: i + 1, wake: make(chan struct{}, 1)})
	}
	p.idle = slices.Clone(p.slots)
	slices.Reverse(p.idle)
	return p, nil
}

// Local implements asyncio.Executor. It returns false: arguments and results are encoded.
func (p *Pool) Local() bool { return false }

// Workers implements asyncio.Executor. It returns the maximum number of worker processes.
func (p *Pool) Workers() int { return p.opts.Workers }

// Start implements asyncio.Executor. It suspends the task while Options.QueueLimit calls
// are queued. If ctx is cancelled then, Start returns the error of ctx.
func (p *Pool) Start(ctx context.Context, c *asyncio.Call) error {
	if n := int64(len(c.Arg())); n > p.opts.MaxMessage {
		return fmt.Errorf("%w: the argument of %q has %d bytes, the limit is %d (Options.MaxMessage)", ErrTooLarge, c.Func(), n, p.opts.MaxMessage)
	}
	w, err := p.accept(ctx, c, nil)
	if w == nil {
		return err
	}
	atClose := engine.NodeOf(ctx).Loop().AtClose(func() { p.withdraw(w) })
	_, err = w.Await(ctx)
	atClose.Remove()
	if err != nil {
		p.withdraw(w)
		return err
	}
	_, err = p.accept(ctx, c, w)
	return err
}

// A waiter is a task that waits because the queue is full. Its future is done when the
// task is admitted.
type waiter struct {
	*asyncio.Future[struct{}]
	elem *list.Element // in Pool.waiters; nil once admitted
}

// accept accepts the call, or returns a waiter if the queue is full. The second accept of
// the call gets that waiter, admitted.
func (p *Pool) accept(ctx context.Context, c *asyncio.Call, admitted *waiter) (*waiter, error) {
	p.mu.Lock()
	defer p.unlock()
	switch {
	case p.closed:
		return nil, asyncio.ErrExecutorClosed
	case admitted != nil:
		p.reserved--
	case !p.hasCapacity() || p.waiters.Len() > 0:
		w := &waiter{Future: asyncio.NewFuture[struct{}](ctx)}
		w.elem = p.waiters.PushBack(w)
		return w, nil
	}
	p.numbers++
	j := &job{call: c, number: p.numbers, accepted: time.Now()}
	p.live++
	if len(p.idle) > 0 {
		p.takeIdle().assign(j)
	} else {
		j.elem = p.queue.PushBack(j)
	}
	// AfterFunc calls cancel in another goroutine, also if the call is already cancelled.
	j.unwatch = context.AfterFunc(c.Context(), func() { p.cancel(j) })
	return nil, nil
}

// takeIdle removes and returns the idle slot whose worker was used last. If no idle slot
// has a worker, it takes one without.
func (p *Pool) takeIdle() *slot {
	last := len(p.idle) - 1
	s := p.idle[last]
	p.idle = p.idle[:last]
	return s
}

// hasCapacity reports whether one more call may be accepted, besides the reserved ones.
func (p *Pool) hasCapacity() bool {
	return p.opts.QueueLimit == 0 || p.queue.Len()+p.reserved < p.opts.QueueLimit+len(p.idle)
}

// admitWaiters admits waiters in first-in, first-out order while there is capacity.
func (p *Pool) admitWaiters() {
	for p.waiters.Len() > 0 && p.hasCapacity() {
		p.reserved++
		p.admitFirst()
	}
}

// admitFirst wakes the first waiter.
func (p *Pool) admitFirst() {
	w := p.waiters.Remove(p.waiters.Front()).(*waiter)
	w.elem = nil
	w.SetResult(struct{}{})
}

// withdraw removes a waiter whose task has stopped waiting. If the waiter was admitted,
// its reserved capacity goes to the next one.
func (p *Pool) withdraw(w *waiter) {
	p.mu.Lock()
	defer p.unlock()
	if w.elem != nil {
		p.waiters.Remove(w.elem)
		w.elem = nil
	} else if !p.closed {
		p.reserved--
		p.admitWaiters()
	}
}

// next removes and returns the first job of the queue. It returns nil if there is none.
func (p *Pool) next() *job {
	first := p.queue.Front()
	if first == nil {
		return nil
	}
	j := first.Value.(*job)
	p.unqueue(j)
	return j
}

// unqueue removes the job from the queue.
func (p *Pool) unqueue(j *job) {
	p.queue.Remove(j.elem)
	j.elem = nil
	p.admitWaiters()
}

// requeue gives a job whose worker could not run it to an idle slot, or puts it at the
// front of the queue. In a closed pool the idle slots have retired. The slot that calls
// requeue then takes the job itself.
func (p *Pool) requeue(j *job) {
	j.sent, j.slot = time.Time{}, nil
	j.call.Started("")
	if len(p.idle) > 0 && !p.closed {
		p.takeIdle().assign(j)
	} else {
		j.elem = p.queue.PushFront(j)
	}
}

// finish ends a job. A second call does nothing. The caller must hold the lock.
// asyncio.Call.Finish passes the result to the caller's loop. It does not block and calls
// no function of the program.
func (p *Pool) finish(j *job, result []byte, err error) {
	if j.done {
		return
	}
	j.done = true
	if j.grace != nil {
		j.grace.Stop()
	}
	p.counts.end(j, err)
	p.live--
	if p.closed && p.live == 0 {
		close(p.drained)
	}
	if j.unwatch != nil {
		j.unwatch()
	}
	j.call.Finish(result, err)
}

// cancel is called when the ctx of the call has ended. It encodes the cause without the lock,
// because the encoding calls methods of the cause.
func (p *Pool) cancel(j *job) {
	cause := asyncio.EncodeError(context.Cause(j.call.Context()))
	p.mu.Lock()
	defer p.unlock()
	p.cancelLocked(j, cause)
}

// cancelLocked cancels the job with the encoded cause.
func (p *Pool) cancelLocked(j *job, cause []byte) {
	if j.done || j.cancelled != nil {
		return
	}
	j.cancelled = cause
	if j.elem != nil {
		p.unqueue(j)
		p.finish(j, nil, j.cancelError())
		return
	}
	if j.slot != nil {
		j.slot.cancel(j)
	}
}

// Close implements asyncio.Executor. It refuses new calls, and returns when all accepted
// calls have finished and every worker has ended. If ctx ends first, Close cancels the
// remaining calls with the cause asyncio.ErrExecutorClosed. It kills workers whose
// function still runs after Options.KillGrace. It returns an error with the number of
// cancelled calls and the names of the killed ones. A second call waits as well.
func (p *Pool) Close(ctx context.Context) error {
	if ctx == nil {
		return errors.New("procpool: Close: nil context")
	}
	p.startClosing()
	err := engine.AwaitClosed(ctx, p.drained)
	if engine.IsMisuse(err) || err != nil && ctx.Err() == nil {
		return err
	}
	var left int
	if err != nil {
		left = p.cancelAll()
		engine.AwaitClosed(context.WithoutCancel(ctx), p.drained)
	}
	engine.AwaitClosed(context.WithoutCancel(ctx), p.ended) // KillGrace bounds the wait for each worker
	if left == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.unlock()
	text := fmt.Sprintf("procpool: Close: %d calls were cancelled", left)
	if len(p.killed) > 0 {
		text += ", and killed: " + strings.Join(p.killed, ", ")
	}
	return fmt.Errorf("%s: %w", text, err)
}

// startClosing makes the pool refuse calls and retires the idle slots.
func (p *Pool) startClosing() {
	p.mu.Lock()
	defer p.unlock()
	if p.closed {
		return
	}
	p.closed = true
	close(p.closing)
	for p.waiters.Len() > 0 {
		p.admitFirst()
	}
	if p.live == 0 {
		close(p.drained)
	}
	for _, s := range p.idle {
		s.retire()
	}
	go func() { // no worker is left when no slot goroutine is left
		<-p.drained
		p.slotsUp.Wait()
		close(p.ended)
	}()
}

// cancelAll cancels all unfinished calls and returns their number. It stops workers that
// are not ready yet.
func (p *Pool) cancelAll() (left int) {
	closed := asyncio.EncodeError(asyncio.ErrExecutorClosed)
	p.mu.Lock()
	defer p.unlock()
	left, p.forced = p.live, true
	for e, next := p.queue.Front(), (*list.Element)(nil); e != nil; e = next {
		next = e.Next()
		p.cancelLocked(e.Value.(*job), closed)
	}
	for _, s := range p.slots {
		if s.job != nil {
			p.cancelLocked(s.job, closed)
		}
		if s.starting != nil {
			s.starting.stop(p.opts.KillGrace)
		}
	}
	return left
}
