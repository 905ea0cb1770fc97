// Package netport is the loop's port to a network: what package aionet needs of one,
// be it the system's sockets or a simulation.
//
// Nothing here blocks. What cannot be done now gives ErrAgain, and the Watcher is told
// when it is worth trying again. Everything is called, and calls back, on the loop,
// unless it says otherwise.
package netport

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// ErrAgain says that the operation would have to wait.
var ErrAgain = errors.New("netport: would block")

// A Network makes listeners and connections for a loop. Its methods are called in a
// task and may suspend it.
type Network interface {
	Listen(ctx context.Context, network, addr string, o Options) (Listener, error)
	Dial(ctx context.Context, network, addr string, o Options) (Stream, error)
	ListenPacket(ctx context.Context, network, addr string, o Options) (Packets, error)
	// Adopt makes a stream of a descriptor of its own for the file.
	Adopt(ctx context.Context, f *os.File) (Stream, error)
}

// A ConnAdopter is a Network that takes over connections of package net.
type ConnAdopter interface {
	// AdoptConn makes a stream of c. If it fails, c stays open. It does not suspend.
	AdoptConn(c net.Conn) (Stream, error)
}

// A Maker makes the network of a loop, once, on the loop.
type Maker func(l *engine.Loop) (Network, error)

// Options of sockets.
type Options struct {
	ReusePort bool
	KeepFile  bool                                                // keep the file of a unix socket
	Local     net.Addr                                            // to dial from
	Control   func(network, addr string, c syscall.RawConn) error // as net.Dialer's
}

// A Watcher is told when something has become ready: that reading, or writing, may
// succeed or fail now. It may be told too often.
type Watcher interface{ Ready(readable, writable bool) }

// A Stream is a connection, of bytes or of datagrams.
type Stream interface {
	// Read returns io.EOF at the end of a stream of bytes.
	Read(p []byte) (int, error)
	// Write may write a part.
	Write(p []byte) (int, error)
	CloseWrite() error
	Close() error
	// Watch is called once, before anything else.
	Watch(Watcher)

	// From any goroutine, also after Close.
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
	// Control calls fn with the descriptor, from any goroutine, while it cannot be
	// closed.
	Control(fn func(fd uintptr)) error
}

// A FileSender is a Stream to which a file can be sent without its bytes passing
// through the program.
type FileSender interface {
	// SendFile sends at most n bytes from where the file stands. It returns 0 at the
	// end of the file, and errors.ErrUnsupported for a file that is not of that kind.
	SendFile(f *os.File, n int) (int, error)
}

// A MessageReader is a Stream that reads a message of any length.
type MessageReader interface {
	// ReadMessage reads one message. It returns p, or a new buffer if the message does
	// not fit in p.
	ReadMessage(p []byte) ([]byte, error)
}

// A ReadCloser is a Stream whose direction of reading can be ended alone.
type ReadCloser interface{ CloseRead() error }

// A Prompter is a Stream, or Packets, that tells of readiness only when it is asked,
// which is after an operation by Control that has to wait.
type Prompter interface{ Prompt(read bool) }

// A Tuner is a Stream, or Packets, with the settings of a socket, as package net has
// them. What its kind of socket does not have gives errors.ErrUnsupported. From any
// goroutine.
type Tuner interface {
	SetNoDelay(on bool) error
	SetKeepAlive(c net.KeepAliveConfig) error
	SetLinger(seconds int) error
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
}

// A Listener accepts streams.
type Listener interface {
	Accept() (Stream, error)
	// Drain accepts at most most connections of the accept backlog, and stops listening when
	// the backlog is empty. It is called before Close. After an error connections may be left;
	// a later call retries. Drain blocks the loop: 3,000 connections take about 100 ms.
	Drain(most int) ([]Stream, error)
	Close() error
	Watch(Watcher)
	Addr() net.Addr // from any goroutine
}

// Packets is a socket for datagrams.
type Packets interface {
	ReadFrom(p []byte) (int, net.Addr, error)
	WriteTo(p []byte, to net.Addr) (int, error)
	Close() error
	Watch(Watcher)
	LocalAddr() net.Addr               // from any goroutine
	Control(fn func(fd uintptr)) error // as a Stream's
}

// DrainingKey is the key of a value of a handler's ctx. The value is a func() <-chan struct{},
// which aionet.Draining calls.
type DrainingKey struct{}
