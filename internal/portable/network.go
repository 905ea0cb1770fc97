// Package portable is a network for a loop on systems that have neither epoll nor
// kqueue here: package net's sockets, and a goroutine for each operation that is under
// way. So an idle connection in which a task waits costs a goroutine and a buffer.
//
// It differs from the system's own network in this:
//
//   - A goroutine reads ahead once a task has begun to read, also if that task gives
//     up: what it reads is kept for the next Read of the connection, and is not to be
//     had of the descriptor, by SyscallConn or by the file that FileConn was given.
//   - A goroutine writes what Write took of a stream, 64 KiB at most. So an error of
//     writing is told by the next Write, and by all that follow: after a reset it may
//     be ECONNRESET each time, where the system says ECONNRESET once and EPIPE then.
//     Closed meanwhile, a connection goes on writing for a second at most.
//   - Shutdown holds up the loop for a few milliseconds while it looks whether
//     somebody has connected, since package net cannot tell without waiting.
//   - A file whose reads nothing can end, as a console on Windows, keeps its
//     goroutine until something comes, also after the end of the loop.
//   - Files are not sent by the system (sendfile).
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
	"github.com/asyncio-go/asyncio/internal/openfile"
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
	n.busy.Go(func() {
		work()
		n.loop.Do(done)
	})
}

// leave is do for what the loop's end does not wait for.
func (n *network) leave(work, done func()) {
	go func() {
		work()
		n.loop.Do(done)
	}()
}

func (n *network) Listen(ctx context.Context, network, addr string, o netport.Options) (netport.Listener, error) {
	made, err := n.maker.Listen(ctx, network, addr, o)
	if err != nil {
		return nil, err
	}
	return n.listener(made), nil
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
	return n.packets(made), nil
}

func (n *network) Adopt(_ context.Context, f *os.File) (netport.Stream, error) {
	before, err := openfile.Of(f)
	if err != nil {
		return nil, err
	}
	defer before.Restore() // if the stream shares the open file, its Restore does the work
	s, err := n.adopt(f)
	if err != nil {
		return nil, err
	}
	if s.mode, err = openfile.Of(s.of.(syscall.Conn)); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// adopt makes a stream with a new descriptor of the file.
func (n *network) adopt(f *os.File) (*stream, error) {
	if c, err := net.FileConn(f); err == nil {
		if c.RemoteAddr() == nil { // it listens, or is not connected yet
			c.Close()
			return nil, errNotConnected
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

const fileNetwork = "file"

func (fileAddr) Network() string  { return fileNetwork }
func (a fileAddr) String() string { return string(a) }
