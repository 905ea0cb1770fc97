package stress

import (
	"context"
	"io"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A thread is the context of the statements of a goroutine.
type thread struct {
	*actor
	err   box // the box of an error; empty: the goroutine cannot fail
	panic box
}

func (m *machine) threadStep(ctx context.Context, f frame, s stmt, began time.Time) error {
	t := thread{m.newActor(), inCall, f.panic}
	var opts []asyncio.ThreadOption
	if s.How == "limited" {
		opts = append(opts, asyncio.Via(m.limiter))
	}
	if s.Op == "abandon" {
		opts = append(opts, asyncio.Abandon())
		t.err, t.panic = inAbandon, inLeft
	}
	v := m.value()
	got := 0
	err := m.await(ctx, f, s, func() (err error) {
		got, err = asyncio.ToThread(ctx, func(ctx context.Context) (int, error) {
			return v, m.script(ctx, t, s.Do)
		}, opts...)
		return err
	})
	if err == nil && got != v {
		m.violate("statement %d: ToThread returned %d, want %d", s.ID, got, v)
	}
	return m.receive(ctx, f, s, err, began)
}

// script runs the statements of a goroutine. Before each statement, and at the end, it waits for
// the instant of its actor.
func (m *machine) script(ctx context.Context, t thread, stmts []stmt) error {
	pause := func(ticks int) error {
		err := t.pause(ctx, ticks)
		if err != nil && m.p.Exact {
			t.pause(context.Background(), 0)
		}
		return err
	}
	for _, s := range stmts {
		m.steps.Add(1)
		if err := pause(s.N); err != nil {
			return err
		}
		if err := m.threadStmt(ctx, t, s); err != nil {
			return err
		}
	}
	return pause(0)
}

func (m *machine) threadStmt(ctx context.Context, t thread, s stmt) error {
	began := time.Now()
	switch s.Op {
	case "set":
		m.set(s.K)
	case "seterr":
		m.setError(s, s.K)
	case "cancel":
		if h := m.handle(s.K); h != nil {
			h.p.Cancel(nil)
		}
	case "result":
		if h := m.handle(s.K); h != nil {
			_, err := m.result(h)
			m.receiveOff(ctx, s, err, time.Now())
		}
	case "await":
		if h := m.handle(s.K); h != nil {
			_, err := m.awaiting(h)(ctx)
			m.receiveOff(ctx, s, err, began)
		}
	case "ondone":
		m.onDone(s)
	case "submit":
		h := m.submit(s)
		if s.Fails {
			_, err := m.awaiting(h)(ctx)
			m.receiveOff(ctx, s, err, began)
		}
	case "soon":
		c := &callback{stmt: s.ID}
		err := m.loops[0].CallSoonThreadsafe(func() {
			if c.ran.Add(1) > 1 {
				m.violate("the callback of statement %d ran twice", s.ID)
			}
			switch s.How {
			case "set":
				m.set(s.K)
			case "seterr":
				m.setError(s, s.K)
			}
		})
		if err != nil && err != asyncio.ErrLoopClosed {
			m.violate("statement %d: CallSoonThreadsafe returned %v", s.ID, err)
		}
	case "raise":
		if t.err != "" {
			return m.newError(t.err, s.ID, false)
		}
	case "panic":
		if t.panic != "" {
			panic(m.newError(t.panic, s.ID, true))
		}
	case "send":
		ch := m.channels[s.K]
		n := m.item(ch)
		select {
		case ch <- n:
			m.sentItem(ch, n, true, false)
		case <-ctx.Done():
			m.sentItem(ch, n, false, false)
		}
	case "recv":
		select {
		case n := <-m.channels[s.K]:
			m.got("channel", s.K, m.channels[s.K], n, (*items).receive)
		case <-ctx.Done():
		}
	case "inspect":
		m.loops[0].Tasks()
		m.loops[0].Metrics()
		m.loops[0].Dump(io.Discard)
	}
	return nil
}

// receiveOff is receive for a goroutine without a loop.
func (m *machine) receiveOff(ctx context.Context, s stmt, err error, since time.Time) {
	s.Fails = false
	m.receiveFrom(ctx, frame{loop: -1, name: "a goroutine"}, s, &handle{}, err, since)
}
