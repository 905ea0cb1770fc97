package asyncio

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A ThreadPool is an Executor that runs registered functions in goroutines of this process. The
// functions do not block the loop. But a goroutine cannot be killed, it shares processors and
// memory with the loop, and its crash ends the process: see package procpool. For one blocking
// call use ToThread.
type ThreadPool struct {
	limiter *Limiter
	workers int
	name    string

	mu      sync.Mutex
	running map[*Call]uintptr // the ID of the goroutine; 0: not begun
	closed  bool
	idle    chan struct{} // closed when the pool is closed and no function runs
}

// NewThreadPool returns a pool that runs at most workers functions at once. An idle pool has no
// goroutines. NewThreadPool panics if workers is less than 1.
func NewThreadPool(workers int) *ThreadPool {
	if workers < 1 {
		panic(fmt.Sprintf("asyncio: NewThreadPool(%d): workers must be at least 1", workers))
	}
	return &ThreadPool{
		limiter: NewLimiter(workers), workers: workers, name: fmt.Sprintf("threadpool-%d", threadPools.Add(1)),
		running: map[*Call]uintptr{}, idle: make(chan struct{}),
	}
}

// Local implements Executor. It returns true: arguments and results are not encoded.
func (p *ThreadPool) Local() bool { return true }

// Workers returns the maximum number of functions that run at once.
func (p *ThreadPool) Workers() int { return p.workers }

// Start implements Executor. It suspends the task while all workers are busy.
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
	c.where.Store(&threadLabel)
	p.mu.Lock()
	p.running[c] = coro.G()
	p.mu.Unlock()
	c.Run(poolContext{c.ctx, p, c})
}

// A poolContext is the ctx of a function of the pool.
type poolContext struct {
	context.Context
	pool *ThreadPool
	call *Call
}

// poolKey is the key of a context value: the call of the pool that runs with the context.
type poolKey struct{ pool *ThreadPool }

// Value implements context.Context.
func (c poolContext) Value(key any) any {
	if key == (poolKey{c.pool}) {
		return c.call
	}
	return c.Context.Value(key)
}

// runsCaller reports whether the caller is a function that the pool runs, or has the ctx of one. A
// goroutine or a loop that the function started may have it.
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

// threadLabel is the result of Call.Where for a function of a ThreadPool.
var threadLabel = "a goroutine"

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

// Close implements Executor. It refuses new and waiting calls, and waits until the running functions
// have returned. If ctx ends first, Close cancels the functions with the cause ErrExecutorClosed,
// and returns an error with the number of running functions. It cannot kill a goroutine. In a task
// Close suspends the task, in another goroutine it blocks. A second call waits as well. In a
// function that the pool runs, Close returns ErrDeadlock, and the pool stays open.
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

// abandon cancels the running functions.
func (p *ThreadPool) abandon(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.running) == 0 {
		return nil
	}
	for c := range p.running {
		c.cancel(ErrExecutorClosed)
	}
	return fmt.Errorf("asyncio: ThreadPool.Close: %d functions were cancelled and still run: %w", len(p.running), err)
}
