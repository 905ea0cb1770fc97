package engine

import (
	"context"
	"sync/atomic"
	"time"
)

// This file is the border between the loop's contexts and the std ones.
//
// Outwards: a node makes a real std cancelCtx when somebody asks for its Done
// channel or derives a std context from it. Package context recognises its own
// type by a private key, and then links children without a goroutine and finds
// causes; so a node answers that key with its bridge.
//
// Inwards: a task that awaits or creates under a std context gets a carrier, a
// node that is cancelled by one context.AfterFunc. The task keeps it for its
// next awaits with the same Done channel.

// stdKey is the private key of package context. The first Run sets it.
var stdKey any

type keyProbe struct {
	context.Context
	key any
}

func (p *keyProbe) Err() error        { return context.Canceled }
func (p *keyProbe) Value(key any) any { p.key = key; return nil }

// learnStdKey has package context ask for its private key.
func learnStdKey() any {
	p := &keyProbe{Context: context.Background()}
	context.Cause(p)
	return p.key
}

// A stdBridge is the std context of a node. Its parent is the feed, through
// which alone it can end with another error than context.Canceled.
type stdBridge struct {
	context.Context
	cancel context.CancelCauseFunc
	feed   *feed
}

func (n *Node) bridge() *stdBridge {
	if b := n.std(); b != nil {
		return b
	}
	slot := &n.extras().std
	b := &stdBridge{feed: &feed{}}
	b.Context, b.cancel = context.WithCancelCause(b.feed)
	if !slot.CompareAndSwap(nil, b) {
		return slot.Load()
	}
	if s := n.state.Load(); s != nil {
		b.close(s)
		return b
	}
	// The node may have ended, or end just now, without knowing of b.
	l := n.scope.loop
	settle := func() {
		if parent := n.standing(); n.gone() && parent != n && parent.std() != b && n.state.Load() == nil {
			if s := parent.state.Load(); s != nil {
				n.mark(s)
			} else {
				n.leaveHeir(parent)
			}
		}
	}
	if l.Here() {
		settle()
	} else {
		l.post(settle)
	}
	return b
}

func (b *stdBridge) close(s *cancelState) {
	if s.err == context.Canceled {
		b.cancel(s.cause)
		return
	}
	b.feed.end(s)
}

// A feed is the parent of a bridge: a context that ends only with an error
// that is not context.Canceled (a deadline).
type feed struct {
	ended atomic.Pointer[cancelState]
	after func() // set once by package context, before the bridge is published
}

// open is never closed: package context asks for the channel of a parent and
// then prefers AfterFunc.
var open = make(chan struct{})

func (f *feed) Done() <-chan struct{}       { return open }
func (f *feed) Deadline() (time.Time, bool) { return time.Time{}, false }

func (f *feed) Err() error {
	if s := f.ended.Load(); s != nil {
		return s.err
	}
	return nil
}

// Value lets context.Cause find the cause of the foreign context that the end
// came from.
func (f *feed) Value(key any) any {
	if s := f.ended.Load(); s != nil && s.foreign != nil && key == stdKey {
		return s.foreign.Value(key)
	}
	return nil
}

// AfterFunc is what package context calls to be told of the end.
func (f *feed) AfterFunc(fn func()) (stop func() bool) {
	f.after = fn
	return func() bool { return false }
}

func (f *feed) end(s *cancelState) {
	if f.ended.CompareAndSwap(nil, s) && f.after != nil {
		f.after()
	}
}

// maxWatches bounds the carriers that a task keeps for later awaits.
const maxWatches = 4

// carrier returns the node that carries the cancellation of ctx, whose own
// node is own: nil if ctx cannot be cancelled. On the loop only.
func (l *Loop) carrier(ctx context.Context, own *Node) *Node {
	if n, ok := ctx.(*Node); ok {
		return n
	}
	done := ctx.Done()
	if done == nil {
		return nil // context.WithoutCancel
	}
	if b := own.std(); b != nil && b.Done() == done {
		return own // only values were added
	}
	t := l.Current()
	if t == nil {
		return newCarrier(ctx, own.scope)
	}
	c := t.held(done, false)
	if c == nil {
		c = newCarrier(ctx, own.scope)
		t.hold(c)
	}
	return c
}

// held returns the carrier that t keeps for a Done channel, linked under the
// node of t or not; nil: none.
func (t *Task) held(done <-chan struct{}, linked bool) *Node {
	if e := t.node.ext.Load(); e != nil {
		for _, c := range e.carriers {
			if c.source().ctx.Done() == done && (c.up.Load() != nil) == linked {
				return c
			}
		}
	}
	return nil
}

func newCarrier(ctx context.Context, scope *Scope) *Node {
	c := &Node{scope: scope}
	c.anchor = c // it asks its own context too
	src := &source{ctx: ctx}
	c.extras().foreign = src
	src.stop = context.AfterFunc(ctx, func() { c.cancelFrom(ctx) })
	return c
}

func (n *Node) cancelFrom(ctx context.Context) { n.cancel(stateOf(ctx)) }

// stateOf is the state of a foreign context that has ended.
func stateOf(ctx context.Context) *cancelState {
	return &cancelState{err: ctx.Err(), cause: context.Cause(ctx), foreign: ctx}
}

// hold keeps c for the task's next awaits, in place of its oldest one.
func (t *Task) hold(c *Node) {
	e := t.node.extras()
	if len(e.carriers) == maxWatches {
		oldest := e.carriers[0]
		e.carriers = append(e.carriers[:0], e.carriers[1:]...)
		oldest.drop()
	}
	c.source().holders++
	e.carriers = append(e.carriers, c)
}

func (t *Task) dropCarriers() {
	e := t.node.ext.Load()
	if e == nil {
		return
	}
	for _, c := range e.carriers {
		c.drop()
	}
	e.carriers = nil
}

func (n *Node) drop() {
	n.source().holders--
	n.releaseCarrier()
}

// releaseCarrier stops watching a foreign context that nothing depends on.
func (n *Node) releaseCarrier() {
	src := n.source()
	if src != nil && src.stop != nil && src.holders == 0 && n.kids == nil && n.parked == nil {
		src.stop()
		src.stop = nil
		if n.up.Load() != nil { // of a confined task
			n.end()
		}
	}
}
