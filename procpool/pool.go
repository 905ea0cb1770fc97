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

// A Pool is an asyncio.Executor that runs registered functions in worker
// processes. Its methods may be called from any goroutine, but for Start, which is
// called in tasks; it may serve several loops.
//
// A call goes to a worker that waits, or to a slot in which one can be started;
// if all are busy it stands in line. Slots are kept by a goroutine each, which
// starts the worker, listens to it, and buries it.
type Pool struct {
	opts Options
	init *initRef // nil: no Options.Init
	name string

	mu       sync.Mutex
	slots    []*slot
	idle     []*slot   // without a job; those with a worker at the end, the last used last
	queue    list.List // of *job
	room     list.List // of *turn: tasks that wait for a place in the queue
	promised int       // places that tasks taken off room are about to take
	live     int       // jobs accepted and not finished
	numbers  uint64
	failures int // starts of workers that failed in a row
	closed   bool
	forced   bool          // Close does not wait any more
	drained  chan struct{} // closed when the pool is, and no job is left
	closing  chan struct{} // closed by Close
	ended    chan struct{} // closed when no slot's goroutine is left
	slotsUp  sync.WaitGroup
	counts   counts
	killed   []string   // calls whose workers Close has killed
	posted   []*process // workers whose outboxes unlock flushes
}

// unlock frees the lock, and then flushes the outboxes to which frames were posted.
func (p *Pool) unlock() {
	var room [2]*process
	posted := append(room[:0], p.posted...)
	clear(p.posted)
	p.posted = p.posted[:0]
	p.mu.Unlock()
	for _, proc := range posted {
		proc.outbox.flush()
	}
}

// New returns a pool. It starts no worker before one is needed. It fails if Main
// was not called, with ErrNoMain, in a worker, and if an option has an impossible value.
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

// Local returns false: arguments and results are encoded.
func (p *Pool) Local() bool { return false }

// Workers returns how many processes there are at most.
func (p *Pool) Workers() int { return p.opts.Workers }

// Start implements asyncio.Executor.
func (p *Pool) Start(ctx context.Context, c *asyncio.Call) error {
	if n := int64(len(c.Arg())); n > p.opts.MaxMessage {
		return fmt.Errorf("%w: the argument of %q has %d bytes, the limit is %d (Options.MaxMessage)", ErrTooLarge, c.Func(), n, p.opts.MaxMessage)
	}
	turn, err := p.accept(ctx, c, nil)
	if turn == nil {
		return err
	}
	abandoned := engine.NodeOf(ctx).Loop().AtClose(func() { p.leave(turn) })
	_, err = turn.Await(ctx)
	abandoned.Remove()
	if err != nil {
		p.leave(turn)
		return err
	}
	_, err = p.accept(ctx, c, turn)
	return err
}

// A turn is what a task waits for when the queue is full. Both lists may be long, and
// whoever is in one may leave it at any time.
type turn struct {
	*asyncio.Future[struct{}]
	place *list.Element // in Pool.room; nil once it has come
}

// accept takes the call, or returns a turn to wait for when the queue is full.
// come is that turn when it has come.
func (p *Pool) accept(ctx context.Context, c *asyncio.Call, come *turn) (*turn, error) {
	p.mu.Lock()
	defer p.unlock()
	switch {
	case p.closed:
		return nil, asyncio.ErrExecutorClosed
	case come != nil:
		p.promised--
	case !p.hasRoom() || p.room.Len() > 0:
		t := &turn{Future: asyncio.NewFuture[struct{}](ctx)}
		t.place = p.room.PushBack(t)
		return t, nil
	}
	p.numbers++
	j := &job{call: c, number: p.numbers, accepted: time.Now()}
	p.live++
	if len(p.idle) > 0 {
		p.takeIdle().assign(j)
	} else {
		j.place = p.queue.PushBack(j)
	}
	// In a goroutine of its own, at once if the call is cancelled already.
	j.unwatch = context.AfterFunc(c.Context(), func() { p.cancel(j) })
	return nil, nil
}

// takeIdle takes the slot with the worker used last, or one without a worker.
func (p *Pool) takeIdle() *slot {
	last := len(p.idle) - 1
	s := p.idle[last]
	p.idle = p.idle[:last]
	return s
}

// hasRoom reports whether one more call may be accepted, after those promised.
func (p *Pool) hasRoom() bool {
	return p.opts.QueueLimit == 0 || p.queue.Len()+p.promised < p.opts.QueueLimit+len(p.idle)
}

// invite promises room to those who wait for it, first come first served.
func (p *Pool) invite() {
	for p.room.Len() > 0 && p.hasRoom() {
		p.promised++
		p.call()
	}
}

// call has the first of those who wait for room come.
func (p *Pool) call() {
	t := p.room.Remove(p.room.Front()).(*turn)
	t.place = nil
	t.SetResult(struct{}{})
}

// leave is called by a task that no longer waits for room. If its turn had come the
// place goes to the next.
func (p *Pool) leave(t *turn) {
	p.mu.Lock()
	defer p.unlock()
	if t.place != nil {
		p.room.Remove(t.place)
		t.place = nil
	} else if !p.closed {
		p.promised--
		p.invite()
	}
}

// next takes the job that came first.
func (p *Pool) next() *job {
	first := p.queue.Front()
	if first == nil {
		return nil
	}
	j := first.Value.(*job)
	p.unqueue(j)
	return j
}

// unqueue takes the job out of the queue.
func (p *Pool) unqueue(j *job) {
	p.queue.Remove(j.place)
	j.place = nil
	p.invite()
}

// giveBack takes back a job that a slot could not have done: it is the first in line. Once
// the pool is closed the idle slots have retired, and the one that gave it sees to it.
func (p *Pool) giveBack(j *job) {
	j.sent, j.slot = time.Time{}, nil
	j.call.Started("")
	if len(p.idle) > 0 && !p.closed {
		p.takeIdle().assign(j)
	} else {
		j.place = p.queue.PushFront(j)
	}
}

// finish ends a job. The caller must hold the lock. Finish of the call passes the result to the
// caller's loop; it does not block, and calls no function of the program.
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

// cancel is called when the ctx of the call has ended. It encodes the cause without the lock, because
// that calls methods of the cause.
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
	if j.place != nil {
		p.unqueue(j)
		p.finish(j, nil, j.cancelError())
		return
	}
	if j.slot != nil {
		j.slot.cancel(j)
	}
}

// Close implements asyncio.Executor: it refuses new calls and returns when those
// accepted have finished and every worker has ended. If ctx ends first, the rest is
// cancelled with asyncio.ErrExecutorClosed as the cause, and what goes on for
// Options.KillGrace is killed; the error says so and names it.
func (p *Pool) Close(ctx context.Context) error {
	if ctx == nil {
		return errors.New("procpool: Close: nil context")
	}
	p.refuse()
	err := engine.AwaitClosed(ctx, p.drained)
	if engine.IsMisuse(err) || err != nil && ctx.Err() == nil {
		return err
	}
	var left int
	if err != nil {
		left = p.cancelAll()
		engine.AwaitClosed(context.WithoutCancel(ctx), p.drained)
	}
	engine.AwaitClosed(context.WithoutCancel(ctx), p.ended) // each ends, or is killed after KillGrace
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

func (p *Pool) refuse() {
	p.mu.Lock()
	defer p.unlock()
	if p.closed {
		return
	}
	p.closed = true
	close(p.closing)
	for p.room.Len() > 0 {
		p.call()
	}
	if p.live == 0 {
		close(p.drained)
	}
	for _, s := range p.idle {
		s.retire()
	}
	go func() { // when no slot's goroutine is left, there is no worker
		<-p.drained
		p.slotsUp.Wait()
		close(p.ended)
	}()
}

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
		if s.coming != nil {
			s.coming.stop(p.opts.KillGrace)
		}
	}
	return left
}
