// Package memnet is a network in memory for loops in tests: connections, listeners and datagram
// sockets without descriptors, goroutines or system calls.
//
// Each segment and each datagram has an arrival time, by the loop's clock. A call after that
// time finds it, and a timer of the receiving loop notifies the waiting tasks. So the state of a
// connection depends only on the time, and with virtual time and one seed every run is the same.
//
// Several loops may share a network. One mutex guards its state, and each loop is notified by
// a function posted to it.
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

// Config configures a network. The zero value is a network without delay and loss.
type Config struct {
	Seed uint64
	// Least and Most bound the latency in one direction.
	Least, Most time.Duration
	// Chunk bounds how much one call reads or writes: a random number of bytes from 1 to Chunk.
	// 0: no bound.
	Chunk int
	// Buffer is the size of the buffer of one direction in bytes; 0: DefaultBuffer.
	Buffer int
	// Loss, Duplicate and Reorder are the shares of datagrams that are lost, delivered twice, or
	// delayed.
	Loss, Duplicate, Reorder float64
}

// DefaultBuffer is the default of Config.Buffer.
const DefaultBuffer = 64 << 10

// A Network is a network in memory. One or more loops use it.
type Network struct {
	cfg       Config
	usesClock bool // arrival times depend on the clock

	mu       sync.Mutex
	base     time.Time // zero of the network's clock; constant while a loop is attached
	loops    int       // attached loops
	bindings map[portKey][]*binding
	hosts    map[string]netip.Addr // host names that were listened on
	refused  map[string]bool       // addresses that refuse connections
	sides    map[string]*conn      // both sides of each connection, by connKey
	conns    []*conn               // one side of each connection, in an order that the seed determines
	pairs    map[string]*conn      // the second sides of pairs, until they are dialled
	blocked  bool                  // BlockAll was called
	ports    []*port
	lastPort uint16
	lastID   uint64
	rand     random // for datagrams and dialling
}

// New makes a network.
func New(cfg Config) *Network {
	if cfg.Buffer == 0 {
		cfg.Buffer = DefaultBuffer
	}
	n := &Network{
		cfg: cfg, usesClock: cfg.Most > 0 || cfg.Reorder > 0, lastPort: firstPort - 1,
		bindings: map[portKey][]*binding{}, hosts: map[string]netip.Addr{}, refused: map[string]bool{},
		sides: map[string]*conn{}, pairs: map[string]*conn{},
	}
	n.rand = n.newRandom()
	return n
}

// Attach makes the port of a loop. It is a netport.Maker.
func (n *Network) Attach(l *engine.Loop) (netport.Network, error) {
	p := &port{net: n, loop: l}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.loops == 0 {
		n.base = time.Now()
	}
	n.loops++
	n.ports = append(n.ports, p)
	l.AtClose(p.close)
	return p, nil
}

// never is the arrival time of what is blocked.
const never = math.MaxInt64

// now returns the network's clock. Without latency it is always 0.
func (n *Network) now() int64 {
	if !n.usesClock {
		return 0
	}
	return int64(time.Since(n.base))
}

// A port is the netport.Network of one loop.
type port struct {
	net  *Network
	loop *engine.Loop

	// Guarded by the network's mutex.
	open    []*socket // of this loop
	pending []*socket // sockets whose watchers must be notified
	gone    bool      // the loop has ended

	// Owned by the loop.
	unblocked engine.WaitList // tasks that dial while the network is blocked
}

// close closes the open sockets at the end of the loop.
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
	n.loops--
	for i, other := range n.ports {
		if other == p {
			n.ports = append(n.ports[:i], n.ports[i+1:]...)
			break
		}
	}
}

// notifySoon schedules a callback that notifies the watcher of s. It is called with the lock.
func (p *port) notifySoon(s *socket) {
	if s.notifying || p.gone {
		return
	}
	s.notifying = true
	if p.pending = append(p.pending, s); len(p.pending) > 1 {
		return
	}
	if p.loop.Here() {
		p.loop.CallSoon(p.flush)
	} else {
		p.loop.Do(p.flush)
	}
}

// flush notifies the watchers of the pending sockets. It is called on the loop, without the lock.
func (p *port) flush() {
	p.net.mu.Lock()
	pending := p.pending
	p.pending = nil
	p.net.mu.Unlock()
	for _, s := range pending {
		s.notify()
	}
}

// Adopt returns an error, because the network has no descriptors.
func (p *port) Adopt(context.Context, *os.File) (netport.Stream, error) {
	return nil, errors.ErrUnsupported
}

// opError wraps an error as package net does.
func opError(op, network string, local, remote net.Addr, err error) error {
	return &net.OpError{Op: op, Net: network, Source: local, Addr: remote, Err: err}
}
