package asyncio

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A ThreadPool is an Executor that runs registered functions in goroutines of this
// process, so many at once. The loop goes on meanwhile; but goroutines share
// processors, memory and fate with it, and cannot be killed: see package procpool.
// For one blocking call use ToThread.
type ThreadPool struct {
	limiter *Limiter
	workers int
	name    string

	mu      sync.Mutex
	running map[*Call]uintptr // the goroutine, once it has begun
	closed  bool
	idle    chan struct{} // closed when the pool is and nothing runs
}

// NewThreadPool returns a pool that runs at most so many functions at once. It
// holds no goroutine while nothing runs. It panics if workers is less than 1.
func NewThreadPool(workers int) *ThreadPool {
	if workers < 1 {
		panic(fmt.Sprintf("asyncio: NewThreadPool(%d): workers must be at least 1", workers))
	}
	return &ThreadPool{
		limiter: NewLimiter(workers), workers: workers, name: fmt.Sprintf("threadpool-%d", threadPools.Add(1)),
		running: map[*Call]uintptr{}, idle: make(chan struct{}),
	}
}

// Local returns true: argument and result are passed as they are.
func (p *ThreadPool) Local() bool { return true }

// Workers returns how many functions run at once.
func (p *ThreadPool) Workers() int { return p.workers }

// Start implements Executor.
func (p *ThreadPool) Start(ctx context.Context, c *Call) error {
	caller, err := engine.Enter(ctx)
	if err != nil {
		return err
	}
	if err := p.limiter.acquire(caller); err != nil {
		return err
	}
	if !p.add(c) {
		p.limiter.release()
		return ErrExecutorClosed
	}
	go p.run(c)
	caller.L.YieldProcessor()
	return nil
}

func (p *ThreadPool) run(c *Call) {
	began := time.Now()
	defer func() {
		p.limiter.ran.Add(time.Since(began))
		p.remove(c)
	}()
	c.where.Store(&inGoroutine)
	p.mu.Lock()
	p.running[c] = coro.G()
	p.mu.Unlock()
	c.Run(poolContext{c.ctx, p, c})
}

// A poolContext is what a function of the pool runs with.
type poolContext struct {
	context.Context
	pool *ThreadPool
	call *Call
}

// poolKey asks a context which call of the pool runs with it.
type poolKey struct{ pool *ThreadPool }

// Value implements context.Context.
func (c poolContext) Value(key any) any {
	if key == (poolKey{c.pool}) {
		return c.call
	}
	return c.Context.Value(key)
}

// runsCaller reports whether the caller is a function that the pool runs, or has the ctx
// of one: a goroutine or a loop that the function started.
func (p *ThreadPool) runsCaller(ctx context.Context) bool {
	var call *Call
	if ctx != nil {
		call, _ = ctx.Value(poolKey{p}).(*Call)
	}
	g := coro.G()
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, runs := p.running[call]; runs {
		return true
	}
	for _, runner := range p.running {
		if runner == g {
			return true
		}
	}
	return false
}

var inGoroutine = "a goroutine"

func (p *ThreadPool) add(c *Call) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.running[c] = 0
	return true
}

func (p *ThreadPool) remove(c *Call) {
	p.mu.Lock()
	delete(p.running, c)
	if p.closed && len(p.running) == 0 {
		close(p.idle)
	}
	p.mu.Unlock()
	p.limiter.release()
}

// Close refuses new calls, at once also those that wait for a place, and waits until
// what runs has returned. If ctx ends first, the functions' contexts are cancelled with
// ErrExecutorClosed as the cause, and Close returns an error that says how many
// still run: a goroutine cannot be killed. In a task it suspends, elsewhere it
// blocks. A second call waits too. In a function that the pool runs, Close returns
// ErrDeadlock, and the pool stays open.
func (p *ThreadPool) Close(ctx context.Context) error {
	if p.runsCaller(ctx) {
		return fmt.Errorf("%w: ThreadPool.Close: called by a function that the pool runs; close the pool after its functions have returned", ErrDeadlock)
	}
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		if len(p.running) == 0 {
			close(p.idle)
		}
	}
	p.mu.Unlock()
	p.limiter.close(ErrExecutorClosed)
	err := engine.AwaitClosed(ctx, p.idle)
	if err == nil || engine.IsMisuse(err) || ctx.Err() == nil {
		return err
	}
	return p.abandon(err)
}

// abandon cancels what still runs.
func (p *ThreadPool) abandon(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.running) == 0 {
		return nil
	}
	for c := range p.running {
		c.cancel(ErrExecutorClosed)
	}
	return fmt.Errorf("asyncio: ThreadPool.Close: %d functions still run, and were cancelled: %w", len(p.running), err)
}
