package asynciotest

import (
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/memnet"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A Network is a network in memory for package aionet. In a loop that has one, aionet.Listen, Dial
// and ListenPacket use it instead of sockets. Run gives its loop a Network. WithNetwork gives
// several loops the same Network, or a loop one with latency and faults.
//
// The networks are "tcp", "udp" (with 4 and 6), "unix", "unixpacket" and "unixgram". Addresses
// work as for sockets:
//
//   - Port 0 stands for a free port.
//   - "localhost:7000", "127.0.0.1:7000" and ":7000" reach the same listener.
//   - Listening on an address that is in use fails with EADDRINUSE.
//   - Dialling an address without a listener fails with ECONNREFUSED.
//   - Listening on any host name, such as "db:5432", defines the name.
//
// Connections behave like those of Linux, including the errors of half-closed and reset ones.
// Calls that need a descriptor (FileConn, SyscallConn, Control) return errors.ErrUnsupported. The
// accept backlog has no bound. Without an answer only dialling times out: after 127 s, with
// ETIMEDOUT.
//
// Random decisions depend on the seed only, so a program repeats the same steps as long as
// one loop at a time uses the network. The methods may be called from any goroutine of the
// test.
type Network struct{ net *memnet.Network }

// A NetworkOption is an option of NewNetwork.
type NetworkOption func(*memnet.Config)

// NewNetwork makes a network. Without options it has no latency and no loss, and a buffer of
// 64 KiB for each direction of a connection.
func NewNetwork(opts ...NetworkOption) *Network {
	var c memnet.Config
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	return &Network{memnet.New(c)}
}

// WithNetwork is an option of Run and asyncio.Run that sets the loop's network. It panics if n is
// nil.
func WithNetwork(n *Network) asyncio.Option {
	if n == nil {
		panic("asynciotest: WithNetwork: nil network")
	}
	return func(c *engine.Config) { c.Network = netport.Maker(n.net.Attach) }
}

// Seed sets the seed of the network's random decisions. The default is 0.
func Seed(seed uint64) NetworkOption { return func(c *memnet.Config) { c.Seed = seed } }

// Latency sets the latency in one direction: for each segment a random duration from least to
// most, both included. The data of a connection stays in order; datagrams may be reordered.
// Dialling takes the latency of both directions. Acknowledgements, which free the writer's buffer,
// have the latency too. Unix sockets have none. It panics unless 0 <= least <= most.
func Latency(least, most time.Duration) NetworkOption {
	if least < 0 || most < least {
		panic(fmt.Sprintf("asynciotest: Latency(%v, %v): least must be at least 0 and at most most", least, most))
	}
	return func(c *memnet.Config) { c.Least, c.Most = least, most }
}

// Chunks splits data: each read and each write of a connection handles a random number of bytes,
// from 1 to most, small and large numbers equally often. Between two chunks of one Write the task
// is sometimes suspended. This finds programs that rely on a message arriving in one piece. It
// panics if most is less than 1.
func Chunks(most int) NetworkOption {
	if most < 1 {
		panic(fmt.Sprintf("asynciotest: Chunks(%d): most must be at least 1", most))
	}
	return func(c *memnet.Config) { c.Chunk = most }
}

// Buffer sets the size in bytes of the buffer of each direction of a connection, and of each
// datagram socket. Writes wait while it is full; UDP datagrams are lost. It panics if n is less
// than 1.
func Buffer(n int) NetworkOption {
	if n < 1 {
		panic(fmt.Sprintf("asynciotest: Buffer(%d): n must be at least 1", n))
	}
	return func(c *memnet.Config) { c.Buffer = n }
}

// Loss sets the share of UDP datagrams that are lost, from 0 to 1. It panics on another value.
func Loss(share float64) NetworkOption {
	checkShare("Loss", share)
	return func(c *memnet.Config) { c.Loss = share }
}

// Duplicate sets the share of UDP datagrams that arrive twice, from 0 to 1. It panics on another
// value.
func Duplicate(share float64) NetworkOption {
	checkShare("Duplicate", share)
	return func(c *memnet.Config) { c.Duplicate = share }
}

// Reorder sets the share of UDP datagrams with an additional delay of up to a millisecond plus
// twice the latency, from 0 to 1. It panics on another value.
func Reorder(share float64) NetworkOption {
	checkShare("Reorder", share)
	return func(c *memnet.Config) { c.Reorder = share }
}

func checkShare(option string, share float64) {
	if !(share >= 0 && share <= 1) {
		panic(fmt.Sprintf("asynciotest: %s(%v): share must be from 0 to 1", option, share))
	}
}
