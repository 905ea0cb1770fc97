package engine

import (
	"context"
	"time"
)

// WithDeadline returns a node under ctx that is cancelled with
// context.DeadlineExceeded at the given time of the loop's clock, and the
// function that ends it early. On the loop only; from another goroutine ok is
// false and the std function is to be used instead.
func WithDeadline(ctx context.Context, at time.Time) (n context.Context, cancel context.CancelFunc, ok bool) {
	own := NodeOf(ctx)
	if own == nil || !own.Loop().Here() {
		return nil, nil, false
	}
	l := own.Loop()
	e := &struct {
		Node
		ext   nodeExt
		lapse lapse
	}{}
	child := &e.Node
	e.lapse.node, e.lapse.deadline, e.ext.lapse = child, at, &e.lapse
	child.ext.Store(&e.ext)
	newChild(child, ctx, own.scope, l.confine(ctx, l.carrier(ctx, own)))
	if child.state.Load() == nil {
		if when := l.Stamp(at); when <= l.Elapsed() {
			child.Cancel(context.DeadlineExceeded, context.DeadlineExceeded)
		} else {
			l.timers.arm(when, &e.lapse)
		}
	}
	return child, func() { child.release(context.Canceled) }, true
}

// lapse is the deadline of a time-out.
type lapse struct {
	timer
	node     *Node
	deadline time.Time
}

func (d *lapse) clock() *timer { return &d.timer }

// expire is the deadline: the timer of a time-out that nobody ended.
func (d *lapse) expire(l *Loop) {
	d.node.Cancel(context.DeadlineExceeded, context.DeadlineExceeded)
}

// release cancels a time-out or a group's node for good and takes it out of
// the tree. From any goroutine, more than once.
func (n *Node) release(cause error) {
	n.Cancel(context.Canceled, cause)
	l := n.scope.loop
	if l.Here() {
		n.dismantle()
	} else {
		l.post(n.dismantle)
	}
}

func (n *Node) dismantle() {
	if e := n.ext.Load(); e != nil && e.lapse != nil {
		n.scope.loop.timers.disarm(e.lapse)
	}
	n.end()
}
