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

// A host is what the transports of one server, or of one dial, have in common.
// Owned by the loop.
type host struct {
	loop    *engine.Loop
	network string
	ctx     context.Context // whose values and cancellation the connections' contexts have
	factory func() Protocol
	report  func(remote net.Addr, err error)
	made    func() // ConnectionMade has returned; may be nil
	parted  func() // a transport has left the list
	first   *Transport
}

func (h *host) join(t *Transport) {
	if t.next = h.first; t.next != nil {
		t.next.prev = t
	}
	h.first = t
}

func (h *host) part(t *Transport) {
	if t.prev == nil {
		h.first = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	t.next, t.prev = nil, nil
	h.parted()
}

// abort ends all connections.
func (h *host) abort(cause error) {
	for t := h.first; t != nil; t = t.next {
		t.lose(cause)
	}
}

// orphan ends what is open when the loop ends: there is no turn to come.
func (h *host) orphan() {
	for t := h.first; t != nil; {
		next := t.next
		t.lose(asyncio.ErrLoopClosed)
		t.queued = true
		if !t.gone {
			t.run()
		}
		t = next
	}
}

// opError describes an error as package net does.
func (h *host) opError(op string, s netport.Stream, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: h.network, Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}

var errNilFactory = errors.New("aionet: nil factory; pass a func() Protocol")

// ServeProtocol accepts connections and has a Protocol of each called back, one that
// factory makes; factory is called on the loop like a callback. It is suspended until
// the listener is closed or ctx is cancelled, and until all connections are lost, and
// the tasks that belong to them have ended.
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
	caller, err := l.begin(ctx)
	if err != nil {
		return l.stopped(err)
	}
	s := &l.server
	h := &host{loop: l.loop, network: l.network, ctx: l.withDraining(ctx), factory: factory, report: l.report, parted: s.left}
	atClose := l.loop.AtClose(h.orphan)
	defer func() {
		atClose.Remove()
		l.served()
	}()
	err = l.acceptAll(ctx, func(stream netport.Stream) { newTransport(h, stream) })
	if err == nil {
		err = s.until(caller, func() bool { return h.first == nil || s.forced })
	}
	if h.first == nil {
		return err
	}
	switch {
	case err == nil:
		h.abort(errForced)
	case ctx.Err() != nil:
		h.abort(context.Cause(ctx))
	default:
		h.abort(err)
	}
	for h.first != nil {
		s.until(caller.Shielded(), func() bool { return h.first == nil })
	}
	return err
}

// DialProtocol connects as Dial does, to a stream ("tcp", "tcp4", "tcp6" or "unix"), and
// has the Protocol that factory makes called back. It returns when ConnectionMade has.
// If ctx ends before that, it returns an error as Dial does. A panic of factory or of
// ConnectionMade is reported and returned.
//
// After that the connection does not depend on ctx, nor on its task group: it belongs
// to the loop. One that is open when the loop ends is aborted, with
// asyncio.ErrLoopClosed.
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
		return nil, makeError(ctx, "dial", network, addr, err)
	}
	var wait engine.WaitList
	made := false
	h := &host{loop: caller.L, network: network, ctx: context.WithoutCancel(ctx), factory: factory}
	h.report = func(remote net.Addr, err error) { o.report(h.loop, nil, remote, err) }
	h.made = func() {
		made = true
		wait.WakeAll()
	}
	atClose := caller.L.AtClose(h.orphan)
	h.parted = func() {
		atClose.Remove()
		wait.WakeAll()
	}
	t := newTransport(h, stream)
	for !made && !t.gone {
		if !caller.Park(&wait, engine.ForConnections) {
			t.lose(context.Cause(ctx))
			return nil, makeError(ctx, "dial", network, addr, caller.Err())
		}
	}
	if !made {
		return nil, t.cause
	}
	return t, nil
}
