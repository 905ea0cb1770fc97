package engine

import (
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/timerheap"
)

// A runner is a coroutine that runs tasks, one after the other; the root is
// the one runner that is no coroutine but the goroutine in which Run was
// called.
//
// # How control is handed on
//
// A task that parks does not go back to the root for the next one to run: its
// runner takes the next task from the ready queue and resumes that one's runner
// itself, one switch instead of two. So the runners that were resumed and have
// resumed another form a chain, the root at its bottom, the running one on top:
//
//	root <- A (parked) <- B (parked) <- C (running)
//
// A runner outside the chain is suspended, and whoever is on top resumes it on
// top of itself. A runner within the chain cannot be resumed: control goes down
// to it, each runner above suspending in turn, and telling by Loop.handoff for
// whom. Down goes control too when the root is needed, which runs callbacks,
// waits and ends the loop, and when the chain is maxChain long.
//
// It never takes more switches than going through the root each time: a runner
// that has to suspend on the way down was resumed once on the way up.
type runner struct {
	co   coro.Coro
	loop *Loop
	g    atomic.Uintptr       // of the goroutine that runs the task: the coroutine's, or that of a Sequence it has resumed
	task atomic.Pointer[Task] // what it runs; nil: a callback, or none

	// Owned by the loop from here on: what the task is parked for.
	w          Waiter
	timer      timerheap.Timer
	under      *Node // whose cancellation wakes it
	next, prev *runner
	held       *Lock // the locks that its task holds
	why        why   // for dumps and wait cycles
	woken      wakeReason

	spun    bool   // an await was refused, and the task has not waited since
	below   bool   // in the chain, and not on top
	depth   uint8  // in the chain, above the root
	ops     uint8  // calls in a row that did not have to wait (see Spend)
	refused uint16 // awaits refused since the task was cancelled, up to refusalsGivenUp
}

// why is what a parked task waits for, in a word.
type why uint8

const (
	forNothing why = iota
	forSleep
	forYield
	forFuture
	forOtherLoop
	forAwait // of a task
	forGather
	forWait
	forGroup
	forLock
	forLockAgain
	ForThread
	ForLimiter
	ForEvent
	ForCondition
	ForSemaphore
	ForBarrier
	ForGet
	ForPut
	ForJoin
	ForChannel
	ForRead
	ForWrite
	ForAccept
	ForConnections
)

// The waits for other tasks: see waitgraph.go.
const (
	firstEdge = forAwait
	lastEdge  = forLockAgain
)

func (y why) String() string {
	return [...]string{"an await", "sleep", "yield", "await", "await of another loop", "await", "gather", "wait", "task group", "lock", "lock",
		"thread", "limiter", "event", "condition", "semaphore", "barrier", "queue get", "queue put", "queue join", "channel",
		"read", "write", "accept", "connections"}[y]
}

type wakeReason uint8

const (
	wokenByEvent wakeReason = iota
	wokenByCancel
	wokenByTimer
	wokenByClose
	wokenByDeadlock // see endWait
)

const (
	maxChain = 8

	maxIdle   = 256                   // finished coroutines kept for good
	trimEvery = 50 * time.Millisecond // how long those beyond that are kept unused
	maxTrim   = 4096                  // dismissed at once: about a millisecond
)

// trim dismisses coroutines beyond maxIdle that were not needed since the last
// time: half of them, so that a load that comes in bursts finds them again.
func (l *Loop) trim() {
	if len(l.idle) <= maxIdle {
		return
	}
	now := l.Elapsed()
	if now-l.trimmedAt < int64(trimEvery) {
		return
	}
	surplus := min(l.leastIdle, len(l.idle)-maxIdle)
	for range min((surplus+1)/2, maxTrim) {
		last := len(l.idle) - 1
		r := l.idle[last]
		l.idle[last] = nil
		l.idle = l.idle[:last]
		r.co.Resume()
	}
	l.trimmedAt, l.leastIdle = now, len(l.idle)
}

// newRunner returns a coroutine for a task that has not started.
func (l *Loop) newRunner() *runner {
	if k := len(l.idle); k > 0 {
		r := l.idle[k-1]
		l.idle[k-1] = nil
		l.idle = l.idle[:k-1]
		l.leastIdle = min(l.leastIdle, k-1)
		return r
	}
	r := &runner{loop: l}
	r.w.notify = r
	r.co.Start(l.lane.coroutine(r))
	return r
}

// main is the body of the coroutine. When a task has ended and the next in line
// has not started either, that one runs on the same stack, without a switch.
func (r *runner) main(yield func(struct{}) bool) {
	l := r.loop
	r.co.Begin(yield)
	r.g.Store(coro.G())
	for {
		l.cur.Store(r)
		for t := r.task.Load(); ; {
			r.exec(t)
			next := l.pick()
			if next == nil || next.r != nil {
				l.handoff = next
				break
			}
			next.r = r
			r.task.Store(next)
			t = next
		}
		r.task.Store(nil)
		if l.cfg.Virtual && len(l.idle) >= maxIdle {
			return
		}
		l.idle = append(l.idle, r)
		r.co.Suspend()
		if r.task.Load() == nil {
			return // dismissed
		}
	}
}

// exec runs the task from beginning to end. It is not inlined, so that a stack
// trace shows which task a goroutine runs.
//
//go:noinline
func (r *runner) exec(t *Task) {
	l := r.loop
	r.refused, r.spun = 0, false
	if s := t.node.reason(l); s != nil { // cancelled before its first step (S3)
		l.finish(t, s.err)
		return
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			t.node.flags |= flagPanicked
			l.finish(t, l.panicked(t, v))
			return
		}
		l.exited(r, t)
	}()
	var err error
	if l.tracer != nil {
		err = l.tracer.Run(t)
	} else {
		err = t.body.Run(&t.node)
	}
	l.judge(t, err)
	returned = true
	l.conclude(t)
}

// runnerOf returns the coroutine of a task, giving it one if it has not started.
func (l *Loop) runnerOf(t *Task) *runner {
	if t.r == nil {
		t.r = l.newRunner()
		t.r.task.Store(t)
	}
	return t.r
}

// step resumes t's runner on top of the root.
func (l *Loop) step(t *Task) {
	r := l.runnerOf(t)
	r.depth = 1
	r.co.Resume()
}

// park gives up control on behalf of self and returns when its task is to go on:
// woken by q, by the cancellation of n, or by what it was put in before. Both may
// be nil.
//
// It is one function, and small ones are inlined in its callers, because the
// processor mispredicts each return that follows a switch: some five nanoseconds
// a frame.
func (l *Loop) park(self *runner, q *WaitList, n *Node, why why) wakeReason {
	self.spun, self.ops = false, 0
	if q != nil {
		q.Push(&self.w)
	}
	if n != nil {
		n.standing().addParked(self)
	}
	self.why = why
	mine := self.task.Load()
	for t := l.pick(); t != mine; t = l.handoff {
		if t == nil || t.r != nil && t.r.below || self.depth >= maxChain {
			l.handoff = t
			self.co.Suspend()
			break
		}
		next := l.runnerOf(t)
		self.below = true
		next.depth = self.depth + 1
		next.co.Resume()
		self.below = false
	}
	l.cur.Store(self)
	self.why = forNothing
	return self.woken
}

// pick takes the next task of the turn off the ready queue, beginning the next
// turn if this one is over. It returns nil if the root is needed.
func (l *Loop) pick() *Task {
	if l.tracer != nil {
		r := l.cur.Load()
		t := r.task.Load()
		l.tracer.StepEnded(t, t != nil && t.r == nil, r.why)
	}
	if l.mark.Load() {
		l.stepEnded()
	}
	if l.left == 0 && !l.nextTurn() {
		return nil
	}
	t := l.ready.nextTask()
	if t != nil {
		l.left--
	}
	return t
}
