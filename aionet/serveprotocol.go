package aionet

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A transportSet is the list of the transports of one ServeProtocol or DialProtocol, with what
// they share. It is owned by the loop.
type transportSet struct {
	loop     *engine.Loop
	network  string
	ctx      context.Context // the parent of the connections' contexts
	factory  func() Protocol
	report   func(remote net.Addr, err error)
	onMade   func() // called when ConnectionMade has returned; may be nil
	onRemove func() // called when a transport has left the set
	first    *Transport
}

func (s *transportSet) add(t *Transport) {
	if t.next = s.first; t.next != nil {
		t.next.prev = t
	}
	s.first = t
}

func (s *transportSet) remove(t *Transport) {
	if t.prev == nil {
		s.first = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	t.next, t.prev = nil, nil
	s.onRemove()
}

// abort ends all connections.
func (s *transportSet) abort(cause error) {
	for t := s.first; t != nil; t = t.next {
		t.lose(cause)
	}
}

// loopClosed ends the open connections at the end of the loop. The loop runs no more callbacks,
// so loopClosed calls run itself.
func (s *transportSet) loopClosed() {
	for t := s.first; t != nil; {
		next := t.next
		t.lose(asyncio.ErrLoopClosed)
		t.scheduled = true
		if !t.finished {
			t.run()
		}
		t = next
	}
}

// opError wraps an error as package net does.
func (s *transportSet) opError(op string, stream netport.Stream, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: s.network, Source: stream.LocalAddr(), Addr: stream.RemoteAddr(), Err: err}
}

var errNilFactory = errors.New("aionet: nil factory; pass a func() Protocol")

// ServeProtocol accepts connections. For each it calls factory on the loop, and then the
// callbacks of the Protocol that factory returned. ServeProtocol suspends the task until the
// listener is closed or ctx is cancelled, all connections are lost, and the tasks that belong to
// them have ended.
//
// It returns nil after Close or Shutdown. If Close was called before, it returns net.ErrClosed
// at once. If ctx was cancelled it returns ctx.Err(): the connections are aborted, and
// ConnectionLost gets context.Cause(ctx). Connections are also aborted when the ctx of
// Shutdown ends. MaxConns and OnError work as for Serve. A Protocol detects Shutdown by
// Draining, with Transport.Context.
func (l *Listener) ServeProtocol(ctx context.Context, factory func() Protocol) error {
	if factory == nil {
		return errNilFactory
	}
	caller, err := l.beginServe(ctx)
	if err != nil {
		return l.errNotBegun(err)
	}
	s := &l.server
	set := &transportSet{loop: l.loop, network: l.network, ctx: l.withDraining(ctx), factory: factory, report: l.report, onRemove: s.handlerEnded}
	atClose := l.loop.AtClose(set.loopClosed)
	defer func() {
		atClose.Remove()
		l.endServe()
	}()
	err = l.acceptAll(ctx, func(stream netport.Stream) { newTransport(set, stream) })
	if err == nil {
		err = s.waitUntil(caller, func() bool { return set.first == nil || s.forced })
	}
	if set.first == nil {
		return err
	}
	switch {
	case err == nil:
		set.abort(errForced)
	case ctx.Err() != nil:
		set.abort(context.Cause(ctx))
	default:
		set.abort(err)
	}
	for set.first != nil {
		s.waitUntil(caller.Shielded(), func() bool { return set.first == nil })
	}
	return err
}

// DialProtocol connects a stream ("tcp", "tcp4", "tcp6" or "unix") as Dial does. It calls
// factory on the loop, and then the callbacks of the Protocol that factory returned. DialProtocol
// returns when ConnectionMade has returned. If ctx ends before that, it returns an error as Dial
// does. A panic of factory or of ConnectionMade is reported and returned.
//
// After that the connection does not depend on ctx or its task group: it belongs to the loop. A
// connection that is open when the loop ends is aborted with asyncio.ErrLoopClosed.
func DialProtocol(ctx context.Context, network, addr string, factory func() Protocol, opts ...Option) (*Transport, error) {
	caller, err := engine.Enter(ctx)
	if err != nil {
		return nil, err
	}
	if factory == nil {
		return nil, errNilFactory
	}
	if err := netport.RefuseUnknown("dial", "DialProtocol", network, "tcp", "tcp4", "tcp6", "unix"); err != nil {
		return nil, err
	}
	n, err := networkOf(caller.L)
	if err != nil {
		return nil, err
	}
	o := optionsOf(opts, Option.apply)
	stream, err := n.Dial(ctx, network, addr, o.port)
	if err != nil {
		return nil, openError(ctx, "dial", network, addr, err)
	}
	var waiters engine.WaitList
	made := false
	set := &transportSet{loop: caller.L, network: network, ctx: context.WithoutCancel(ctx), factory: factory}
	set.report = func(remote net.Addr, err error) { o.report(set.loop, nil, remote, err) }
	set.onMade = func() {
		made = true
		waiters.WakeAll()
	}
	atClose := caller.L.AtClose(set.loopClosed)
	set.onRemove = func() {
		atClose.Remove()
		waiters.WakeAll()
	}
	t := newTransport(set, stream)
	for !made && !t.finished {
		if !caller.Park(&waiters, engine.ForConnections) {
			t.lose(context.Cause(ctx))
			return nil, openError(ctx, "dial", network, addr, caller.Err())
		}
	}
	if !made {
		return nil, t.cause
	}
	return t, nil
}
