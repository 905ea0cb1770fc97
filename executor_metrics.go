package asyncio

import (
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
)

// A Measured is an Executor with metrics, such as a ThreadPool or a procpool.Pool. Loop.Metrics
// includes the metrics of the executors that the loop has called.
type Measured interface {
	// Metrics returns the metrics. It may be called from any goroutine, and must not block.
	Metrics() ExecutorMetrics
}

// ExecutorMetrics are the metrics of an executor, or of the ToThread calls of a loop. The metrics
// of an executor include the calls of all loops.
type ExecutorMetrics struct {
	Name    string    // such as "threadpool-1"
	Workers int       // the number of calls that can run at once
	Running int       // running calls
	Waiting int       // calls that wait
	Run     Histogram // the durations of calls; empty if the executor does not measure them
	Closed  bool
}

// executorsUsed are the measured executors that a loop has called. Closed ones are removed when
// another is added.
type executorsUsed struct {
	last Executor // owned by the loop
	mu   sync.Mutex
	all  []Measured
}

// note adds the executor of a call. It is called on the loop.
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
	var metrics []ExecutorMetrics
	for _, m := range all {
		metrics = append(metrics, m.Metrics())
	}
	return metrics
}

// Metrics implements Measured.
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
