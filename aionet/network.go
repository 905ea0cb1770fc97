package aionet

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

var errNextElsewhere = fmt.Errorf("%w: Next is for tasks of the connection's loop; use Read", asyncio.ErrWrongTask)

// state is what the package keeps for a loop.
type state struct {
	netport.Network
	buffers buffers
	drops   dropList
}

// networkOf returns the loop's network: the one that its configuration brings, or the
// system's. On the loop only.
func networkOf(l *engine.Loop) (*state, error) {
	if s, ok := l.Net.(*state); ok {
		return s, nil
	}
	make, ok := l.Config().Network.(netport.Maker)
	if !ok {
		make = systemNetwork
	}
	n, err := make(l)
	if err != nil {
		return nil, err
	}
	s := &state{Network: n}
	l.Net = s
	if l.Bubbled() {
		l.AtClose(s.drops.report)
	}
	return s, nil
}

// enterNetwork admits the calling task, and returns its loop's network with it.
func enterNetwork(ctx context.Context) (engine.Caller, *state, error) {
	caller, err := engine.Enter(ctx)
	if err != nil {
		return caller, nil, err
	}
	n, err := networkOf(caller.L)
	return caller, n, err
}

// An Option is an option of Dial, DialProtocol, Listen, ListenPacket, ServeLoops and
// ServeProtocolLoops.
type Option func(*options)

// A ListenOption is an option of Listen, ServeLoops and ServeProtocolLoops.
type ListenOption interface{ listen(*options) }

// A PacketOption is an option of ListenPacket.
type PacketOption interface{ packet(*options) }

// A BindOption is an option of Listen, ListenPacket, ServeLoops and ServeProtocolLoops.
type BindOption interface {
	ListenOption
	PacketOption
}

func (set Option) listen(o *options) { set.apply(o) }
func (set Option) packet(o *options) { set.apply(o) }

func (set Option) apply(o *options) {
	if set != nil {
		set(o)
	}
}

// bindOption wraps an Option, so that it is a BindOption but not an Option of Dial.
type bindOption struct{ Option }

type options struct {
	port     netport.Options
	maxConns int

	linger      time.Duration // see Linger
	lingerBytes int

	onError func(remote net.Addr, err error)

	// Of ServeLoops.
	loop     []asyncio.Option
	onListen func(net.Addr)
	grace    time.Duration
}

// optionsOf returns the defaults, changed by apply for each option.
func optionsOf[T any](opts []T, apply func(T, *options)) options {
	o := options{grace: defaultGrace, linger: defaultLinger, lingerBytes: defaultLingerBytes}
	for _, opt := range opts {
		if any(opt) != nil {
			apply(opt, &o)
		}
	}
	return o
}

func listenOptions(opts []ListenOption) options { return optionsOf(opts, ListenOption.listen) }

// ReusePort lets several listeners have the same address, in one process or in
// several; the system spreads connections over them.
func ReusePort() Option { return func(o *options) { o.port.ReusePort = true } }

// KeepFile keeps the file of a unix socket when the socket is closed, as
// net.UnixListener.SetUnlinkOnClose(false) does. By default the file is removed when the
// socket is closed, unless another file has replaced it. KeepFile has no effect on other
// networks.
func KeepFile() BindOption {
	return bindOption{func(o *options) { o.port.KeepFile = true }}
}

// MaxConns bounds how many connections Serve handles at once; further ones wait in
// the accept backlog. A connection whose handler has returned does not count, although it
// may still linger: see Linger. It panics if n is less than 1.
func MaxConns(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("aionet: MaxConns(%d): n must be at least 1", n))
	}
	return func(o *options) { o.maxConns = n }
}

// OnError has fn called, on the loop, for errors and panics of handlers and for
// failures to accept, in place of the loop's log. remote is nil for the latter.
func OnError(fn func(remote net.Addr, err error)) Option {
	return func(o *options) { o.onError = fn }
}

// LocalAddr is the address that Dial connects from.
func LocalAddr(a net.Addr) Option { return func(o *options) { o.port.Local = a } }

// Control has fn called with each new socket before it listens or connects, as
// net.Dialer.Control is.
func Control(fn func(network, addr string, c syscall.RawConn) error) Option {
	return func(o *options) { o.port.Control = fn }
}

// Dial connects to the address as net.Dial does, with the network "tcp", "tcp4",
// "tcp6", "unix" or "unixpacket", or, for datagrams to and from one peer, "udp", "udp4",
// "udp6" or "unixgram": names are resolved off the loop, and the addresses of a name are
// tried in a staggered race (RFC 8305, "happy eyeballs"). Keep-alive is on and Nagle's
// algorithm off. The calling task is suspended. If ctx ends during the call, the error is a
// *net.OpError that matches ctx.Err() and context.Cause(ctx). If its deadline has passed, the
// Timeout method of the error returns true. If ctx has ended before the call, the error is
// ctx.Err().
//
//go:noinline
func Dial(ctx context.Context, network, addr string, opts ...Option) (*Conn, error) {
	caller, n, err := enterNetwork(ctx)
	if err != nil {
		return nil, err
	}
	stream, err := n.Dial(ctx, network, addr, optionsOf(opts, Option.apply).port)
	if err != nil {
		return nil, makeError(ctx, "dial", network, addr, err)
	}
	return newTracked(caller.L, network, stream, coro.CallSite()), nil
}
