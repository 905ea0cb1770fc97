package executortest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/asyncio-go/asyncio"
)

// gate lets a check know that a function has begun, in whatever process, and say
// when it returns. The function dials it, tells its name, and returns when the
// connection is closed.
type gate struct {
	listener net.Listener
	done     chan struct{}
	all      sync.WaitGroup

	mu     sync.Mutex
	points map[string]*point
	closed bool
	first  chan struct{} // closed when any function has begun
}

// point is one name: of the first function that tells it, if several do.
type point struct {
	begun, let   chan struct{}
	began, freed bool
}

func newGate() (*gate, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("executortest: functions have nothing to dial: %w", err)
	}
	g := &gate{listener: listener, done: make(chan struct{}), points: map[string]*point{}, first: make(chan struct{})}
	g.all.Go(g.accept)
	return g, nil
}

func (g *gate) accept() {
	for {
		conn, err := g.listener.Accept()
		if err != nil {
			return // closed
		}
		g.all.Go(func() { g.serve(conn) })
	}
}

func (g *gate) serve(conn net.Conn) {
	defer conn.Close()
	name, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return // the function left at once
	}
	p := g.begin(strings.TrimSuffix(name, "\n"))
	select {
	case <-p.let:
	case <-g.done:
	}
}

func (g *gate) begin(name string) *point {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.at(name)
	if !p.began {
		p.began = true
		close(p.begun)
	}
	select {
	case <-g.first:
	default:
		close(g.first)
	}
	return p
}

// at returns the point of that name. The caller holds mu.
func (g *gate) at(name string) *point {
	p := g.points[name]
	if p == nil {
		p = &point{begun: make(chan struct{}), let: make(chan struct{})}
		g.points[name] = p
	}
	return p
}

// arg makes the argument of a function that stops at the gate.
func (g *gate) arg(name string) stop { return stop{Gate: g.listener.Addr().String(), Name: name} }

// deaf makes the argument of one that does not watch its ctx there.
func (g *gate) deaf(name string) stop {
	return stop{Gate: g.listener.Addr().String(), Name: name, Deaf: true}
}

// begun waits until the function of that name has begun.
func (g *gate) begun(ctx context.Context, name string) error {
	g.mu.Lock()
	p := g.at(name)
	g.mu.Unlock()
	if _, _, err := asyncio.Recv(ctx, p.begun); err != nil {
		return fmt.Errorf("waiting for function %q to begin: %w", name, err)
	}
	return nil
}

// hasBegun reports whether it has.
func (g *gate) hasBegun(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at(name).began
}

// release lets the function of that name return, now or when it comes.
func (g *gate) release(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.at(name); !p.freed {
		p.freed = true
		close(p.let)
	}
}

// open lets all return that are there and that come.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.closed = true
		close(g.done)
	}
}

// close ends the gate: functions that come afterwards return at once.
func (g *gate) close() {
	g.open()
	g.listener.Close()
	g.all.Wait()
}
