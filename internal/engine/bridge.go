package engine

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// A node makes a real std cancelCtx when its Done channel is requested or a std
// context is derived from it. Package context recognises its own type by a
// private key, links children to it without a goroutine, and finds causes there;
// so a node answers that key with its bridge.

// stdKey is the private key of package context. The first Run sets it.
var stdKey any

type keyProbe struct {
	context.Context
	key any
}

func (p *keyProbe) Err() error        { return context.Canceled }
func (p *keyProbe) Value(key any) any { p.key = key; return nil }

// learnStdKey returns the private key, with which package context calls Value of the probe.
func learnStdKey() any {
	p := &keyProbe{Context: context.Background()}
	context.Cause(p)
	return p.key
}

// A stdBridge is the std context of a node. Its parent is the feed, which ends it with errors other
// than context.Canceled.
type stdBridge struct {
	context.Context
	cancel context.CancelCauseFunc
	feed   *feed
}

// bridge returns the std context of n, made on first use. From any goroutine.
func (n *Node) bridge() *stdBridge {
	if b := n.std(); b != nil {
		return b
	}
	b := &stdBridge{feed: &feed{}}
	b.Context, b.cancel = context.WithCancelCause(b.feed)
	if !n.extras().std.CompareAndSwap(nil, b) {
		return n.std()
	}
	n.scope.loop.bridges.register(n)
	return b
}

// close ends the std context. A second call does nothing.
func (b *stdBridge) close(s *cancelState) {
	if s.err == context.Canceled {
		b.cancel(s.cause)
	} else {
		b.feed.end(s)
	}
	runtime.KeepAlive(b) // see detached.close
}

// A feed is the parent of a bridge: a context that ends only with an error
// that is not context.Canceled (a deadline).
type feed struct {
	ended atomic.Pointer[cancelState]
	after func() // set once by package context, before the bridge is published
}

// open is never closed. Package context calls Done of a parent, and then uses AfterFunc instead of the
// channel.
var open = make(chan struct{})

func (f *feed) Done() <-chan struct{}       { return open }
func (f *feed) Deadline() (time.Time, bool) { return time.Time{}, false }

func (f *feed) Err() error {
	if s := f.ended.Load(); s != nil {
		return s.err
	}
	return nil
}

// Value lets context.Cause find the cause of the foreign context that ended the feed.
func (f *feed) Value(key any) any {
	if s := f.ended.Load(); s != nil && s.foreign != nil && key == stdKey {
		return s.foreign.Value(key)
	}
	return nil
}

// AfterFunc registers fn, which end calls. Package context calls it.
func (f *feed) AfterFunc(fn func()) (stop func() bool) {
	f.after = fn
	return func() bool { return false }
}

func (f *feed) end(s *cancelState) {
	if f.ended.CompareAndSwap(nil, s) && f.after != nil {
		f.after()
	}
}
