package engine

import (
	"runtime"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// inbox has the posts of other goroutines. The loop reads a flag, and locks the mutex only if there
// are posts.
type inbox struct {
	mu     sync.Mutex
	posts  []posted
	closed bool

	spare []posted // an empty slice for reuse; owned by the loop
}

// posted is a post and the call that sent it.
type posted struct {
	post
	site coro.Site // 0: unknown
}

// A post is bookkeeping, a callback of the program, or a completion that is settled. The loop calls
// arrive when it takes the post.
type post interface{ arrive(l *Loop) }

type bookkeeping func()

func (f bookkeeping) arrive(*Loop) { f() }

type callback func()

func (f callback) arrive(l *Loop) { l.ready.pushCall(call{fn: f}) }

// The bits of Loop.signal.
const (
	signalInbox uint32 = 1 << iota // there are posts
	signalStop                     // main has ended, or something panicked
	signalProbe                    // the monitor measures the delay until the next turn
)

// post queues fn, which the loop calls inline at the beginning of a turn.
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

// raise sets the signal and wakes the loop if it sleeps. Only the first post of a batch calls it.
func (l *Loop) raise(signal uint32) {
	l.signal.Or(signal)
	if l.asleep.Load() && l.asleep.CompareAndSwap(true, false) {
		if p := l.poller.Load(); p != nil {
			(*p).Wake()
			return
		}
		select {
		case l.wakeUp <- struct{}{}:
		default: // an earlier wake-up has not been received
		}
	}
}

// takePosts handles the posts in order.
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

// closeInbox refuses further posts and handles the present ones.
func (l *Loop) closeInbox() {
	l.inbox.mu.Lock()
	l.inbox.closed = true
	l.inbox.mu.Unlock()
	l.takePosts()
}

// sleep waits for the next timer, a signal or an event of the poller. The loop waits nowhere else. It
// reports false if nothing can happen any more, which only virtual time shows.
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
		runtime.Gosched() // a thread that waits in a system call keeps its processor for a while: see spin
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

// spin polls for a signal before the loop sleeps. It does so at least once, as a signal that was set
// before asleep wakes nothing. Otherwise it polls for most of a microsecond, as to sleep and to be woken
// takes longer. If the loop has just started a goroutine, that one is queued for this processor, and
// runs sooner if the loop sleeps at once.
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

// YieldProcessor notes that the running task has started a goroutine and will wait for it. The loop
// then gives its processor to the goroutine when it sleeps. On the loop only.
func (l *Loop) YieldProcessor() { l.yieldProcessor = true }

// eternity is the jump of virtual time that proves that nothing can happen any more.
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
