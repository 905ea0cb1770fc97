package asynciotest

import (
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/memnet"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A Network is a network in memory for package aionet: what aionet.Listen, Dial and
// ListenPacket open in a loop that has it meets there, and no socket is touched. Run
// gives its loop one of its own; WithNetwork has several loops share one, or gives a
// loop one with delays and faults.
//
// It knows the networks "tcp", "udp" (with 4 and 6), "unix" and "unixgram". Addresses
// are as elsewhere: port 0 is one that is free, "localhost:7000", "127.0.0.1:7000" and
// ":7000" meet, an address that is taken gives EADDRINUSE, and dialling one where nobody
// listens ECONNREFUSED. Besides, any name of a host may be listened on, such as
// "db:5432"; from then on it is known. Connections behave as those of Linux do, to the
// errors of half-closed and reset ones. What needs a descriptor (FileConn, SyscallConn,
// Control) gives errors.ErrUnsupported. There is no bound on how many connections wait
// to be accepted, and nothing is ever given up for want of an answer, but for dialling:
// after 127 s, with ETIMEDOUT.
//
// What is left to chance is drawn from the seed: the same program takes the same steps,
// as long as one loop at a time uses the network.
//
// The methods may be called from any goroutine of the test.
type Network struct{ net *memnet.Network }

// A NetworkOption says what a network is like.
type NetworkOption func(*memnet.Config)

// NewNetwork makes a network: without options, one that delays nothing, loses nothing,
// and has room for 64 KiB in each direction of a connection.
func NewNetwork(opts ...NetworkOption) *Network {
	var c memnet.Config
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	return &Network{memnet.New(c)}
}

// WithNetwork gives a loop the network, in Run or in asyncio.Run.
func WithNetwork(n *Network) asyncio.Option {
	if n == nil {
		panic("asynciotest: WithNetwork: nil network")
	}
	return func(c *engine.Config) { c.Network = netport.Maker(n.net.Attach) }
}

// Seed is what the network's dice start from; 0 without this option.
func Seed(seed uint64) NetworkOption { return func(c *memnet.Config) { c.Seed = seed } }

// Latency is how long what is sent takes to the other side: each time a random duration
// between least and most, both included. Bytes of a connection stay in order; datagrams
// overtake each other. To connect takes there and back, and the room that reading makes
// is known to the writer as late as other news. Unix sockets have none. It panics unless
// 0 <= least <= most.
func Latency(least, most time.Duration) NetworkOption {
	if least < 0 || most < least {
		panic(fmt.Sprintf("asynciotest: Latency(%v, %v): least must be at least 0 and at most most", least, most))
	}
	return func(c *memnet.Config) { c.Least, c.Most = least, most }
}

// Chunks has each read and each write of a connection move a random number of bytes,
// from 1 to most, small and large ones equally often; between two chunks of one Write
// the task is sometimes suspended. What is true only because a message came in one piece
// fails then. It panics if most is less than 1.
func Chunks(most int) NetworkOption {
	if most < 1 {
		panic(fmt.Sprintf("asynciotest: Chunks(%d): most must be at least 1", most))
	}
	return func(c *memnet.Config) { c.Chunk = most }
}

// Buffer is how many bytes may be under way in one direction of a connection, or wait
// in a socket for datagrams; further writes wait. It panics if n is less than 1.
func Buffer(n int) NetworkOption {
	if n < 1 {
		panic(fmt.Sprintf("asynciotest: Buffer(%d): n must be at least 1", n))
	}
	return func(c *memnet.Config) { c.Buffer = n }
}

// Loss is the share of UDP datagrams that are lost, from 0 to 1.
func Loss(share float64) NetworkOption {
	checkShare("Loss", share)
	return func(c *memnet.Config) { c.Loss = share }
}

// Duplicate is the share of UDP datagrams that come twice, from 0 to 1.
func Duplicate(share float64) NetworkOption {
	checkShare("Duplicate", share)
	return func(c *memnet.Config) { c.Duplicate = share }
}

// Reorder is the share of UDP datagrams that take up to a millisecond, and twice the
// latency, longer than others, from 0 to 1.
func Reorder(share float64) NetworkOption {
	checkShare("Reorder", share)
	return func(c *memnet.Config) { c.Reorder = share }
}

func checkShare(option string, share float64) {
	if !(share >= 0 && share <= 1) {
		panic(fmt.Sprintf("asynciotest: %s(%v): share must be from 0 to 1", option, share))
	}
}
