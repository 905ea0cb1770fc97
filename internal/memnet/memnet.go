// Package memnet is a network in memory for loops in tests: connections, listeners and
// sockets for datagrams without a descriptor, a goroutine or a system call.
//
// What is sent has a time at which it arrives, by the loop's clock. Who looks for it
// after that time finds it; a timer of the receiving loop tells those who wait. So the
// state of a connection is a matter of arithmetic, and with virtual time and one seed
// every run is the same.
//
// Several loops may share a network. Its state is behind one mutex, and what concerns
// another loop is posted to it.
package memnet

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// Config is what a network is like. The zero value is one without delay or loss.
type Config struct {
	Seed uint64
	// Least and Most bound how long it takes from one side to the other.
	Least, Most time.Duration
	// Chunk bounds what one call moves, by chance between 1 and Chunk bytes; 0: as much
	// as there is.
	Chunk int
	// Buffer is how much may be under way in one direction; 0: DefaultBuffer.
	Buffer int
	// Loss, Duplicate and Reorder are the shares of datagrams to which that happens.
	Loss, Duplicate, Reorder float64
}

// DefaultBuffer is the size of a buffer unless Config says otherwise.
const DefaultBuffer = 64 << 10

// A Network is shared by the loops that it is attached to.
type Network struct {
	cfg   Config
	timed bool // it matters what time it is

	mu       sync.Mutex
	base     time.Time // zero of the network's clock; fixed while a loop is attached
	attached int       // loops
	places   map[place][]*binding
	hosts    map[string]netip.Addr // names that somebody listened on
	refused  map[string]bool       // addresses that refuse
	ends     map[string]*end       // by their addresses
	all      []*end                // one side of each connection, in some fixed order
	halves   map[string]*end       // of pairs, waiting for who takes the other side
	cut      bool                  // nothing passes
	ports    []*port
	lastPort uint16
	lastID   uint64
	dice     dice // for datagrams and for dialling
}

// New makes a network.
func New(cfg Config) *Network {
	if cfg.Buffer == 0 {
		cfg.Buffer = DefaultBuffer
	}
	n := &Network{
		cfg: cfg, timed: cfg.Most > 0 || cfg.Reorder > 0, lastPort: firstPort - 1,
		places: map[place][]*binding{}, hosts: map[string]netip.Addr{}, refused: map[string]bool{},
		ends: map[string]*end{}, halves: map[string]*end{},
	}
	n.dice = n.newDice()
	return n
}

// Attach is the netport.Maker: it makes the network that a loop sees.
func (n *Network) Attach(l *engine.Loop) (netport.Network, error) {
	p := &port{net: n, loop: l}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.attached == 0 {
		n.base = time.Now()
	}
	n.attached++
	n.ports = append(n.ports, p)
	l.AtClose(p.close)
	return p, nil
}

// never is the time at which nothing arrives.
const never = math.MaxInt64

// now is the network's clock, which stands still if it does not matter.
func (n *Network) now() int64 {
	if !n.timed {
		return 0
	}
	return int64(time.Since(n.base))
}

// port is a network as a loop sees it.
type port struct {
	net  *Network
	loop *engine.Loop

	// Guarded by the network's mutex.
	open []*socket // of this loop
	news []*socket // whose watchers are to be told
	gone bool      // the loop has ended

	// Owned by the loop.
	healed engine.WaitList // tasks that dial while nothing passes
}

// close closes what is still open when the loop has ended.
func (p *port) close() {
	n := p.net
	n.mu.Lock()
	open := append([]*socket(nil), p.open...)
	p.gone = true
	n.mu.Unlock()
	for _, s := range open {
		s.self.Close()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.attached--
	for i, other := range n.ports {
		if other == p {
			n.ports = append(n.ports[:i], n.ports[i+1:]...)
			break
		}
	}
}

// soon has the watcher of s told in a callback of its loop. With the lock.
func (p *port) soon(s *socket) {
	if s.queued || p.gone {
		return
	}
	s.queued = true
	if p.news = append(p.news, s); len(p.news) > 1 {
		return
	}
	if p.loop.Here() {
		p.loop.CallSoon(p.flush)
	} else {
		p.loop.Do(p.flush)
	}
}

// flush tells the news. On the loop, without the lock.
func (p *port) flush() {
	p.net.mu.Lock()
	news := p.news
	p.news = nil
	p.net.mu.Unlock()
	for _, s := range news {
		s.tell()
	}
}

// Adopt is refused: there are no descriptors here.
func (p *port) Adopt(context.Context, *os.File) (netport.Stream, error) {
	return nil, errors.ErrUnsupported
}

// opError is an error as package net has it.
func opError(op, network string, local, remote net.Addr, err error) error {
	return &net.OpError{Op: op, Net: network, Source: local, Addr: remote, Err: err}
}
