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

// state is the state of the package for one loop.
type state struct {
	netport.Network
	buffers bufferPool
	drops   dropList
}

// networkOf returns the loop's network: that of its configuration, or the system's. It is
// called on the loop only.
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

// enterNetwork admits the calling task, and returns it with its loop's network.
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

// bindOption is an Option for listening sockets only: it is not an option of Dial.
type bindOption struct{ Option }

type options struct {
	port     netport.Options
	maxConns int

	linger      time.Duration // see Linger
	lingerBytes int

	onError func(remote net.Addr, err error)

	// For ServeLoops.
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

// ReusePort sets SO_REUSEPORT, so that several listeners, in one process or in several, can have
// the same address. The system spreads connections over them. Where it does not, Listen returns
// an error that matches errors.ErrUnsupported.
func ReusePort() Option { return func(o *options) { o.port.ReusePort = true } }

// KeepFile keeps the file of a unix socket when the socket is closed, as
// net.UnixListener.SetUnlinkOnClose(false) does. By default the file is removed when the
// socket is closed, unless another file has replaced it. KeepFile has no effect on other
// networks.
func KeepFile() BindOption {
	return bindOption{func(o *options) { o.port.KeepFile = true }}
}

// MaxConns bounds how many connections Serve handles at once. Further ones wait in the accept
// backlog. A connection whose handler has returned does not count, although it may linger: see
// Linger. MaxConns panics if n is less than 1.
func MaxConns(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("aionet: MaxConns(%d): n must be at least 1", n))
	}
	return func(o *options) { o.maxConns = n }
}

// OnError sets a function that is called, on the loop, for errors and panics of handlers and for
// errors of accepting. They are then not logged. remote is nil for an error of accepting.
func OnError(fn func(remote net.Addr, err error)) Option {
	return func(o *options) { o.onError = fn }
}

// LocalAddr sets the local address of Dial.
func LocalAddr(a net.Addr) Option { return func(o *options) { o.port.Local = a } }

// Control sets a function that is called with each new socket before it listens or connects, as
// net.Dialer.Control is.
func Control(fn func(network, addr string, c syscall.RawConn) error) Option {
	return func(o *options) { o.port.Control = fn }
}

// Dial connects to the address as net.Dial does. The network is "tcp", "tcp4", "tcp6", "unix" or
// "unixpacket", or, for datagrams to and from one peer, "udp", "udp4", "udp6" or "unixgram". The
// calling task is suspended. Names are resolved off the loop, and the addresses of a name are
// tried in a staggered race (RFC 8305, "happy eyeballs"). Keep-alive is on and Nagle's algorithm
// is off.
//
// If ctx ends during the call, the error is a *net.OpError that matches ctx.Err() and
// context.Cause(ctx). If the deadline of ctx has passed, the error's Timeout method returns true.
// If ctx has ended before the call, the error is ctx.Err().
//
//go:noinline
func Dial(ctx context.Context, network, addr string, opts ...Option) (*Conn, error) {
	caller, n, err := enterNetwork(ctx)
	if err != nil {
		return nil, err
	}
	stream, err := n.Dial(ctx, network, addr, optionsOf(opts, Option.apply).port)
	if err != nil {
		return nil, openError(ctx, "dial", network, addr, err)
	}
	return newTracked(caller.L, network, stream, coro.CallSite()), nil
}
