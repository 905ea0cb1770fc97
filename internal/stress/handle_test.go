package stress

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A promise is a task or a future.
type promise interface {
	asyncio.Awaitable[int]
	Result() (int, error)
	Err() error
	Done() <-chan struct{}
	OnDone(func())
	Cancel(error) bool
}

// A handle is a task or future of the program.
type handle struct {
	p    promise
	loop int

	// Guarded by the machine's mutex.
	want      int   // the value of a task, or the value that a future was set to
	seen      []int // values that callers received
	callbacks []*callback
	gathered  bool // a failed Gather had it: its error counts as received
}

// A callback is a function that must run at most once.
type callback struct {
	stmt int
	ran  atomic.Int32
}

func (h *handle) done() bool {
	select {
	case <-h.p.Done():
		return true
	default:
		return false
	}
}

// check is called when all goroutines have ended.
func (h *handle) check(m *machine) {
	if i := slices.IndexFunc(h.seen, func(v int) bool { return v != h.want }); i >= 0 {
		m.violate("a caller received the value %d of %T, want %d", h.seen[i], h.p, h.want)
	}
	if !h.done() {
		if _, future := h.p.(*asyncio.Future[int]); !future {
			m.violate("a task has not ended")
		}
	}
	for _, c := range h.callbacks {
		if n := c.ran.Load(); n > 1 {
			m.violate("the callback of statement %d ran %d times", c.stmt, n)
		}
	}
}

// add registers a handle under the number of the statement that created it.
func (m *machine) add(s stmt, p promise, loop, want int) *handle {
	h := &handle{p: p, loop: loop, want: want}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.handles[s.ID] = h
	m.all = append(m.all, h)
	return h
}

// handle returns the last handle that a statement created, or nil.
func (m *machine) handle(id int) *handle {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.handles[id]
}

func (m *machine) saw(h *handle, v int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h.seen = append(h.seen, v)
}

// create creates a task that runs statements. If shielded is set, its ctx is never cancelled.
func (m *machine) create(ctx context.Context, f frame, s stmt) {
	in := frame{name: m.name(s), loop: f.loop, err: inTask, panic: inTask, group: f.group}
	if f.group {
		in.err, in.panic = inChild, inChild
	}
	v := m.value()
	if s.How == "shielded" {
		ctx = context.WithoutCancel(ctx)
	}
	m.add(s, asyncio.CreateTask(ctx, m.coroutine(in, s.Do, v), asyncio.Name(in.name)), f.loop, v)
}

// submit creates a task on a loop, from any goroutine.
func (m *machine) submit(s stmt) *handle {
	in := frame{name: m.name(s), err: inTask, panic: inTask}
	if s.How == "second" && m.loops[1] != nil {
		in.loop = 1
	}
	v := m.value()
	run := m.coroutine(in, s.Do, v)
	known := make(chan struct{}) // closed when the statements of the task can find its handle
	defer close(known)
	return m.add(s, asyncio.Submit(m.loops[in.loop], func(ctx context.Context) (int, error) {
		<-known
		return run(ctx)
	}, asyncio.Name(in.name)), in.loop, v)
}

func (m *machine) coroutine(f frame, stmts []stmt, v int) asyncio.Coroutine[int] {
	return func(ctx context.Context) (int, error) {
		if f.own == nil {
			f.own = ctx
		}
		if err := m.do(ctx, f, stmts); err != nil {
			return 0, err
		}
		return v, nil
	}
}

// set settles a future with a value, and setError with an error. Both may be called from any
// goroutine.
func (m *machine) set(id int) {
	h := m.handle(id)
	if h == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := h.p.(*asyncio.Future[int]); true {
		v := m.value()
		if f.SetResult(v) {
			h.want = v
		}
	}
}

func (m *machine) setError(s stmt, id int) {
	h := m.handle(id)
	if h == nil {
		return
	}
	err := m.newError(inFuture, s.ID, false)
	if !h.p.(*asyncio.Future[int]).SetError(err) {
		m.record(err, func(e *entry) { e.received = append(e.received, receipt{}) }) // the future did not take the error
	}
}

func (m *machine) onDone(s stmt) {
	h := m.handle(s.K)
	if h == nil {
		return
	}
	c := &callback{stmt: s.ID}
	m.mu.Lock()
	h.callbacks = append(h.callbacks, c)
	m.mu.Unlock()
	h.p.OnDone(func() { c.ran.Add(1) })
}

// result calls Result of a handle, which does not wait.
func (m *machine) result(h *handle) (v int, err error) {
	v, err = h.p.Result()
	if err == nil {
		m.saw(h, v)
	}
	return v, err
}

// awaiting awaits a handle.
func (m *machine) awaiting(h *handle) asyncio.Coroutine[int] {
	return func(ctx context.Context) (int, error) {
		v, err := h.p.Await(ctx)
		if err == nil {
			m.saw(h, v)
		}
		return v, err
	}
}

// The errors that awaiting a handle may return, besides those of the program and of ctx.
var handleErrors = []error{asyncio.ErrTaskCancelled, asyncio.ErrDeadlock, asyncio.ErrLoopClosed, asyncio.ErrNotDone}

// receiveFrom is receive for an await of a handle, on any loop or in a goroutine without one.
func (m *machine) receiveFrom(ctx context.Context, f frame, s stmt, h *handle, err error, since time.Time) error {
	if err == nil {
		return nil
	}
	n, others := m.record(err, func(e *entry) {
		e.received = append(e.received, receipt{since, f.loop == h.loop})
	})
	return m.settle(ctx, f, s, n, others, handleErrors)
}
