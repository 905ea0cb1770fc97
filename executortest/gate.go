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

// A gate blocks functions, in any process, until a check releases them. The function dials the
// gate and sends its name. It returns when the connection is closed.
type gate struct {
	listener net.Listener
	done     chan struct{}
	all      sync.WaitGroup

	mu     sync.Mutex
	points map[string]*point
	closed bool
	first  chan struct{} // closed when any function has begun
}

// A point is the state of the functions with one name.
type point struct {
	begun, released      chan struct{}
	hasBegun, isReleased bool
}

func newGate() (*gate, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("executortest: Run needs a TCP listener on the loopback interface: %w", err)
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
		return // the function has returned
	}
	p := g.begin(strings.TrimSuffix(name, "\n"))
	select {
	case <-p.released:
	case <-g.done:
	}
}

func (g *gate) begin(name string) *point {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.at(name)
	if !p.hasBegun {
		p.hasBegun = true
		close(p.begun)
	}
	select {
	case <-g.first:
	default:
		close(g.first)
	}
	return p
}

// at returns the point of that name. The caller must hold mu.
func (g *gate) at(name string) *point {
	p := g.points[name]
	if p == nil {
		p = &point{begun: make(chan struct{}), released: make(chan struct{})}
		g.points[name] = p
	}
	return p
}

// arg returns the argument of a function that waits at the gate.
func (g *gate) arg(name string) stop { return stop{Gate: g.listener.Addr().String(), Name: name} }

// ignoringArg returns the argument of a function that waits at the gate and ignores its ctx.
func (g *gate) ignoringArg(name string) stop {
	return stop{Gate: g.listener.Addr().String(), Name: name, IgnoreCancel: true}
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

// hasBegun reports whether the function of that name has begun.
func (g *gate) hasBegun(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at(name).hasBegun
}

// release releases the function of that name, now or when it reaches the gate.
func (g *gate) release(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.at(name); !p.isReleased {
		p.isReleased = true
		close(p.released)
	}
}

// open releases all functions, now or when they reach the gate.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.closed = true
		close(g.done)
	}
}

// close opens and closes the gate. Functions that dial it later return at once.
func (g *gate) close() {
	g.open()
	g.listener.Close()
	g.all.Wait()
}
