// Package engine is the event loop without types: the ready queue, the steps of tasks, contexts,
// timers and scopes. Package asyncio adds the types.
//
// A loop has one thread of control. It moves between goroutines: at any time it is the goroutine on
// top of the chain of runners (see runner). "On the loop" means "by this goroutine". Fields that
// other goroutines use are atomic, or guarded by the inbox.
package engine

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
)

const (
	lifeNew uint32 = iota
	lifeRunning
	lifeClosed
)

// New makes a loop.
func New(cfg Config) *Loop {
	l := &Loop{cfg: cfg, base: time.Now(), closed: make(chan struct{})}
	l.wakeUp, l.monitorWake = make(chan struct{}, 1), make(chan struct{}, 1)
	l.root = &Scope{loop: l, node: &Node{}}
	l.root.node.scope = l.root
	l.root.shieldRoot = &Node{scope: l.root} // made here, as Detach reads it in any goroutine
	l.rootRunner.loop = l
	l.bridges.collected = new(atomic.Int32)
	l.watch.l, l.lateAfter = l, math.MaxInt64
	l.rootMask = rootEvery - 1
	return l
}

// bubbled reports whether the loop was made in a testing/synctest bubble. The clock of a bubble
// starts in the year 2000. No goroutine outside of the bubble may wake the loop.
func (l *Loop) bubbled() bool { return l.cfg.Virtual || l.base.UTC().Year() == 2000 }

// Config returns the configuration.
func (l *Loop) Config() *Config { return &l.cfg }

// Here reports whether the calling goroutine runs the current step of the loop.
func (l *Loop) Here() bool {
	return l.cur.Load().here()
}

// Current returns the running task. It returns nil in a callback. On the loop only.
func (l *Loop) Current() *Task { return l.cur.Load().task.Load() }

// Running returns the task whose step runs, or nil. It can be called from any goroutine.
func (l *Loop) Running() *Task {
	if r := l.cur.Load(); r != nil {
		return r.task.Load()
	}
	return nil
}

// Tasks returns the tasks that have not ended, in order of creation. It can be called from any
// goroutine.
func (l *Loop) Tasks() []*Task {
	tasks := l.registry.All()
	slices.SortFunc(tasks, func(a, b *Task) int { return cmp.Compare(a.id, b.id) })
	return tasks
}

// taskOf returns the task whose node is n. It returns nil if n is not the node of a live task.
func (l *Loop) taskOf(n *Node) *Task {
	if t := l.registry.At(n.slot); t != nil && &t.node == n {
		return t
	}
	return nil
}

// loops are the running loops. A call that blocks checks whether its goroutine runs a step of one.
var loops struct {
	sync.Mutex
	running []*Loop
}

func (l *Loop) enlist() {
	loops.Lock()
	defer loops.Unlock()
	loops.running = append(loops.running, l)
}

func (l *Loop) delist() {
	loops.Lock()
	defer loops.Unlock()
	loops.running = slices.DeleteFunc(loops.running, func(other *Loop) bool { return other == l })
}

// Run runs main as the first task. It returns when all tasks have ended or were abandoned. t and body
// are those of main.
func (l *Loop) Run(ctx context.Context, t *Task, body Body, created coro.Site) (err error) {
	if err := checked.verify(l); err != nil {
		return err
	}
	switch {
	case ctx == nil:
		return NilContext()
	case !l.life.CompareAndSwap(lifeNew, lifeRunning):
		if l.life.Load() == lifeRunning {
			return Refuse(errLoopRuns, "the event loop is already running; make another with NewLoop")
		}
		return ErrLoopClosed
	}
	if err := RefuseBlocking("call main with the ctx of the coroutine, or Run by ToThread"); err != nil {
		l.life.Store(lifeNew)
		return err
	}
	l.start(ctx)
	t.prepare(l, l.newID(), body, cmp.Or(l.cfg.Created, created), "main")
	t.node.flags |= flagMain
	l.stop.main = t
	l.admit(t, l.root.node, l.root, l.root.node)

	returned := false
	defer func() {
		if !returned { // a callback called runtime.Goexit
			l.stop.exiting = true
			l.raise(signalStop)
			l.stackMarker.drive(l)
			l.close()
			l.releaseExited()
		}
	}()
	l.stackMarker.drive(l)
	l.close()
	returned = true
	return l.outcome()
}

func (l *Loop) start(ctx context.Context) {
	l.rootRunner.g.Store(coro.G())
	l.meters.began.Store(l.Elapsed())
	l.cur.Store(&l.rootRunner)
	l.enlist()
	l.takeStackMarker()
	n := l.root.node
	n.outer = &outside{ctx}
	if ctx.Done() != nil {
		src := &source{ctx: ctx, holders: 1}
		n.extras().foreign = src
		if ctx.Err() != nil {
			n.cancelFrom(ctx)
		} else {
			src.stop = context.AfterFunc(ctx, func() { n.cancelFrom(ctx) })
		}
		n.anchor = n
	}
	if l.cfg.OnBlocked != nil {
		l.overtime = newOvertime(l)
	}
	if !l.bubbled() || l.cfg.StallsFail && l.cfg.StallThreshold > 0 {
		l.startMonitor()
	}
}

// startMonitor starts the monitor and the flight recorder.
func (l *Loop) startMonitor() {
	if l.cfg.BadStall != "" {
		l.log(slog.LevelWarn, l.cfg.BadStall)
	}
	if d := l.cfg.StallThreshold; d > 0 && !l.bubbled() {
		l.lateAfter = int64(d)
		l.startFlight()
	}
	l.monitorDone = make(chan struct{})
	go l.monitor()
}

// startFlight starts the flight recorder, whose trace is written at a stall.
func (l *Loop) startFlight() {
	if l.cfg.StartFlight == nil {
		return
	}
	flight, err := l.cfg.StartFlight(&l.cfg)
	if err != nil {
		l.log(slog.LevelWarn, "asyncio: stalls will be reported without a trace: the flight recorder did not start", "error", err)
		return
	}
	l.flight = flight
}

// drive runs turns until the loop is over, and then calls drain.
func (l *Loop) drive() {
	for l.left > 0 || l.turn() {
		if l.mark.Load() {
			l.stepEnded()
		}
		l.left--
		if l.tracer != nil {
			l.tracer.Begin()
		}
		t := l.ready.nextTask()
		if t == nil {
			if l.tracer != nil {
				l.tracer.CallBegan()
			}
			l.runCall()
			if l.tracer != nil {
				l.tracer.CallEnded()
			}
			continue
		}
		for ; t != nil; t = l.handoff {
			l.step(t)
		}
		l.cur.Store(&l.rootRunner)
	}
	l.drain()
}

// drain runs the callbacks that were accepted before the loop was over, and no callback that these
// add. Then it reports the errors that no caller has received. The watch observes it.
func (l *Loop) drain() {
	l.root.ended = true
	l.root.node.cancel(scopeEnded)
	l.root.endShielded()
	l.closeInbox()
	for n := l.ready.len(); n > 0; n-- {
		if l.mark.Load() {
			l.stepEnded()
		}
		if l.ready.nextTask() == nil {
			l.runCall()
		}
	}
	if l.mark.Load() {
		l.stepEnded()
	}
	l.awaitReceivers()
	l.settled = true
	l.failures.settle(l)
}

// turn waits until a task or callback is ready, and begins a turn on the root. It reports false when
// the loop is over.
func (l *Loop) turn() bool {
	for {
		l.turns++
		l.calling = calling{}
		l.counters.more--
		l.trim()
		if l.signal.Load() != 0 {
			l.handleSignals()
		}
		if l.ready.len() > 0 { // otherwise sleep asks
			l.poll()
		}
		l.fireTimers()
		if l.over() {
			return false
		}
		if l.stop.unswept > 0 && l.stop.began && (l.ready.len() == 0 || l.turns-l.stop.sweptAt >= rootEvery) && l.sweep() {
			continue
		}
		l.left = l.ready.len()
		if l.size = l.left; l.left > 0 {
			l.counters.more += l.left
			l.publishQueue(1, 0)
			if l.tracer != nil {
				l.tracer.TurnBegan(l.left)
			}
			return true
		}
		if !l.sleep() {
			l.stuck()
		}
	}
}

// rootEvery is the maximum number of turns between two that begin on the root. Only the root handles
// callbacks, signals and the shutdown (S4). It is a power of two.
const rootEvery = 64

// nextTurn begins a turn in the coroutine that has ended the previous one. It reports false if the
// root must begin it.
func (l *Loop) nextTurn() bool {
	if l.signal.Load() != 0 || l.turns&l.rootMask == 0 {
		return false
	}
	if l.ready.len() > 0 {
		l.poll()
	}
	if !l.timers.Empty() {
		l.fireTimers()
	}
	if l.left = l.ready.len(); l.left == 0 {
		return false
	}
	l.turns++
	l.size = l.left
	l.counters.more += l.left - 1
	return true
}

// handleSignals handles the signals that are set.
func (l *Loop) handleSignals() {
	s := l.signal.Load()
	if s&signalInbox != 0 {
		l.takePosts()
	}
	if s&signalProbe != 0 {
		l.probed()
	}
	if s&signalStop != 0 {
		l.signal.And(^signalStop)
		l.beginShutdown()
	}
}

func (l *Loop) timersDue() bool {
	if l.timers.Empty() {
		return false
	}
	when, ok := l.timers.Next()
	return ok && when <= l.Elapsed()
}

// fireTimers expires the due timers, in order of time and then of arming (S4).
func (l *Loop) fireTimers() {
	if _, armed := l.timers.Next(); !armed {
		return
	}
	now := l.Elapsed()
	for item := l.timers.PopDue(now); item != nil; item = l.timers.PopDue(now) {
		item.Expire()
	}
}

// close ends the loop.
func (l *Loop) close() {
	if src := l.root.node.source(); src != nil && src.stop != nil {
		src.stop()
	}
	l.closing.WakeAll()
	l.dismissIdle()
	if p := l.poller.Load(); p != nil {
		(*p).Close()
	}
	if l.sleeper != nil {
		l.sleeper.Stop()
	}
	l.delist()
	l.publish()
	l.meters.ended.Store(l.Elapsed())
	l.life.Store(lifeClosed)
	l.idles()
	close(l.closed)
	if l.monitorDone != nil {
		<-l.monitorDone
		l.watch.wait()
		if l.flight != nil {
			l.flight.Stop()
		}
	}
	l.releaseStackMarker()
}

// AtClose registers fn, which the end of the loop calls, unless the returned Waiter was removed. On
// the loop only.
func (l *Loop) AtClose(fn func()) *Waiter {
	w := &Waiter{notify: notifyFunc(fn)}
	l.closing.Push(w)
	return w
}

func (l *Loop) dismissIdle() {
	for _, r := range l.idle {
		r.co.Resume()
	}
	l.idle = nil
}
