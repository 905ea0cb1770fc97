package engine

import (
	"runtime"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// A process that is stopped from outside stops its monitor, too. The monitor then sees a gap
// between two ticks in which the process used no processor time, whether a step ran or the loop
// slept.

// readings are the usage of the process at the last two ticks of the monitor. RunDelay and the
// fields after it take a file for each thread, or longer, and are read more rarely.
type readings struct {
	now, before     stall.Usage
	nowAt, beforeAt int64 // when all their counters were read
	due             int64 // when all counters are read again
}

const (
	readEvery = 100 * time.Millisecond
	readShare = 500 // reading all counters takes at most 1/readShare of the time
)

// read reads the usage at a tick.
func (c *readings) read(at int64) {
	c.before, c.beforeAt = c.now, c.nowAt
	if at < c.due {
		u := stall.ReadProcess()
		c.now.CPU, c.now.MajorFaults = u.CPU, u.MajorFaults
		return
	}
	began := time.Now()
	c.now, c.nowAt = stall.ReadUsage(), at
	c.due = at + int64(max(readEvery, readShare*time.Since(began)))
}

// testify adds the usage since the previous tick to the evidence of a late wake.
func (c *readings) testify(n *news, at int64) {
	n.evidence.Procs = runtime.GOMAXPROCS(0)
	n.evidence.Crowd = float64(n.evidence.Rivals)
	u := stall.ReadUsage()
	u.CPU, u.MajorFaults = n.used.CPU, n.used.MajorFaults
	n.evidence.Spend(u.Since(c.before))
	if earlier := time.Duration(at-c.beforeAt) - n.elapsed; earlier > n.elapsed+readEvery {
		n.evidence.Earlier = earlier
	}
}

// A standstill is a gap between two ticks in which the process stood still.
type standstill struct {
	from  int64 // to within a tick
	took  int64 // 0: there was none
	class stall.Class
	blame string
	e     stall.Evidence
}

// within returns the duration of the stop, if it was during the given time.
func (s standstill) within(began, ended int64) int64 {
	if began > s.from || ended <= s.from {
		return 0
	}
	return s.took
}

// stood checks the time since the previous tick. If the process stood still, the gap is added to the
// observation of the turn, and settle adds it to a step that has ended since.
func (m *monitor) stood(now, gap int64) {
	m.stop = standstill{}
	threshold := int64(m.l.cfg.StallThreshold)
	if threshold == 0 || gap < threshold || m.l.bubbled() {
		return
	}
	e := stall.Evidence{Elapsed: time.Duration(gap), Procs: runtime.GOMAXPROCS(0), Slept: true}
	e.Spend(stall.ReadUsage().Since(m.clock.before))
	class, blame, ok := stall.WeighGap(e)
	if !ok {
		return
	}
	m.stop = standstill{from: now - gap + int64(m.tick), took: gap, class: class, blame: blame, e: e}
	if m.turn.began <= m.stop.from {
		m.turn.stopped += gap
	}
}

// goesOn adds the stop to the observation of the running step. Without a step, the stop is reported at
// the next tick, unless news explain it by then. covered is the duration of the news of this tick.
func (m *monitor) goesOn(covered time.Duration) {
	s := m.stop
	m.stop = standstill{}
	switch {
	case s.took == 0:
	case m.l.mark.Load() && m.marked.began <= s.from:
		m.marked.stopped += s.took
		if m.slow != nil { // it may end before the next observation
			m.slow.seen.stopped += s.took
		}
	case covered < s.e.Elapsed/2:
		m.gap = &news{class: s.class, blame: s.blame, elapsed: s.e.Elapsed, ended: true, evidence: s.e}
	}
}

// explain drops the gap if news explain at least half of it.
func (m *monitor) explain(covered time.Duration) {
	if m.gap != nil && covered >= m.gap.elapsed/2 {
		m.gap = nil
	}
}

// report notifies the watch of the gap of an earlier tick, unless news explain it.
func (m *monitor) report(covered time.Duration) {
	m.explain(covered)
	if m.gap != nil {
		m.l.watch.tell(*m.gap)
		m.gap = nil
	}
}
