package stress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A machine runs one program.
type machine struct {
	ledger
	p       program
	virtual bool
	tick    time.Duration
	steps   *atomic.Int64 // the number of statements begun, for the watch

	loops    [2]*asyncio.Loop
	stderr   lockedBuffer
	actors   atomic.Int64 // goroutines of the program, and timers outside of the loop
	values   atomic.Int64 // of tasks, futures and items
	pending  atomic.Int64 // callbacks of CallLater that have not run and were not cancelled
	stopping atomic.Bool  // main has returned
	alive    sync.WaitGroup
	over     context.Context // ends when Run has returned, and ends the goroutines of the program
	end      context.CancelFunc

	mu      sync.Mutex // guards the fields below
	handles map[int]*handle
	all     []*handle
	trace   []string

	// owned by the first loop, except the channels
	locks      [primitives]asyncio.Lock
	conditions [primitives]*asyncio.Condition
	sems       [primitives]*asyncio.Semaphore
	events     [primitives]asyncio.Event
	barriers   [primitives]*asyncio.Barrier
	queues     map[string][primitives]queue
	channels   [primitives]chan int
	limiter    *asyncio.Limiter
	pool       *asyncio.ThreadPool
	holders    [2 * primitives]int // of the locks, then of the conditions' locks
	permits    [primitives]int
	inside     map[any]*items // by queue or channel; guarded by mu
}

// queue is a Queue, LIFOQueue or PriorityQueue.
type queue interface {
	Put(context.Context, int) error
	TryPut(int) bool
	Get(context.Context) (int, error)
	TryGet() (int, bool)
	Join(context.Context) error
	TaskDone()
	Shutdown(bool)
}

// A frame is the context of a statement.
type frame struct {
	name  string
	loop  int
	err   box             // the box of an error
	panic box             // the box of a panic
	own   context.Context // the ctx of the task
	group bool            // tasks created here are children of a group
	args  bool            // in the input of a Map: awaits also end when the range loop over the Map ends
}

func newMachine(p program, virtual bool, steps *atomic.Int64) *machine {
	m := &machine{p: p, virtual: virtual, tick: 100 * time.Microsecond, steps: steps, handles: map[int]*handle{}, inside: map[any]*items{}}
	if virtual {
		m.tick = time.Second
	}
	m.over, m.end = context.WithCancel(context.Background())
	m.queues = map[string][primitives]queue{}
	for _, order := range []string{"", "lifo", "priority"} {
		var made [primitives]queue
		for i := range made {
			switch order {
			case "":
				made[i] = asyncio.NewQueue[int](i * 2)
			case "lifo":
				made[i] = asyncio.NewLIFOQueue[int](i + 1)
			case "priority":
				made[i] = asyncio.NewPriorityQueue(i+1, func(a, b int) bool { return byPriority(a, b) < 0 })
			}
			m.inside[made[i]] = newItems(order)
		}
		m.queues[order] = made
	}
	for i := range primitives {
		m.conditions[i] = asyncio.NewCondition(nil)
		m.sems[i] = asyncio.NewSemaphore(i + 1)
		m.barriers[i] = asyncio.NewBarrier(i + 2)
		m.channels[i] = make(chan int, i)
		m.inside[m.channels[i]] = newItems("")
	}
	m.limiter = asyncio.NewLimiter(1)
	m.pool = asyncio.NewThreadPool(2)
	return m
}

func (m *machine) options() []asyncio.Option {
	opts := []asyncio.Option{
		asyncio.WithErrorHandler(m.report), asyncio.WithLogger(slog.New(ledgerLog{&m.ledger})), asyncio.WithShutdownTimeout(shutdownTimeout),
		asyncio.WithStallThreshold(0),
		func(c *engine.Config) {
			c.Stderr, c.Virtual = &m.stderr, m.virtual
			c.OnStuck = func(dump string) { m.violate("nothing can run again:\n%s", dump) }
			c.OnIgnoredCancel = func(t *engine.Task, line string) { m.violate("task %q ignores its cancellation at %s", t.Name(), line) }
		},
	}
	if m.p.Panics == panicsAsErrors {
		opts = append(opts, asyncio.WithPanicsAsErrors())
	}
	return opts
}

const shutdownTimeout = 10 * time.Minute

// run runs the program. It returns when all goroutines, except abandoned ones, have ended.
func (m *machine) run() {
	defer m.end()
	machines.Store(m.number(), m)
	defer machines.Delete(m.number())
	m.loops[0] = asyncio.NewLoop(m.options()...)
	var second chan struct{}
	if m.p.Second > 0 {
		m.loops[1] = asyncio.NewLoop(m.options()...)
		second = make(chan struct{})
		go func() {
			defer close(second)
			m.runLoop(1, context.Background(), func(ctx context.Context) error {
				c, cancel := context.WithCancel(ctx)
				defer context.AfterFunc(m.over, cancel)()
				asyncio.Sleep(c, time.Duration(m.p.Second)*m.tick)
				cancel()
				return nil
			})
		}()
	}
	ctx, cancel := context.WithCancel(context.Background())
	if m.p.End == endCancel {
		a := m.newActor()
		m.goOff(func() {
			if a.pause(m.over, m.p.EndAt) == nil {
				cancel()
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.runLoop(0, ctx, m.main)
	}()
	<-done
	cancel()
	m.end()
	if second != nil {
		<-second
	}
	m.alive.Wait()
}

// runLoop runs one loop, which may return, panic or call runtime.Goexit.
func (m *machine) runLoop(i int, ctx context.Context, main func(context.Context) error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		v := recover()
		if v == nil {
			return // Goexit
		}
		err, _ := v.(error)
		n, others := m.record(err, func(e *entry) { e.ended = true })
		if n != 1 || len(others) > 0 || m.p.Panics != panicsEndRun {
			m.violate("Run of loop %d panicked with %v\n%s", i, v, &m.stderr)
		}
	}()
	err := m.loops[i].Run(ctx, main)
	returned = true
	_, others := m.record(err, func(e *entry) { e.returned++ })
	for _, err := range others {
		more := strings.HasSuffix(err.Error(), " more unhandled errors") && m.reports > 16
		if !more && (!errors.Is(err, context.Canceled) || ctx.Err() == nil) {
			m.violate("Run of loop %d returned %v", i, err)
		}
	}
}

// main is the first task of the first loop.
func (m *machine) main(ctx context.Context) error {
	f := frame{name: "main", err: inMain, panic: inMain, own: ctx}
	defer m.stopping.Store(true)
	last := time.Duration(m.p.EndAt) * m.tick
	if m.p.End == endAwait {
		c, cancel := asyncio.WithTimeout(ctx, last)
		defer cancel()
		err := m.do(c, f, m.p.Do)
		if _, own := err.(*numbered); own {
			return err
		}
		return ctx.Err() // err may be the deadline of c, which main handles
	}
	root := frame{name: "root", err: inTask, panic: inTask}
	asyncio.Go(ctx, func(ctx context.Context) error { root.own = ctx; return m.do(ctx, root, m.p.Do) }, asyncio.Name("root"))
	if m.p.End == endCancel {
		last *= 2
	}
	asyncio.Sleep(ctx, last)
	if m.p.End == endFail {
		return m.newError(inMain, 0, false)
	}
	m.checkCallbacks(ctx)
	return ctx.Err()
}

// do runs statements in sequence. It returns an error of the program, or that of ctx.
func (m *machine) do(ctx context.Context, f frame, stmts []stmt) error {
	for _, s := range stmts {
		m.steps.Add(1)
		err := m.step(ctx, f, s)
		m.log(f, s, err)
		if err != nil {
			if _, own := err.(*numbered); !own && err != ctx.Err() && !(f.args && err == context.Canceled) {
				m.violate("statement %d (%s) of %s returned %v where ctx has %v", s.ID, s.Op, f.name, err, ctx.Err())
			}
			return err
		}
	}
	return nil
}

// log adds to the trace of the program. Only statements on the first loop are traced.
func (m *machine) log(f frame, s stmt, err error) {
	if f.loop != 0 || !m.p.Exact {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trace = append(m.trace, fmt.Sprintf("%d %s %d %s %v", time.Now().UnixNano(), f.name, s.ID, s.Op, err))
}

// raise creates the error of a statement, which leaves the frame.
func (m *machine) raise(f frame, s stmt) error { return m.newError(f.err, s.ID, false) }

// receive records the errors in err as received by one caller, which has waited since. It returns
// the error of the statement: a new one, that of ctx, or nil. allowed are other errors that the
// call may return.
func (m *machine) receive(ctx context.Context, f frame, s stmt, err error, since time.Time, allowed ...error) error {
	if err == nil {
		return nil
	}
	n, others := m.record(err, func(e *entry) {
		e.received = append(e.received, receipt{since, f.loop == 0})
	})
	return m.settle(ctx, f, s, n, others, allowed)
}

// settle ends a statement that received n errors of the program, and others.
func (m *machine) settle(ctx context.Context, f frame, s stmt, n int, others, allowed []error) error {
	for _, err := range others {
		ok := ctx.Err() != nil && errors.Is(err, ctx.Err()) ||
			f.own != nil && f.own.Err() != nil && errors.Is(err, context.Canceled) // a std context between them is cancelled a moment later
		if f.args && err == context.Canceled { // the range loop over the Map has ended
			return err
		}
		for _, a := range allowed {
			ok = ok || errors.Is(err, a)
		}
		if !ok && !(m.p.Panics == panicsEndRun && strings.Contains(err.Error(), "the task called runtime.Goexit")) {
			m.violate("statement %d (%s) of %s got %v, ctx has %v", s.ID, s.Op, f.name, err, ctx.Err())
		}
		if n > 0 {
			m.violate("statement %d (%s) of %s got %v beside errors of the program", s.ID, s.Op, f.name, err)
		}
	}
	if n > 0 && s.Fails {
		return m.raise(f, s)
	}
	if ctx.Err() != nil && (n > 0 || len(others) > 0) {
		return ctx.Err()
	}
	return nil
}

// await makes a call that awaits, and checks that the call fails if its ctx is already cancelled.
func (m *machine) await(ctx context.Context, f frame, s stmt, call func() error) error {
	before := ctx.Err()
	if deadline, ok := ctx.Deadline(); ok && before == nil && m.virtual && time.Now().After(deadline) {
		before = context.DeadlineExceeded
	}
	err := call()
	if before != nil && err == nil {
		m.violate("statement %d (%s) of %s returned nil with a ctx that had ended before: %v", s.ID, s.Op, f.name, before)
	}
	return err
}

// check checks the state when all goroutines have ended.
func (m *machine) check() {
	crashed := m.p.Panics == panicsEndRun
	text := m.stderr.String()
	m.mu.Lock() // after the last goroutine
	all := m.all
	m.mu.Unlock()
	for _, h := range all {
		if h.gathered && h.done() {
			m.record(h.p.Err(), func(e *entry) { e.gathered = true })
		}
	}
	m.ledger.check(m.virtual, crashed, func(n int) int {
		return strings.Count(text, fmt.Sprintf("asyncio: panic: stress error #%d. [in ", n))
	})
	for _, h := range all {
		h.check(m)
	}
	for i, l := range m.loops {
		if l == nil {
			continue
		}
		if left := l.Tasks(); len(left) > 0 {
			m.violate("loop %d: %d tasks are left, the first is %q", i, len(left), left[0].Name())
		}
		c := l.Metrics()
		if t := c.Tasks; t.Created != t.Succeeded+t.Failed+t.Cancelled+t.Panics || t.Ready+t.Running+t.Waiting != 0 {
			m.violate("loop %d: the figures of tasks do not add up: %+v", i, t)
		}
		if pending := int(m.pending.Load()); c.Timers > pending {
			m.violate("loop %d: %d timers are left, want %d at most", i, c.Timers, pending)
		}
		if n := c.Threads.Running + c.Threads.Waiting; n > 0 {
			m.violate("loop %d: %d threads are left", i, n)
		}
	}
	if c := m.pool.Metrics(); c.Running+c.Waiting > 0 {
		m.violate("%d calls of the pool are left", c.Running+c.Waiting)
	}
	if err := asyncio.Run(context.Background(), m.checkPrimitives, m.options()...); err != nil {
		m.violate("the loop that checks what is left: %v", err)
	}
	for i, c := range m.channels {
		for len(c) > 0 {
			m.got("channel", i, c, <-c, (*items).receive)
		}
	}
	for of, q := range m.inside {
		for _, wrong := range q.check() {
			m.violate("%T: %s", of, wrong)
		}
	}
}

// checkPrimitives runs on a third loop, after the end of the others.
func (m *machine) checkPrimitives(ctx context.Context) error {
	for i := range primitives {
		for order, queues := range m.queues {
			for {
				n, ok := queues[i].TryGet()
				if !ok {
					break
				}
				m.got(order+" queue", i, queues[i], n, (*items).take)
			}
			if left := m.inside[queues[i]].inside; len(left) > 0 && !m.inside[queues[i]].dropped {
				m.violate("%s queue %d lost the items %v", order, i, left)
			}
		}
		if m.locks[i].Locked() || m.conditions[i].L.Locked() {
			m.violate("lock %d is held at the end", i)
		}
		free := 0
		for m.sems[i].TryAcquire() {
			free++
		}
		if free != i+1 {
			m.violate("semaphore %d has %d permits at the end, want %d", i, free, i+1)
		}
		if n := m.barriers[i].Waiting(); n > 0 {
			m.violate("%d tasks wait at barrier %d at the end", n, i)
		}
	}
	return nil
}

// checkCallbacks waits for three iterations and checks that each due callback has run.
func (m *machine) checkCallbacks(ctx context.Context) {
	m.mu.Lock()
	due := m.all[:len(m.all):len(m.all)]
	m.mu.Unlock()
	var calls []*callback
	for _, h := range due {
		if h.loop == 0 && h.done() {
			m.mu.Lock()
			calls = append(calls, h.callbacks...)
			m.mu.Unlock()
		}
	}
	for range 3 {
		asyncio.Sleep(context.WithoutCancel(ctx), 0)
	}
	for _, c := range calls {
		if c.ran.Load() != 1 {
			m.violate("the callback of statement %d ran %d times, want 1", c.stmt, c.ran.Load())
		}
	}
}

// goOff starts a goroutine of the program. It obeys over.
func (m *machine) goOff(fn func()) {
	m.alive.Add(1)
	go func() {
		defer m.alive.Done()
		fn()
	}()
}

// An actor acts at instants at which no other goroutine acts, in virtual time. Timers of the loop
// are due whole ticks after an action. Actors act some nanoseconds after a whole tick, each with
// another number of nanoseconds.
type actor struct {
	m     *machine
	slot  time.Duration
	paces time.Duration
}

// newActor creates an actor. The order of the calls must be deterministic: they are on the loop, or
// by an actor.
func (m *machine) newActor() *actor { return &actor{m: m, slot: time.Duration(m.actors.Add(1)) << 10} }

// delay returns the time until the actor's next instant, some ticks from now.
func (a *actor) delay(ticks int) time.Duration {
	d := time.Duration(ticks) * a.m.tick
	if !a.m.virtual {
		return d
	}
	now := time.Now()
	a.paces++
	return now.Add(d).Truncate(a.m.tick).Add(a.m.tick + a.slot + a.paces).Sub(now)
}

// pause blocks the goroutine of the actor until its next instant.
func (a *actor) pause(ctx context.Context, ticks int) error {
	t := time.NewTimer(a.delay(ticks))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *machine) value() int { return int(m.values.Add(1)) }

// A lockedBuffer is a buffer that several goroutines may use.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// dump writes a dump of the loops and all goroutines.
func (m *machine) dump(w io.Writer) {
	for _, l := range m.loops {
		if l != nil {
			l.Dump(w)
		}
	}
	stacks := make([]byte, 1<<20)
	w.Write(stacks[:runtime.Stack(stacks, true)])
}
