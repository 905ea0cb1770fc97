package engine

import (
	"runtime"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// A process that is stopped from outside stops its monitor, too. What the monitor sees of
// that is a gap between two ticks in which the process did nothing, whether a step ran or the
// loop slept.

// readings are the monitor's readings at its last two ticks. RunDelay and what follows it in
// the usage takes a file for each thread, and is read more rarely.
type readings struct {
	now, before stall.Usage
	due         int64 // when all are read again
}

const (
	readEvery = 100 * time.Millisecond
	readShare = 500 // reading all takes at most one in so many parts of the time
)

// read is for a tick.
func (c *readings) read(at int64) {
	c.before = c.now
	if at < c.due {
		u := stall.ReadProcess()
		c.now.CPU, c.now.MajorFaults = u.CPU, u.MajorFaults
		return
	}
	began := time.Now()
	c.now = stall.ReadUsage()
	c.due = at + int64(max(readEvery, readShare*time.Since(began)))
}

// testify adds what the process did since the tick before the loop slept to news of a wake.
func (c *readings) testify(n *news) {
	n.evidence.Procs = runtime.GOMAXPROCS(0)
	n.evidence.Crowd = float64(n.evidence.Rivals)
	u := stall.ReadUsage()
	u.CPU, u.MajorFaults = n.used.CPU, n.used.MajorFaults
	n.evidence.Spend(u.Since(c.before))
}

// stood looks at the time since the tick before. If the process stood still, that is part of
// the step which runs, or else is reported by itself, unless the loop has news of it by the
// next tick.
func (m *monitor) stood(now, gap int64) {
	l := m.l
	threshold := int64(l.cfg.StallThreshold)
	if threshold == 0 || gap < threshold || l.bubbled() {
		return
	}
	e := stall.Evidence{Elapsed: time.Duration(gap), Procs: runtime.GOMAXPROCS(0), Slept: true}
	e.Spend(stall.ReadUsage().Since(m.clock.before))
	class, blame, ok := stall.WeighGap(e)
	if !ok {
		return
	}
	since := now - gap + int64(m.tick)
	if m.turn.began <= since {
		m.turn.stopped += gap
	}
	if l.mark.Load() && m.marked.began <= since {
		m.marked.stopped += gap
		return
	}
	m.gap = &news{class: class, blame: blame, elapsed: e.Elapsed, ended: true, evidence: e}
}

// explain forgets the gap if news explain it that were as long.
func (m *monitor) explain(covered time.Duration) {
	if m.gap != nil && covered >= m.gap.elapsed/2 {
		m.gap = nil
	}
}

// report reports the gap of a tick before, unless news explain it.
func (m *monitor) report(covered time.Duration) {
	m.explain(covered)
	if m.gap != nil {
		m.l.watch.tell(*m.gap)
		m.gap = nil
	}
}
