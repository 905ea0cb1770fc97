package stress

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio"
)

// block runs a statement that has a body.
func (m *machine) block(ctx context.Context, f frame, s stmt, began time.Time) error {
	call := f // errors of the body are received here
	call.err = inCall
	switch s.Op {
	case "spawn":
		m.create(ctx, f, s)
	case "submit":
		m.submit(s)
	case "group":
		return m.groupStep(ctx, f, s)
	case "gather", "results", "each":
		return m.gatherStep(ctx, f, s, began)
	case "wait":
		return m.waitStep(ctx, f, s, began)
	case "waitfor":
		return m.waitForStep(ctx, f, s, began)
	case "timeout", "foreign", "cancelled":
		return m.limited(ctx, f, s)
	case "lock":
		return m.holding(ctx, f, s, &m.locks[s.K], s.K, func() error { return m.do(ctx, f, s.Do) })
	case "condition":
		c := m.conditions[s.K]
		return m.holding(ctx, f, s, c.L, primitives+s.K, func() error {
			m.holders[primitives+s.K]--
			err := m.await(ctx, f, s, func() error { return c.Wait(ctx) })
			m.hold(f, s, primitives+s.K)
			if err := m.receive(ctx, f, s, err, began); err != nil {
				return err
			}
			return m.do(ctx, f, s.Do)
		})
	case "sem":
		if err := m.await(ctx, f, s, func() error { return m.sems[s.K].Acquire(ctx) }); err != nil {
			return m.receive(ctx, f, s, err, began)
		}
		defer m.sems[s.K].Release()
		if m.permits[s.K]++; m.permits[s.K] > s.K+1 {
			m.violate("statement %d: %d tasks hold the %d permits of a semaphore", s.ID, m.permits[s.K], s.K+1)
		}
		defer func() { m.permits[s.K]-- }()
		return m.do(ctx, f, s.Do)
	case "try":
		err := m.do(ctx, call, s.Do)
		return m.receive(ctx, f, s, err, began)
	case "direct":
		v := m.value()
		got, err := m.coroutine(call, s.Do, v).Await(ctx)
		if err == nil && got != v {
			m.violate("statement %d: a coroutine returned %d, want %d", s.ID, got, v)
		}
		return m.receive(ctx, f, s, err, began)
	case "recover":
		return m.recovering(ctx, f, s, began)
	case "retry":
		var err error
		for range s.N {
			if err = m.do(ctx, call, s.Do); err == nil {
				break
			}
			err = m.receive(ctx, f, s, err, began)
		}
		return err
	case "repeat":
		for range s.N {
			if err := m.do(ctx, f, s.Do); err != nil {
				return err
			}
		}
	case "shield":
		c := context.WithoutCancel(ctx)
		if err := m.do(c, f, s.Do); err != nil {
			return err
		}
		return ctx.Err()
	case "cleanup":
		last := len(s.Do) - 1
		if last < 0 || s.Do[last].Op != "after" {
			return m.do(ctx, f, s.Do)
		}
		defer m.do(context.WithoutCancel(ctx), f, s.Do[last].Do)
		return m.do(ctx, f, s.Do[:last])
	case "thread", "abandon":
		return m.threadStep(ctx, f, s, began)
	case "go":
		t := thread{actor: m.newActor()}
		m.goOff(func() { m.script(m.over, t, s.Do) })
	case "map":
		return m.mapStep(ctx, f, s, began)
	case "member", "after", "args", "body": // these stand alone in a program that was reduced
		return m.do(ctx, f, s.Do)
	case "handle":
	default:
		panic("unknown statement " + s.Op)
	}
	return nil
}

func (m *machine) groupStep(ctx context.Context, f frame, s stmt) error {
	body := f
	body.err, body.group = inBody, true
	err := m.await(ctx, f, s, func() error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { return m.do(ctx, body, s.Do) })
	})
	n, others := m.record(err, func(e *entry) { e.grouped++ })
	return m.settle(ctx, f, s, n, others, nil)
}

// hold records that a task has a lock.
func (m *machine) hold(f frame, s stmt, i int) {
	if m.holders[i]++; m.holders[i] != 1 {
		m.violate("statement %d (%s) of %s has a lock that another task holds", s.ID, s.Op, f.name)
	}
}

// holding runs a body while it holds a lock.
func (m *machine) holding(ctx context.Context, f frame, s stmt, l *asyncio.Lock, i int, body func() error) error {
	began := time.Now()
	if err := m.await(ctx, f, s, func() error { return l.Acquire(ctx) }); err != nil {
		return m.receive(ctx, f, s, err, began, asyncio.ErrDeadlock)
	}
	m.hold(f, s, i)
	defer func() {
		m.holders[i]--
		l.Release()
	}()
	return body()
}

// limited runs a body with a ctx that may end before the body.
func (m *machine) limited(ctx context.Context, f frame, s stmt) error {
	var c context.Context
	var cancel context.CancelFunc
	switch s.Op {
	case "timeout":
		c, cancel = asyncio.WithTimeout(ctx, time.Duration(s.N)*m.tick)
	case "foreign":
		c, cancel = context.WithTimeout(ctx, m.newActor().delay(s.N))
	default: // a goroutine cancels it
		c, cancel = context.WithCancel(ctx)
		a := m.newActor()
		m.goOff(func() {
			if a.pause(c, s.N) == nil {
				cancel()
			}
		})
	}
	defer cancel()
	err := m.do(c, f, s.Do)
	if _, own := err.(*numbered); own {
		return err
	}
	return ctx.Err()
}

func (m *machine) recovering(ctx context.Context, f frame, s stmt, began time.Time) (err error) {
	in := f
	in.err, in.panic = inCall, inCall
	returned := false
	defer func() {
		if returned {
			return
		}
		switch v := recover().(type) {
		case nil: // Goexit
		case error:
			err = m.receive(ctx, f, s, v, began)
		default:
			panic(v)
		}
	}()
	err = m.do(ctx, in, s.Do)
	returned = true
	return m.receive(ctx, f, s, err, began)
}

// arguments returns the arguments of a gather and their values, with 0 for a handle.
func (m *machine) arguments(f frame, s stmt) (aws []asyncio.Awaitable[int], want []int, handles []*handle) {
	in := frame{name: m.name(s), loop: f.loop, err: inMember, panic: inMember, group: f.group}
	for _, arg := range s.Do {
		switch arg.Op {
		case "handle":
			h := m.handle(arg.K)
			if h == nil {
				continue
			}
			aws, want, handles = append(aws, h.p), append(want, 0), append(handles, h)
		default:
			v := m.value()
			in.name = m.name(arg)
			aws, want, handles = append(aws, m.coroutine(in, []stmt{arg}, v)), append(want, v), append(handles, nil)
		}
	}
	return aws, want, handles
}

func (m *machine) gatherStep(ctx context.Context, f frame, s stmt, began time.Time) error {
	aws, want, handles := m.arguments(f, s)
	// near reports whether all handles belong to this loop: a task of another loop may see an error
	// late.
	near := f
	for _, h := range handles {
		if h != nil && h.loop != f.loop {
			near.loop = -1
		}
	}
	result := func(i int, v int, err error) {
		switch {
		case err != nil:
		case handles[i] != nil:
			m.saw(handles[i], v)
		case v != want[i]:
			m.violate("statement %d (%s): result %d is %d, want %d", s.ID, s.Op, i, v, want[i])
		}
	}
	one := func(i int, r asyncio.Result[int]) {
		result(i, r.Value, r.Err)
		quiet := s
		quiet.Fails = false
		m.receive(ctx, near, quiet, r.Err, began, handleErrors...)
	}
	switch s.Op {
	case "gather":
		var values []int
		err := m.await(ctx, f, s, func() (err error) { values, err = asyncio.Gather(ctx, aws...); return err })
		if err == nil {
			for i, v := range values {
				result(i, v, nil)
			}
			return nil
		}
		m.dropped(handles)
		return m.receive(ctx, near, s, err, began, handleErrors...)
	case "results":
		before := ctx.Err()
		for i, r := range asyncio.GatherResults(ctx, aws...) {
			if before != nil && r.Err == nil {
				m.violate("statement %d: GatherResults returned a value with a ctx that had ended before", s.ID)
			}
			one(i, r)
		}
	case "each":
		seen := map[int]bool{}
		for i, r := range asyncio.AsCompleted(ctx, aws...) {
			if seen[i] || i < 0 || i >= len(aws) {
				m.violate("statement %d: AsCompleted gave the index %d twice or out of range", s.ID, i)
				break
			}
			seen[i] = true
			one(i, r)
			if s.How != "" && len(seen) > s.N {
				break
			}
		}
		if s.How == "" && len(seen) != len(aws) {
			m.violate("statement %d: AsCompleted gave %d results of %d", s.ID, len(seen), len(aws))
		}
	}
	return ctx.Err()
}

// dropped records that a Gather with these handles failed. Their errors then count as received.
func (m *machine) dropped(handles []*handle) {
	for _, h := range handles {
		if h == nil {
			continue
		}
		m.mu.Lock()
		h.gathered = true
		m.mu.Unlock()
	}
}

func (m *machine) waitStep(ctx context.Context, f frame, s stmt, began time.Time) error {
	var tasks []*asyncio.Task[int]
	var handles []*handle
	for _, arg := range s.Do {
		if h := m.handle(arg.K); h != nil && h.loop == f.loop {
			if t, ok := h.p.(*asyncio.Task[int]); ok {
				tasks, handles = append(tasks, t), append(handles, h)
			}
		}
	}
	until := map[string]asyncio.WaitUntil{"all": asyncio.AllCompleted, "first": asyncio.FirstCompleted, "error": asyncio.FirstError}[s.How]
	var done, pending []*asyncio.Task[int]
	err := m.await(ctx, f, s, func() (err error) { done, pending, err = asyncio.Wait(ctx, until, tasks...); return err })
	if len(done)+len(pending) != len(tasks) {
		m.violate("statement %d: Wait returned %d done and %d pending of %d", s.ID, len(done), len(pending), len(tasks))
	}
	if err == nil && len(tasks) > 0 && (until == asyncio.AllCompleted && len(pending) > 0 || len(done) == 0) {
		m.violate("statement %d: Wait until %v returned with %d done, %d pending", s.ID, until, len(done), len(pending))
	}
	if s.Fails {
		for i, h := range handles {
			if slices.Contains(done, tasks[i]) {
				_, err := m.result(h)
				if err == asyncio.ErrNotDone {
					m.violate("statement %d: Wait returned a pending task as done", s.ID)
				}
				quiet := s
				quiet.Fails = false
				m.receiveFrom(ctx, f, quiet, h, err, began)
			}
		}
	}
	s.Fails = false
	return m.receive(ctx, f, s, err, began, asyncio.ErrDeadlock)
}

func (m *machine) waitForStep(ctx context.Context, f frame, s stmt, began time.Time) error {
	if len(s.Do) == 0 {
		return nil
	}
	d := time.Duration(s.N) * m.tick
	if arg := s.Do[0]; arg.Op != "handle" {
		in := f
		in.err = inCall
		v := m.value()
		got, err := asyncio.WaitFor(ctx, d, m.coroutine(in, s.Do, v)) // the first await of the coroutine fails if ctx has ended
		if err == nil && got != v {
			m.violate("statement %d: WaitFor returned %d, want %d", s.ID, got, v)
		}
		return m.receive(ctx, f, s, err, began, context.DeadlineExceeded)
	}
	h := m.handle(s.Do[0].K)
	if h == nil {
		return nil
	}
	err := m.await(ctx, f, s, func() error {
		v, err := asyncio.WaitFor(ctx, d, h.p)
		if err == nil {
			m.saw(h, v)
		}
		return err
	})
	if took := time.Since(began); m.virtual && took > d {
		m.violate("statement %d: WaitFor of %v took %v", s.ID, d, took)
	}
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, asyncio.ErrTaskCancelled) {
		return ctx.Err()
	}
	return m.receiveFrom(ctx, f, s, h, err, began)
}

// machines are the running machines. A registered function finds its machine by number.
var machines sync.Map

func (m *machine) number() uint64 { return m.p.Seed }

// An element is the argument of the registered function.
type element struct {
	Machine uint64
	N       int
	Ticks   int
	Fails   bool
}

var double = asyncio.Register("stress.double", func(ctx context.Context, e element) (int, error) {
	v, _ := machines.Load(e.Machine)
	m := v.(*machine)
	if err := m.newActor().pause(ctx, e.Ticks); err != nil {
		return 0, err
	}
	if e.Fails {
		return 0, m.newError(inElement, 0, false)
	}
	return 2 * e.N, nil
})

// mapStep maps over a sequence that runs statements between its elements.
func (m *machine) mapStep(ctx context.Context, f frame, s stmt, began time.Time) error {
	var args, body []stmt
	for _, part := range s.Do {
		switch part.Op {
		case "args":
			args = part.Do
		case "body":
			body = part.Do
		}
	}
	reader := frame{name: m.name(s) + " args", loop: f.loop, err: inCall, panic: inCall, group: f.group, args: true}
	given := 0
	seq := func(yield func(element) bool) {
		for i := range s.N + 1 {
			given = i + 1
			if !yield(element{m.number(), i, i % 3, i%4 == 3}) {
				return
			}
			if err := m.do(ctx, reader, args); err != nil {
				m.record(err, func(e *entry) { e.received = append(e.received, receipt{}) })
				return
			}
		}
	}
	i := 0
	var failed error
	var cut []error
	for v, err := range double.Map(ctx, m.pool, seq) {
		if m.stopping.Load() { // Run cancels the tasks of a Map even if its ctx is shielded
			cut = []error{asyncio.ErrTaskCancelled}
		}
		if err == nil && v != 2*i {
			m.violate("statement %d: element %d of Map is %d, want %d", s.ID, i, v, 2*i)
		}
		m.receive(ctx, f, stmt{ID: s.ID, Op: s.Op}, err, began, cut...)
		if i++; i > given && err == nil {
			m.violate("statement %d: Map gave %d elements, read %d", s.ID, i, given)
		}
		if failed = m.do(ctx, f, body); failed != nil || s.How != "" && i > s.N/2 {
			break
		}
	}
	if failed != nil {
		return failed
	}
	return ctx.Err()
}
