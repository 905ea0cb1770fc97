// Package netport defines the interfaces between package aionet and a network: the system's
// sockets, sockets on goroutines, or a network in memory.
//
// No method blocks. An operation that would have to wait returns ErrAgain, and the Watcher is
// called when a new attempt may succeed. All methods and Watchers are called on the loop, unless
// their comment says otherwise.
package netport

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// ErrAgain is returned by an operation that would have to wait. It has had no effect.
var ErrAgain = errors.New("netport: would block")

// A Network makes the sockets of a loop. Its methods are called in a task and may suspend it.
type Network interface {
	Listen(ctx context.Context, network, addr string, o Options) (Listener, error)
	Dial(ctx context.Context, network, addr string, o Options) (Stream, error)
	ListenPacket(ctx context.Context, network, addr string, o Options) (Packets, error)
	// Adopt makes a stream with a new descriptor of the open file f.
	Adopt(ctx context.Context, f *os.File) (Stream, error)
}

// A ConnAdopter is a Network that can take over connections of package net.
type ConnAdopter interface {
	// AdoptConn makes a stream of c, which the caller must not use afterwards. If it fails, c stays
	// open. It does not suspend.
	AdoptConn(c net.Conn) (Stream, error)
}

// A Maker makes the network of a loop. It is called once, on the loop.
type Maker func(l *engine.Loop) (Network, error)

// Options are the options of a new socket.
type Options struct {
	ReusePort bool
	KeepFile  bool                                                // keep the file of a unix socket
	Local     net.Addr                                            // local address of Dial
	Control   func(network, addr string, c syscall.RawConn) error // as net.Dialer.Control
}

// A Watcher is called when a direction may be ready: an attempt may succeed or fail now. It may be
// called although nothing has changed.
type Watcher interface{ Ready(readable, writable bool) }

// A Stream is a connection, of bytes or of datagrams.
type Stream interface {
	// Read returns io.EOF when the peer has closed its direction.
	Read(p []byte) (int, error)
	// Write may write a part of p.
	Write(p []byte) (int, error)
	CloseWrite() error
	Close() error
	// Watch sets the watcher. It is called once, before any other method.
	Watch(Watcher)

	// LocalAddr and RemoteAddr may be called from any goroutine, also after Close.
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
	// Control calls fn with the descriptor, which is not closed during the call. It may be called
	// from any goroutine.
	Control(fn func(fd uintptr)) error
}

// A FileSender is a Stream that can send a file without copying it through the program.
type FileSender interface {
	// SendFile sends at most n bytes from the file's current offset. It returns 0 at the end of the
	// file, and errors.ErrUnsupported for a file that the system cannot send.
	SendFile(f *os.File, n int) (int, error)
}

// A MessageReader is a Stream that can read a message of any length.
type MessageReader interface {
	// ReadMessage reads one message. It returns p, or a new buffer if the message does
	// not fit in p.
	ReadMessage(p []byte) ([]byte, error)
}

// A ReadCloser is a Stream whose reading direction can be closed alone.
type ReadCloser interface{ CloseRead() error }

// A Prompter is a Stream, or Packets, that watches the descriptor only on request. Prompt is such
// a request, for one direction. aionet calls it when an operation by Control must wait.
type Prompter interface{ Prompt(read bool) }

// A Tuner is a Stream, or Packets, with socket options, as in package net. An option that the
// socket does not have returns errors.ErrUnsupported. The methods may be called from any
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

// Packets is a datagram socket.
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
