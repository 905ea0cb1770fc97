// Package portable is a network for a loop on systems that have neither epoll nor
// kqueue here: package net's sockets, and a goroutine for each operation that is under
// way. So an idle connection in which a task waits costs a goroutine and a buffer.
package portable

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netmake"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// drainTime bounds how long a closed connection goes on sending what was written.
const drainTime = time.Second

// network is the sockets of one loop.
type network struct {
	loop  *engine.Loop
	maker netmake.Maker
	busy  sync.WaitGroup // operations under way

	// Owned by the loop.
	open map[io.Closer]struct{}
}

// New makes the loop's network.
func New(l *engine.Loop) (netport.Network, error) {
	if l.Bubbled() {
		return nil, errors.New("aionet: sockets do not work in virtual time: asynciotest.Run brings a network of its own")
	}
	n := &network{loop: l, maker: netmake.New(), open: map[io.Closer]struct{}{}}
	l.AtClose(n.close)
	return n, nil
}

// close closes what is still open when the loop ends, and waits for the goroutines.
func (n *network) close() {
	for s := range n.open {
		s.Close()
	}
	n.busy.Wait()
}

// do runs work in a goroutine, and then done on the loop; or not, if that has ended.
func (n *network) do(work, done func()) {
	n.busy.Add(1)
	go func() {
		defer n.busy.Done()
		work()
		n.loop.Do(done)
	}()
}

func (n *network) Listen(ctx context.Context, network, addr string, o netport.Options) (netport.Listener, error) {
	made, err := n.maker.Listen(ctx, network, addr, o)
	if err != nil {
		return nil, err
	}
	l := &listener{net: n, from: made}
	n.open[l] = struct{}{}
	return l, nil
}

func (n *network) Dial(ctx context.Context, network, addr string, o netport.Options) (netport.Stream, error) {
	made, err := n.maker.Dial(ctx, network, addr, o)
	if err != nil {
		return nil, err
	}
	return n.AdoptConn(made)
}

// AdoptConn takes over a connection.
func (n *network) AdoptConn(c net.Conn) (netport.Stream, error) {
	return n.stream(c, c.LocalAddr(), c.RemoteAddr()), nil
}

func (n *network) ListenPacket(ctx context.Context, network, addr string, o netport.Options) (netport.Packets, error) {
	made, err := n.maker.ListenPacket(ctx, network, addr, o)
	if err != nil {
		return nil, err
	}
	p := &packets{socket: socket{made}, net: n, conn: made}
	n.open[p] = struct{}{}
	return p, nil
}

func (n *network) Adopt(_ context.Context, f *os.File) (netport.Stream, error) {
	if c, err := net.FileConn(f); err == nil {
		if c.RemoteAddr() == nil { // it listens, or is not connected yet
			c.Close()
			return nil, syscall.ENOTCONN
		}
		return n.stream(c, c.LocalAddr(), c.RemoteAddr()), nil
	}
	own, err := duplicate(f)
	if err != nil {
		return nil, err
	}
	return n.stream(own, fileAddr(f.Name()), fileAddr(f.Name())), nil
}

// fileAddr is the address of what is no socket.
type fileAddr string

func (fileAddr) Network() string  { return "file" }
func (a fileAddr) String() string { return string(a) }
