package asynciotest

import (
	"context"
	"fmt"
	"net"

	"github.com/asyncio-go/asyncio/aionet"
)

// Conn identifies a connection by the addresses of one of its sides. An *aionet.Conn and any
// wrapper of one implement it.
type Conn interface {
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
}

// Reset resets a connection, both sides at once. Received data may still be read; then calls
// return ECONNRESET. Reset reports whether the connection exists.
func (n *Network) Reset(c Conn) bool { return n.net.Reset(c) }

// BlockConn stops all traffic of a connection in both directions, as when a cable is unplugged.
// Neither side is notified: writes succeed until the buffer is full. BlockConn reports whether the
// connection exists.
func (n *Network) BlockConn(c Conn) bool { return n.net.Block(c) }

// UnblockConn ends BlockConn: the held data arrives. It reports whether the connection exists.
func (n *Network) UnblockConn(c Conn) bool { return n.net.Unblock(c) }

// BlockAll stops all traffic, as BlockConn does for one connection. Dialling waits, and datagrams
// are lost. Unix sockets are not affected.
func (n *Network) BlockAll() { n.net.BlockAll() }

// UnblockAll ends BlockAll: the held data arrives, and dialling continues.
func (n *Network) UnblockAll() { n.net.UnblockAll() }

// RefuseAddr makes new connections to an address fail with ECONNREFUSED, even if there is a
// listener. It panics if addr is not an address, such as "db:5432" or the name of a unix socket.
func (n *Network) RefuseAddr(addr string) { n.refuse(addr, true) }

// AllowAddr ends RefuseAddr.
func (n *Network) AllowAddr(addr string) { n.refuse(addr, false) }

func (n *Network) refuse(addr string, refuse bool) {
	if err := n.net.Refuse(addr, refuse); err != nil {
		panic(fmt.Sprintf("asynciotest: %q is not an address: %v", addr, err))
	}
}

// Pipe returns the two sides of a new connection of ctx's loop. The loop must have a network in
// memory, as that of Run has; otherwise Pipe panics. It does not suspend.
func Pipe(ctx context.Context) (a, b *aionet.Conn) {
	ctx = context.WithoutCancel(ctx)
	sides := [2]*aionet.Conn{}
	for i := range sides {
		c, err := aionet.Dial(ctx, "pair", "")
		if err != nil {
			panic(fmt.Sprintf("asynciotest: Pipe: the loop has no network in memory; call it in a task of Run: %v", err))
		}
		sides[i] = c
	}
	return sides[0], sides[1]
}
