package stress

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/asyncio-go/asyncio"
)

func (m *machine) name(s stmt) string { return fmt.Sprintf("s%d", s.ID) }

// step runs a statement on a loop.
func (m *machine) step(ctx context.Context, f frame, s stmt) error {
	began := time.Now()
	simple := func(call func() error, allowed ...error) error {
		return m.receive(ctx, f, s, m.await(ctx, f, s, call), began, allowed...)
	}
	switch s.Op {
	case "sleep":
		return simple(func() error { return asyncio.Sleep(ctx, time.Duration(s.N)*m.tick) })
	case "checkpoint":
		return simple(func() error { return asyncio.Checkpoint(ctx) })
	case "await":
		h := m.handle(s.K)
		if h == nil {
			return nil
		}
		err := m.await(ctx, f, s, func() error {
			_, err := m.awaiting(h)(ctx)
			return err
		})
		return m.receiveFrom(ctx, f, s, h, err, began)
	case "result":
		if h := m.handle(s.K); h != nil {
			_, err := m.result(h)
			s.Fails = false
			m.receiveFrom(ctx, f, s, h, err, began)
		}
	case "cancel":
		if h := m.handle(s.K); h != nil {
			h.p.Cancel(nil)
			return ctx.Err() // the statement may have cancelled its own task
		}
	case "future":
		m.add(s, asyncio.NewFuture[int](ctx), f.loop, 0)
	case "set":
		m.set(s.K)
	case "seterr":
		m.setError(s, s.K)
	case "ondone":
		m.onDone(s)
	case "soon", "later":
		m.call(s, f)
	case "raise":
		return m.raise(f, s)
	case "panic":
		panic(m.newError(f.panic, s.ID, true))
	case "goexit":
		if m.p.Panics == panicsEndRun {
			runtime.Goexit()
		}
	case "put", "get", "tryput", "tryget", "join", "shutdown":
		return m.queueStep(ctx, f, s, m.queues[s.How][s.K])
	case "send":
		return m.send(ctx, f, s)
	case "recv":
		return m.recv(ctx, f, s)
	case "event":
		return simple(func() error { return m.events[s.K].Wait(ctx) })
	case "setevent":
		m.events[s.K].Set()
	case "clear":
		m.events[s.K].Clear()
	case "notify":
		c := m.conditions[s.K]
		if c.L.TryAcquire() {
			c.Notify(s.N)
			c.L.Release()
		}
	case "barrier":
		return simple(func() error {
			i, err := m.barriers[s.K].Wait(ctx)
			if i < 0 || i > m.barriers[s.K].Parties()-1 {
				m.violate("Barrier.Wait returned the index %d of %d", i, m.barriers[s.K].Parties())
			}
			return err
		}, asyncio.ErrBarrierBroken)
	case "reset":
		m.barriers[s.K].Reset()
	case "abort":
		m.barriers[s.K].Abort()
	default:
		return m.block(ctx, f, s, began)
	}
	return nil
}

// call creates a callback of the loop, and sometimes cancels it.
func (m *machine) call(s stmt, f frame) {
	l := m.loops[f.loop]
	c := &callback{stmt: s.ID}
	fn := func() {
		if c.ran.Add(1) > 1 {
			m.violate("the callback of statement %d ran twice", s.ID)
		}
		switch s.How {
		case "set":
			m.set(s.K)
		case "seterr":
			m.setError(s, s.K)
		case "panic":
			panic(m.newError(inCallback, s.ID, true))
		}
	}
	if s.Op == "soon" {
		l.CallSoon(fn)
		return
	}
	m.pending.Add(1)
	handle := l.CallLater(time.Duration(s.N)*m.tick, func() { m.pending.Add(-1); fn() })
	if s.How == "cancel" {
		m.pending.Add(1)
		l.CallLater(time.Duration(s.N/2)*m.tick, func() {
			m.pending.Add(-1)
			if handle.Cancel() {
				m.pending.Add(-1)
				c.ran.Add(1) // after the cancellation it must not run
			}
		})
	}
}

func (m *machine) queueStep(ctx context.Context, f frame, s stmt, q queue) error {
	switch s.Op {
	case "put":
		n := m.item(q)
		began := time.Now()
		err := m.await(ctx, f, s, func() error { return q.Put(ctx, n) })
		m.sentItem(q, n, err == nil, true)
		return m.receive(ctx, f, s, err, began, asyncio.ErrQueueShutdown)
	case "get":
		began := time.Now()
		var n int
		err := m.await(ctx, f, s, func() (err error) { n, err = q.Get(ctx); return err })
		if err == nil {
			m.got(s.How+" queue", s.K, q, n, (*items).take)
			q.TaskDone()
		}
		return m.receive(ctx, f, s, err, began, asyncio.ErrQueueShutdown)
	case "tryput":
		n := m.item(q)
		m.sentItem(q, n, q.TryPut(n), true)
	case "tryget":
		if n, ok := q.TryGet(); ok {
			m.got(s.How+" queue", s.K, q, n, (*items).take)
			q.TaskDone()
		}
	case "join":
		began := time.Now()
		return m.receive(ctx, f, s, m.await(ctx, f, s, func() error { return q.Join(ctx) }), began)
	case "shutdown":
		if s.N > 0 {
			m.mu.Lock()
			m.inside[q].dropped = true
			m.mu.Unlock()
		}
		q.Shutdown(s.N > 0)
	}
	return nil
}

// item returns a number for an item to send to a queue or channel.
func (m *machine) item(to any) int {
	n := m.value()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inside[to].sent[n] = sending
	return n
}

func (m *machine) sentItem(to any, n int, ok, queued bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case !ok:
		m.inside[to].sent[n] = failed
	case queued:
		m.inside[to].put(n)
	default:
		m.inside[to].sent[n] = sent
	}
}

// got records that an item was received.
func (m *machine) got(name string, i int, from any, n int, record func(*items, int) string) {
	m.mu.Lock()
	wrong := record(m.inside[from], n)
	m.mu.Unlock()
	if wrong != "" {
		m.violate("%s %d gave %d: %s", name, i, n, wrong)
	}
}

func (m *machine) send(ctx context.Context, f frame, s stmt) error {
	ch := m.channels[s.K]
	n := m.item(ch)
	began := time.Now()
	err := m.await(ctx, f, s, func() error { return asyncio.Send(ctx, ch, n) })
	m.sentItem(ch, n, err == nil, false)
	return m.receive(ctx, f, s, err, began)
}

func (m *machine) recv(ctx context.Context, f frame, s stmt) error {
	ch := m.channels[s.K]
	began := time.Now()
	var n int
	err := m.await(ctx, f, s, func() error {
		v, ok, err := asyncio.Recv(ctx, ch)
		if n = v; !ok && err == nil {
			m.violate("Recv of a channel that is open returned ok=false")
		}
		return err
	})
	if err == nil {
		m.got("channel", s.K, ch, n, (*items).receive)
	}
	return m.receive(ctx, f, s, err, began)
}
