package engine

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/timerheap"
)

// WithDeadline returns a node under ctx that is cancelled with
// context.DeadlineExceeded at the given time of the loop's clock. cancel ends it early. On another
// goroutine than the loop's, ok is false: the caller must use context.WithDeadline.
func WithDeadline(ctx context.Context, at time.Time) (n context.Context, cancel context.CancelFunc, ok bool) {
	own := NodeOf(ctx)
	if own == nil || !own.Loop().Here() {
		return nil, nil, false
	}
	l := own.Loop()
	e := &struct {
		Node
		ext   nodeExt
		limit deadline
	}{}
	child, d := &e.Node, &e.limit
	d.node, d.at = child, at
	e.ext.limit = d
	child.ext.Store(&e.ext)
	newChild(child, ctx, own.scope, l.confine(ctx, l.carrier(ctx, own)))
	switch when := d.when(); {
	case child.state.Load() != nil:
	case when <= l.Elapsed():
		child.cancel(expired())
	case !child.anchor.expiresBy(when):
		child.anchor = child
		l.timers.Arm(when, d)
	}
	return child, func() { child.release(context.Canceled) }, true
}

// A deadline ends a time-out. The loop's timer does so for the tasks of the loop.
// While a step runs, adopt compares the clock. While a step blocks, a timer of
// package time closes Done, if a Done channel was requested.
type deadline struct {
	timerheap.Timer
	node *Node
	at   time.Time

	outside atomic.Pointer[time.Timer]
}

// Clock implements timerheap.Item.
func (d *deadline) Clock() *timerheap.Timer { return &d.Timer }

// Expire implements timerheap.Item.
func (d *deadline) Expire() { d.node.cancel(expired()) }

// expired is a new state of a node whose deadline has passed.
func expired() *cancelState {
	return &cancelState{err: context.DeadlineExceeded, cause: context.DeadlineExceeded}
}

// when returns the deadline by the loop's clock.
func (d *deadline) when() int64 { return d.node.scope.loop.Stamp(d.at) }

// counts reports whether no node above has an earlier deadline.
func (d *deadline) counts() bool { return d.node.anchor == d.node }

func (d *deadline) passed() bool { return d.counts() && d.when() <= d.node.scope.loop.Elapsed() }

// expiresBy reports whether the anchor n has a deadline at or before when.
func (n *Node) expiresBy(when int64) bool {
	if n == nil {
		return false
	}
	d := n.ext.Load().limit
	return d != nil && d.when() <= when
}

// watch arms the timer of package time. The timer wakes no task: only the loop's timers do, in their
// order (S4).
func (d *deadline) watch() {
	if !d.counts() {
		return
	}
	l := d.node.scope.loop
	d.outside.Store(time.AfterFunc(time.Duration(d.when()-l.Elapsed()), func() {
		d.node.mark(expired())
		l.bridges.scan(d.node)
	}))
	if d.node.state.Load() != nil {
		d.unwatch()
	}
}

func (d *deadline) unwatch() {
	if t := d.outside.Load(); t != nil {
		t.Stop()
	}
}

// release cancels the node of a time-out or a group and removes it from the tree. It can be called from
// any goroutine. A second call does nothing.
func (n *Node) release(cause error) {
	n.Cancel(context.Canceled, cause)
	if l := n.scope.loop; l.Here() {
		n.end()
	} else {
		l.post(n.end)
	}
}
