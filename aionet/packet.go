package aionet

import (
	"context"
	"net"
	"weak"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A PacketConn is a datagram socket (UDP or unixgram) of a loop. It is a net.PacketConn for any
// caller, as a Conn is: ReadFrom and WriteTo suspend a task and block a goroutine without a
// loop. One task may read at a time; another gets ErrConnBusy. Writers queue.
type PacketConn struct {
	endpoint
	packets netport.Packets // the endpoint's socket
}

// ListenPacket opens a datagram socket as net.ListenPacket does, with the network "udp", "udp4",
// "udp6" or "unixgram". It is called in a task, and the socket belongs to the task's loop. The
// loop closes an open socket when it ends. For datagrams to and from one peer, call Dial.
//
//go:noinline
func ListenPacket(ctx context.Context, network, addr string, opts ...PacketOption) (*PacketConn, error) {
	caller, n, err := enterNetwork(ctx)
	if err != nil {
		return nil, err
	}
	port, err := n.ListenPacket(ctx, network, addr, optionsOf(opts, PacketOption.packet).port)
	if err != nil {
		return nil, openError(ctx, "listen", network, addr, err)
	}
	p := &PacketConn{endpoint: endpoint{loop: caller.L, socket: port, network: network, messages: true}, packets: port}
	port.Watch(weakWatcher{weak.Make(&p.endpoint)})
	track(p, &p.endpoint, coro.CallSite())
	return p, nil
}

// ReadFrom reads one datagram. It suspends the task until one arrives. The part that does not
// fit in b is lost.
func (p *PacketConn) ReadFrom(b []byte) (n int, from net.Addr, err error) {
	n, err = p.do("read", &p.r, engine.ForRead, func() (n int, err error) {
		n, from, err = p.packets.ReadFrom(b)
		return n, err
	})
	return n, from, err
}

// WriteTo sends one datagram. It suspends the task while the system's send buffer is full.
// Several tasks may send. They queue in the order of their calls.
func (p *PacketConn) WriteTo(b []byte, to net.Addr) (int, error) {
	return p.do("write", &p.w, engine.ForWrite, func() (int, error) { return p.packets.WriteTo(b, to) })
}
