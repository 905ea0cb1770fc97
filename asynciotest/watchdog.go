package asynciotest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// A watchdog finds by real time what stops virtual time: a wait that only something
// outside of the bubble could end, as far as testing/synctest knows, such as that for a
// sync.Mutex. It runs outside of the bubble.
//
// A slow machine causes no report. The watchdog counts how often it sees every goroutine of
// the bubble wait in the same place. It restarts the count when one runs or is runnable.
type watchdog struct {
	off    bool   // by an option
	bubble string // of the test
	loop   atomic.Pointer[engine.Loop]
	found  chan string
	stop   chan struct{}
	done   sync.WaitGroup

	// Of the watchdog's goroutine.
	last  engine.Progress
	place string // where the goroutines of the bubble waited
	times int    // seen there
}

const (
	lookEvery  = 100 * time.Millisecond
	lookShare  = 20 // looking takes at most one part in so many of the time
	fewTimes   = 20 // for a step that waits for another goroutine of the program
	manyTimes  = 50 // where the system, or a goroutine outside, may take its time
	mostTraces = 16 // in a report
)

func newWatchdog() *watchdog {
	w := &watchdog{found: make(chan string, 1), stop: make(chan struct{})}
	w.done.Go(w.run)
	return w
}

// enter is called in the bubble.
func (w *watchdog) enter() { w.bubble = stall.ThisGoroutine().Bubble }

// watch is called by the first step of the bubble's loop.
func (w *watchdog) watch(l *engine.Loop) {
	if !w.off {
		w.loop.Store(l)
	}
}

func (w *watchdog) end() {
	close(w.stop)
	w.done.Wait()
}

func (w *watchdog) run() {
	tick := time.NewTimer(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
		}
		began := time.Now()
		if l := w.loop.Load(); l != nil {
			if hang := w.look(l); hang != "" {
				w.found <- hang
				return
			}
		}
		tick.Reset(max(lookEvery, lookShare*time.Since(began)))
	}
}

// look returns what is wrong, once it is certain.
func (w *watchdog) look(l *engine.Loop) string {
	now := l.Progress()
	if now != w.last {
		w.last, w.times = now, 0
		return ""
	}
	var holdUp []stall.Goroutine // they stop virtual time
	for _, g := range w.inBubble() {
		if !g.Waits() {
			w.times = 0
			return ""
		}
		if !g.Durable && g.State != "coroutine" {
			holdUp = append(holdUp, g)
		}
	}
	most, all := fewTimes, stall.Goroutine.WaitsForLock
	if now.Idle() {
		most = manyTimes
	} else {
		all = func(g stall.Goroutine) bool { return true }
	}
	var place strings.Builder
	for _, g := range holdUp {
		if !all(g) {
			w.times = 0 // a thread may wait for what is outside
			return ""
		}
		if g.WaitsForSystem() {
			most = manyTimes
		}
		fmt.Fprintln(&place, g.ID, g.Place())
	}
	if w.place != place.String() {
		w.place, w.times = place.String(), 0
	}
	if w.times++; w.times < most || len(holdUp) == 0 {
		return ""
	}
	return w.report(l, now, holdUp)
}

func (w *watchdog) report(l *engine.Loop, now engine.Progress, holdUp []stall.Goroutine) string {
	var b strings.Builder
	if now.Idle() {
		b.WriteString("asynciotest: virtual time stands still: a goroutine waits for a lock, and no other one of the test can run")
	} else {
		b.WriteString(blocked(l.StepNow()) + "\nNo other goroutine of the test can run.")
	}
	b.WriteString("\n\n" + l.Tree() + "\n" + traces(holdUp))
	return b.String()
}

// inBubble returns the goroutines of the bubble.
func (w *watchdog) inBubble() (all []stall.Goroutine) {
	for _, g := range stall.Goroutines() {
		if g.Bubble != "" && g.Bubble == w.bubble {
			all = append(all, g)
		}
	}
	return all
}

// goroutines prints those of the bubble that no loop's coroutine is.
func (w *watchdog) goroutines() string {
	var all []stall.Goroutine
	for _, g := range w.inBubble() {
		if g.State != "coroutine" {
			all = append(all, g)
		}
	}
	return traces(all)
}

func traces(all []stall.Goroutine) string {
	var b strings.Builder
	for i, g := range all {
		if i == mostTraces {
			fmt.Fprintf(&b, "and %d more goroutines\n", len(all)-i)
			break
		}
		b.WriteString(strings.TrimSpace(g.Trace) + "\n\n")
	}
	return b.String()
}
