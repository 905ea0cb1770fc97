package asynciotest

import (
	"context"
	"fmt"
	"net"

	"github.com/asyncio-go/asyncio/aionet"
)

// Side names a connection by the addresses of one of its sides, as any net.Conn does:
// an *aionet.Conn, or what wraps one.
type Side interface {
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
}

// Reset resets a connection, both sides at once: what has arrived may be read, then
// calls return ECONNRESET. It reports whether there is such a connection.
func (n *Network) Reset(c Side) bool { return n.net.Reset(c) }

// Cut has nothing of the connection pass any more, in neither direction, and tells
// neither side: it is half-open, as when a cable is pulled. Writes go on until the
// buffer is full. It reports whether there is such a connection.
func (n *Network) Cut(c Side) bool { return n.net.Cut(c) }

// Mend ends Cut: what was held up arrives. It reports whether there is such a
// connection.
func (n *Network) Mend(c Side) bool { return n.net.Mend(c) }

// Partition has nothing pass at all, as Cut does for one connection, but for unix
// sockets. Dialling waits, and datagrams are lost.
func (n *Network) Partition() { n.net.Partition() }

// Heal ends Partition: what was held up arrives, and who dials goes on.
func (n *Network) Heal() { n.net.Heal() }

// Refuse has new connections to the address refused, whoever listens there. It panics
// if that is not an address, such as "db:5432" or the name of a unix socket.
func (n *Network) Refuse(addr string) { n.refuse(addr, true) }

// Admit ends Refuse.
func (n *Network) Admit(addr string) { n.refuse(addr, false) }

func (n *Network) refuse(addr string, refuse bool) {
	if err := n.net.Refuse(addr, refuse); err != nil {
		panic(fmt.Sprintf("asynciotest: %q is not an address: %v", addr, err))
	}
}

// Pipe returns the two sides of a new connection of ctx's loop, which must have a
// network in memory, as Run's has. It does not suspend. It panics where there is no such
// loop.
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
