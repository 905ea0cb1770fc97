package engine

import (
	"log/slog"
	"time"
)

// The monitor is the goroutine that sees a step run long. The step publishes
// nothing for it: the monitor sets a mark each tick, whoever ends a step clears
// it, and a mark that is still there at the next tick is the same step's. Where
// no mark is set, the price of a step is one load.
//
// It parks while the loop sleeps, and is woken by the loop's first step after.

const (
	monitorTick = 5 * time.Millisecond
	sliceTicks  = 2 // ticks for which a mark must last for the time slice to be used up
	slowStep    = 100 * time.Millisecond
)

func (l *Loop) monitor() {
	defer close(l.monitorDone)
	ticker := time.NewTimer(monitorTick)
	defer ticker.Stop()
	var marked int64
	lasted := 0
	for {
		select {
		case <-ticker.C:
		case <-l.closed:
			return
		}
		switch {
		case l.cur.Load() == nil:
			if !l.parkMonitor() {
				return
			}
		case l.mark.Load():
			if lasted++; lasted < sliceTicks {
				break
			}
			l.Slice.Store(true)
			l.slowSince.CompareAndSwap(0, marked)
			if !l.mark.Load() { // the step ended just now
				l.Slice.Store(false)
				l.slowSince.Store(0)
			}
		default:
			marked, lasted = l.Elapsed(), 0
			l.probe(marked)
			l.mark.Store(true)
		}
		ticker.Reset(monitorTick)
	}
}

// parkMonitor waits until the loop has something to do. It reports false when
// the loop has ended.
func (l *Loop) parkMonitor() bool {
	l.monitorParked.Store(true)
	if l.cur.Load() != nil && l.monitorParked.CompareAndSwap(true, false) {
		return true
	}
	select {
	case <-l.monitorWake:
		return true
	case <-l.closed:
		return false
	}
}

// stepEnded clears the mark, and logs the step that has just ended if it was
// slow. The monitor saw the step begin to within a tick.
func (l *Loop) stepEnded() {
	l.mark.Store(false)
	l.Slice.Store(false)
	since := l.slowSince.Swap(0)
	if since == 0 {
		return
	}
	took := time.Duration(l.Elapsed() - since)
	if took+monitorTick < slowStep {
		return
	}
	name, created := "callback", ""
	if t := l.Current(); t != nil {
		name, created = t.Name(), t.Created()
	}
	l.log(slog.LevelWarn, "asyncio: a step blocked the loop", "task", name, "created", created,
		"duration", (took + monitorTick/2).Round(time.Millisecond))
}
