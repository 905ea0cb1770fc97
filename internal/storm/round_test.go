package storm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A behavior is what handlers do during a shutdown.
type behavior int

const (
	stay  behavior = iota // the handler serves the connection to its end
	leave                 // the handler returns after the current answer
	cut                   // Shutdown cancels the handler
)

// A round is one server and its clients.
type round struct {
	seed     uint64
	rng      *rand.Rand
	network  string
	loops    int // 0: one Listener; else ServeLoops
	behavior behavior
	clients  int
	visits   int // number of connections of each client, one after the other
	starved  bool

	addr     string
	start    int64         // number of visits that connect before Shutdown begins
	started  atomic.Int64  // number of visits that have connected
	slots    chan struct{} // bounds the open connections of clients in a starved round; else nil
	shutdown chan struct{} // closed just before Shutdown begins
	over     chan struct{} // closed when Shutdown has begun; then lingering clients leave
	counts   *counts

	mu    sync.Mutex
	wrong []string
}

func newRound(seed uint64, c *counts) *round {
	rng := rand.New(rand.NewPCG(seed, 1))
	r := &round{
		seed: seed, rng: rng, counts: c,
		network:  []string{"tcp", "unix"}[rng.IntN(2)],
		loops:    max(0, rng.IntN(4)-1),
		behavior: behavior(rng.IntN(3)),
		clients:  1 + rng.IntN(40),
		visits:   1 + rng.IntN(6),
		starved:  rng.IntN(4) == 0,

		shutdown: make(chan struct{}), over: make(chan struct{}),
	}
	r.start = rng.Int64N(int64(r.clients*r.visits) + 1)
	return r
}

func (r *round) String() string {
	return fmt.Sprintf("seed %d: %s, %d loops, behavior %d, %d clients of %d connections, shutdown after %d, few descriptors: %v",
		r.seed, r.network, r.loops, r.behavior, r.clients, r.visits, r.start, r.starved)
}

func (r *round) violate(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// run starts the server and the clients, shuts the server down, and waits for all of them.
func (r *round) run(t *testing.T) {
	addr := "127.0.0.1:0"
	if r.network == "unix" {
		dir, err := os.MkdirTemp("", "storm")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		addr = filepath.Join(dir, "socket")
	}
	if r.starved {
		n := r.clients/2 + 1
		r.slots = make(chan struct{}, n)
		defer fewDescriptors(n)()
	}
	if r.loops == 0 {
		r.oneListener(t, addr)
	} else {
		r.severalLoops(t, addr)
	}
}

// grace returns the timeout of Shutdown.
func (r *round) grace() time.Duration {
	if r.behavior == cut {
		return time.Millisecond
	}
	return roundTimeout
}

func (r *round) oneListener(t *testing.T, addr string) {
	var visitors sync.WaitGroup
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := aionet.Listen(ctx, r.network, addr)
		if err != nil {
			return err
		}
		server := asyncio.Go(ctx, func(ctx context.Context) error { return l.Serve(ctx, r.handle) }, asyncio.Name("server"))
		r.release(l.Addr().String(), &visitors)
		if _, _, err := asyncio.Recv(ctx, r.shutdown); err != nil {
			return err
		}
		c, cancel := asyncio.WithTimeout(ctx, r.grace())
		defer cancel()
		ended := asyncio.Go(ctx, func(context.Context) error { return l.Shutdown(c) }, asyncio.Name("shutdown"))
		close(r.over)
		if _, err := ended.Await(ctx); err != nil && !(r.behavior == cut && errors.Is(err, context.DeadlineExceeded)) {
			r.violate("Shutdown: %v", err)
		}
		_, err = server.Await(ctx)
		return err
	})
	if err != nil {
		r.violate("Run: %v", err)
		r.releaseWaiters()
	}
	visitors.Wait()
}

func (r *round) severalLoops(t *testing.T, addr string) {
	ctx, cancel := context.WithCancel(context.Background())
	var visitors sync.WaitGroup
	go func() {
		<-r.shutdown
		cancel()
		close(r.over)
	}()
	err := aionet.ServeLoops(ctx, r.loops, r.network, addr, r.handle, aionet.Grace(r.grace()),
		aionet.OnListen(func(a net.Addr) { r.release(a.String(), &visitors) }))
	if err != nil && !(r.behavior == cut && errors.Is(err, context.DeadlineExceeded)) {
		r.violate("ServeLoops: %v", err)
		r.releaseWaiters()
	}
	visitors.Wait()
}

// release starts the clients.
func (r *round) release(addr string, visitors *sync.WaitGroup) {
	r.addr = addr
	if r.start == 0 {
		close(r.shutdown)
	}
	for i := range r.clients {
		seed := rand.NewPCG(r.seed, uint64(i)+2)
		visitors.Go(func() { r.client(rand.New(seed)) })
	}
}

// releaseWaiters releases clients that wait for a Shutdown, after the server has failed.
func (r *round) releaseWaiters() {
	if r.started.Swap(r.start) < r.start {
		close(r.shutdown)
	}
	select {
	case <-r.over:
	default:
		close(r.over)
	}
}
