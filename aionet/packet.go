package aionet

import (
	"context"
	"net"
	"weak"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A PacketConn is a socket for datagrams (UDP, or unixgram) of a loop. It is a
// net.PacketConn that anybody may use, as a Conn is: ReadFrom and WriteTo suspend the
// calling task, and a goroutine of no loop is blocked.
type PacketConn struct {
	endpoint
	packets netport.Packets // the endpoint's socket
}

// ListenPacket opens a socket for datagrams as net.ListenPacket does, with the network
// "udp", "udp4", "udp6" or "unixgram". It is called in a task, whose loop the socket
// belongs to. A socket that is open when its loop ends is closed. A socket that talks
// to one peer only is opened with Dial.
//
//go:noinline
func ListenPacket(ctx context.Context, network, addr string, opts ...PacketOption) (*PacketConn, error) {
	caller, n, err := enterNetwork(ctx)
	if err != nil {
		return nil, err
	}
	port, err := n.ListenPacket(ctx, network, addr, optionsOf(opts, PacketOption.packet).port)
	if err != nil {
		return nil, makeError(ctx, "listen", network, addr, err)
	}
	p := &PacketConn{endpoint: endpoint{loop: caller.L, socket: port, network: network, whole: true}, packets: port}
	port.Watch(weakWatcher{weak.Make(&p.endpoint)})
	track(p, &p.endpoint, coro.CallSite())
	return p, nil
}

// ReadFrom reads one datagram, suspending the task until there is one. What does not
// fit in b is lost.
func (p *PacketConn) ReadFrom(b []byte) (n int, from net.Addr, err error) {
	n, err = p.try("read", &p.r, engine.ForRead, func() (n int, err error) {
		n, from, err = p.packets.ReadFrom(b)
		return n, err
	})
	return n, from, err
}

// WriteTo sends one datagram, suspending the task while the system has no room for it.
// Several tasks may send. They queue in the order of their calls.
func (p *PacketConn) WriteTo(b []byte, to net.Addr) (int, error) {
	return p.try("write", &p.w, engine.ForWrite, func() (int, error) { return p.packets.WriteTo(b, to) })
}
