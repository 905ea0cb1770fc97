// Package portable is a netport.Network for systems without epoll and kqueue. It uses package
// net's sockets, and a goroutine for each operation in progress. So a connection in which a task
// waits needs a goroutine and a buffer.
//
// It differs from package sockets as follows:
//
//   - When a task waits in Read, a goroutine reads ahead. If the task is cancelled, the data is kept
//     for the next Read. It cannot be read from the descriptor, with SyscallConn or with the file
//     of FileConn.
//   - A goroutine writes the data of a Write to a stream, at most 64 KiB at once. An error of writing
//     is returned by the next Write and all later ones. After a reset that may be ECONNRESET each
//     time, where package sockets returns ECONNRESET once and then EPIPE. If the connection is
//     closed, the goroutine writes for one more second at most.
//   - Shutdown blocks the loop for some milliseconds, because package net cannot report whether the
//     accept backlog is empty.
//   - A read of a file that cannot be interrupted, such as a console on Windows, keeps its goroutine
//     until data arrives, also after the end of the loop.
//   - Files are not sent with sendfile.
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

// closeTimeout bounds how long written data is sent after Close.
const closeTimeout = time.Second

// network is the network of one loop.
type network struct {
	loop       *engine.Loop
	maker      netmake.Maker
	goroutines sync.WaitGroup // one for each operation in progress

	// Owned by the loop.
	open map[io.Closer]struct{}
}

// New makes the loop's network.
func New(l *engine.Loop) (netport.Network, error) {
	if l.Bubbled() {
		return nil, errors.New("aionet: sockets do not work in virtual time: asynciotest.Run has its own network")
	}
	n := &network{loop: l, maker: netmake.New(), open: map[io.Closer]struct{}{}}
	l.AtClose(n.close)
	return n, nil
}

// close closes the open sockets at the end of the loop, and waits for the goroutines.
func (n *network) close() {
	for s := range n.open {
		s.Close()
	}
	n.goroutines.Wait()
}

// do runs work in a goroutine, and then done on the loop. If the loop has ended, done is not run.
func (n *network) do(work, done func()) {
	n.goroutines.Go(func() {
		work()
		n.loop.Do(done)
	})
}

// doUnawaited is do with a goroutine that the end of the loop does not wait for.
func (n *network) doUnawaited(work, done func()) {
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

// AdoptConn makes a stream of c.
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
	if s.mode, err = openfile.Of(s.conn.(syscall.Conn)); err != nil {
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

// fileAddr is the address of a pipe or a terminal: its name.
type fileAddr string

const fileNetwork = "file"

func (fileAddr) Network() string  { return fileNetwork }
func (a fileAddr) String() string { return string(a) }
