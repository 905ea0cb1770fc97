package engine

import (
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/timerheap"
)

// A runner is a coroutine that runs tasks, one after the other. The root is the only runner that is
// not a coroutine: it is the goroutine that called Run.
//
// # Transfer of control
//
// A task that parks does not return to the root. Its runner takes the next task from the ready queue
// and resumes the runner of that task: one switch instead of two. The runners that have resumed
// another one form a chain. The root is at its bottom, and the running one on top:
//
//	root <- A (parked) <- B (parked) <- C (running)
//
// A runner outside of the chain is suspended. The top of the chain can resume it. A runner within the
// chain cannot be resumed. Control unwinds to it: the runners above suspend one after the other, and
// Loop.handoff has the task that runs next. Control unwinds to the root if the root is needed, and if
// the chain has maxChain runners. The root runs callbacks, waits, and ends the loop.
//
// The number of switches never exceeds that of a loop without chains: a runner that suspends on the
// way down was resumed once on the way up.
type runner struct {
	co   coro.Coro
	loop *Loop
	g    atomic.Uintptr       // of the goroutine that runs the task: the coroutine's, or that of a Sequence it has resumed
	task atomic.Pointer[Task] // the task that it runs; nil: a callback, or none

	// Owned by the loop: the wait of a parked task.
	w          Waiter
	timer      timerheap.Timer
	under      *Node // the node whose cancellation wakes it
	next, prev *runner
	held       *Lock // the locks that its task holds
	why        why   // for dumps and wait cycles
	woken      wakeReason

	spun    bool   // an await was refused, and the task has not waited since
	below   bool   // in the chain, and not on top
	depth   uint8  // in the chain, above the root
	ops     uint8  // calls since the last wait (see Spend)
	refused uint16 // awaits refused since the task was cancelled, up to refusalsGivenUp
}

// why says why a task is parked.
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

	maxIdle   = 256                   // idle coroutines that are never dismissed
	trimEvery = 50 * time.Millisecond // interval at which unused ones beyond maxIdle are dismissed
	maxTrim   = 4096                  // maximum of one call, which takes about a millisecond
)

// trim dismisses half of the coroutines beyond maxIdle that were not used since its last call. The
// other half serves loads that come in bursts.
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

// newRunner returns an idle coroutine, or a new one.
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
	r.co.Start(l.stackMarker.coroutine(r))
	return r
}

// main is the body of the coroutine. If a task has ended and the next ready one has not started, main
// runs that one on the same stack, without a switch.
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

// exec runs the task from its beginning to its end. It is not inlined: its argument in a stack trace
// identifies the task.
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

// here reports whether the calling goroutine runs the task of r. If r is the current runner of a loop,
// the goroutine then runs the current step of that loop. r may be nil.
func (r *runner) here() bool { return r != nil && r.g.Load() == coro.G() }

// runnerOf returns the coroutine of a task. A task that has not started gets one.
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

// park suspends the task of self. It returns when the task continues: woken by q, by the cancellation
// of n, or by a timer or list that the caller has registered. q and n may be nil.
//
// It is one function, and its small callers are inlined: the processor mispredicts each return after
// a switch, which costs some five nanoseconds a frame.
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

// pick removes the next task from the ready queue. If the turn is over it begins the next one. It
// returns nil if the root is needed.
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
