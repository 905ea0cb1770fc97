package engine

import (
	"runtime"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// inbox is the one door for other goroutines. The loop looks at a flag, and
// takes the lock only when there is something.
type inbox struct {
	mu     sync.Mutex
	posts  []posted
	closed bool

	spare []posted // an empty slice for reuse; owned by the loop
}

// posted is a post, with the call that sent it.
type posted struct {
	post
	site coro.Site // 0: unknown
}

// A post is bookkeeping that is done when it is taken out, a callback of the
// user that is queued then, or a completion that is settled.
type post interface{ arrive(l *Loop) }

type bookkeeping func()

func (f bookkeeping) arrive(*Loop) { f() }

type callback func()

func (f callback) arrive(l *Loop) { l.ready.pushCall(call{fn: f}) }

// Reasons why the loop must look up, in Loop.signal.
const (
	signalInbox uint32 = 1 << iota // there are posts
	signalStop                     // main has ended, or something panicked
	signalProbe                    // the monitor measures how long a turn takes to come
)

// post has fn called inline on the loop at the beginning of a turn.
func (l *Loop) post(fn func()) error { return l.send(bookkeeping(fn), 0) }

// Post queues fn as a callback, from any goroutine. site is the call of CallSoonThreadsafe. If
// Post returns nil, fn runs.
func (l *Loop) Post(fn func(), site coro.Site) error {
	if l.Here() && !l.root.ended {
		l.ready.pushCall(call{fn: fn, site: site})
		return nil
	}
	return l.send(callback(fn), site)
}

func (l *Loop) send(p post, site coro.Site) error {
	in := &l.inbox
	in.mu.Lock()
	if in.closed {
		in.mu.Unlock()
		return ErrLoopClosed
	}
	in.posts = append(in.posts, posted{p, site})
	first := len(in.posts) == 1
	in.mu.Unlock()
	if first {
		l.raise(signalInbox)
	}
	return nil
}

// raise sets the signal, and wakes the loop if it sleeps: only the first post
// of a batch gets here.
func (l *Loop) raise(signal uint32) {
	l.signal.Or(signal)
	if l.asleep.Load() && l.asleep.CompareAndSwap(true, false) {
		if p := l.poller.Load(); p != nil {
			(*p).Wake()
			return
		}
		select {
		case l.wakeUp <- struct{}{}:
		default: // a token of an earlier wake-up is still there
		}
	}
}

// takePosts handles what other goroutines sent, in order.
func (l *Loop) takePosts() {
	in := &l.inbox
	l.signal.And(^signalInbox)
	in.mu.Lock()
	posts := in.posts
	in.posts = in.spare[:0]
	in.mu.Unlock()
	for i, p := range posts {
		posts[i] = posted{}
		if fn, ok := p.post.(callback); ok { // the most frequent kind
			l.ready.pushCall(call{fn: fn, site: p.site})
		} else {
			p.arrive(l)
		}
	}
	in.spare = posts
}

// closeInbox lets nobody in any more and handles what is there.
func (l *Loop) closeInbox() {
	l.inbox.mu.Lock()
	l.inbox.closed = true
	l.inbox.mu.Unlock()
	l.takePosts()
}

// sleep waits for the next timer, if there is one, or for a signal: the one
// place where the loop waits. It reports whether it was woken for good reason:
// false when, in virtual time, nothing can ever happen again.
func (l *Loop) sleep() bool {
	when, armed := l.timers.Next()
	timed := armed
	var wait time.Duration
	var woke int64 // 0: it did not wait
	if timed {
		now := l.Elapsed()
		if when <= now {
			return true
		}
		wait = time.Duration(when - now)
	}
	if len(l.idle) > maxIdle && (!timed || wait > trimEvery) {
		timed, wait = true, trimEvery
	}
	if !timed && l.cfg.Virtual {
		timed, wait = true, eternity
	}
	l.idles()
	l.pace.sleeps()
	p := l.poller.Load()
	if p != nil && l.yieldProcessor {
		l.yieldProcessor = false
		runtime.Gosched() // a thread that waits in the system keeps its processor for a while: see spin
	}
	l.asleep.Store(true)
	alive := true
	switch {
	case p != nil && l.signal.Load() == 0:
		if !timed {
			wait = -1
		}
		l.rests()
		(*p).Wait(wait)
		l.polledAt = l.wakes()
		woke = l.polledAt
	case !l.spin():
		l.rests()
		alive = l.wait(timed, wait)
		woke = l.wakes()
	}
	l.asleep.Store(false)
	if l.mark.Load() {
		l.unmark()
	}
	l.cur.Store(&l.rootRunner)
	if armed && woke-when > l.lateAfter {
		l.timerLate(when, woke)
	}
	l.overtime.arm()
	if l.monitorParked.Load() {
		l.wakeMonitor()
	}
	return alive
}

// spin looks out for a signal before the loop goes to sleep: at least once, as a
// signal raised before asleep was set wakes nobody; and for the better part of a
// microsecond, as going to sleep and being woken takes longer, unless the loop has
// just started a goroutine. That one stands in line for the processor on which this
// one runs: whatever comes of it comes sooner if the loop sleeps at once.
func (l *Loop) spin() bool {
	looks := spins
	if l.yieldProcessor {
		l.yieldProcessor, looks = false, 1
	}
	for range looks {
		if l.signal.Load() != 0 {
			return true
		}
	}
	return false
}

const spins = 500

// YieldProcessor is called by whoever starts a goroutine and is about to suspend the task
// until it is done. On the loop only.
func (l *Loop) YieldProcessor() { l.yieldProcessor = true }

// eternity is how far virtual time has to jump to prove that nothing is left
// to happen.
const eternity = 100 * 365 * 24 * time.Hour

func (l *Loop) wait(timed bool, d time.Duration) bool {
	if !timed {
		<-l.wakeUp
		return true
	}
	if l.sleeper == nil {
		l.sleeper = time.NewTimer(d)
	} else {
		l.sleeper.Reset(d)
	}
	select {
	case <-l.wakeUp:
		l.sleeper.Stop()
		return true
	case <-l.sleeper.C:
		return d != eternity
	}
}
