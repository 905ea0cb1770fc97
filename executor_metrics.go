package asyncio

import (
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
)

// Measured is an Executor that tells how busy it is, as ThreadPool and
// procpool.Pool do. Loop.Metrics asks those that the loop has called.
type Measured interface {
	// Metrics may be called from any goroutine, and returns at once.
	Metrics() ExecutorMetrics
}

// ExecutorMetrics says how busy an executor is, or the limiter of a loop's
// ToThread calls. An executor serves all loops: the figures are of all of them.
type ExecutorMetrics struct {
	Name    string    // of this executor in this process, such as "threadpool-1"
	Workers int       // how many calls it can run at once
	Running int       // calls that run
	Waiting int       // calls that wait for a place
	Run     Histogram // how long calls ran; empty where that is not measured
	Closed  bool
}

// executorsUsed are the measured executors that a loop has called and that were
// not closed when the last one came.
type executorsUsed struct {
	last Executor // owned by the loop
	mu   sync.Mutex
	all  []Measured
}

// note is called before each call of an executor, on the loop.
func (u *executorsUsed) note(exec Executor) {
	if exec == u.last {
		return
	}
	m, ok := exec.(Measured)
	if !ok || !reflect.TypeOf(exec).Comparable() {
		return
	}
	u.last = exec
	u.mu.Lock()
	defer u.mu.Unlock()
	if !slices.Contains(u.all, m) {
		u.all = append(slices.DeleteFunc(u.all, func(m Measured) bool { return m.Metrics().Closed }), m)
	}
}

func (u *executorsUsed) metrics() []ExecutorMetrics {
	u.mu.Lock()
	all := slices.Clone(u.all)
	u.mu.Unlock()
	var figures []ExecutorMetrics
	for _, m := range all {
		figures = append(figures, m.Metrics())
	}
	return figures
}

// Metrics implements Measured. From any goroutine.
func (p *ThreadPool) Metrics() ExecutorMetrics {
	m := p.limiter.metrics(p.name)
	p.mu.Lock()
	defer p.mu.Unlock()
	m.Closed = p.closed
	return m
}

var threadPools atomic.Uint64

func (m *Limiter) metrics(name string) ExecutorMetrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	return ExecutorMetrics{Name: name, Workers: m.places, Running: m.places - m.free, Waiting: m.queue.Len(), Run: histogramOf(&m.ran)}
}
