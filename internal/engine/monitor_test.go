package engine

import (
	"context"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

type bodyFunc func(ctx context.Context) error

func (f bodyFunc) Run(ctx context.Context) error { return f(ctx) }
func (bodyFunc) Discard()                        {}
func (bodyFunc) Handle() any                     { return nil }
func (bodyFunc) MultiAwait() (*MultiAwait, int)  { return nil, 0 }

// The monitor stands still while the loop has nothing to do: it waits for nothing but the loop, without a
// ticker, a tick after the loop has gone to sleep and as long as that sleeps.
func TestTheMonitorParksWhileTheLoopSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{StallThreshold: 100 * time.Millisecond, StallsFail: true, ShutdownTimeout: time.Second, Virtual: true})
		looked, done := 0, make(chan struct{})
		go func() {
			defer close(done)
			for range 10 {
				time.Sleep(time.Minute + time.Second)
				synctest.Wait()
				if l.cur.Load() == nil && !l.monitorParked.Load() {
					t.Errorf("the loop sleeps, and its monitor ticks on")
				}
				if l.cur.Load() == nil {
					looked++
				}
			}
		}()
		var main Task
		err := l.Run(context.Background(), &main, bodyFunc(func(ctx context.Context) error {
			for range 12 {
				c, err := Enter(ctx)
				if err == nil {
					err = c.Sleep(l.After(time.Minute))
				}
				if err != nil {
					return err
				}
			}
			return nil
		}), 0)
		if err != nil {
			t.Error(err)
		}
		<-done
		if looked != 10 {
			t.Errorf("the loop was asleep %d times, want 10", looked)
		}
	})
}

// The number of captures in a window is bounded: by maxLooks for all steps, and by maxCaptures for steps
// that were captured before.
func TestCapturesAreBounded(t *testing.T) {
	for first, most := range map[bool]int{false: maxCaptures, true: maxLooks} {
		w := &watch{}
		var taken []int64
		for at := int64(0); at < 5*int64(captureWindow); at += int64(5 * time.Millisecond) {
			if w.mayCapture(at, first) {
				taken = append(taken, at)
			}
		}
		if want := 5 * most; len(taken) != want {
			t.Errorf("%d stacks in five windows, want %d", len(taken), want)
		}
		for i := most; i < len(taken); i++ {
			if taken[i]-taken[i-most] < int64(captureWindow) {
				t.Fatalf("stacks %d to %d were taken within %v", i-most, i, time.Duration(taken[i]-taken[i-most]))
			}
		}
	}
}

// A step that ends while the monitor tells of it is counted once: the monitor finds the end at its next tick.
func TestAStepThatEndsWhileItIsToldOf(t *testing.T) {
	const threshold = 50 * time.Millisecond
	l := New(Config{StallThreshold: threshold, Virtual: true, Logger: slog.New(slog.DiscardHandler)})
	l.takeStackMarker()
	defer l.releaseStackMarker()
	l.cur.Store(&l.rootRunner)
	m := monitor{l: l, slow: &slowStep{runner: &l.rootRunner, next: int64(threshold), times: 1}}
	l.mark.Store(true) // as the monitor saw it last
	m.slow.ended.Store(int64(threshold) + 1)
	m.observe(int64(threshold))
	m.settle()
	l.watch.close()
	<-l.watch.done
	counts := l.StallCounts()
	if len(counts) != 1 {
		t.Fatalf("the stalls are of %d classes, want 1", len(counts))
	}
	if _, sum := counts[0].Lasted.Counts(); sum != threshold+1 {
		t.Errorf("one stall of %v is counted as %v", threshold+1, sum)
	}
}

// A marker is a poller during whose wait the monitor finds the loop at a step.
type marker struct {
	Poller
	l    *Loop
	slow *slowStep
}

func (m marker) Wait(time.Duration) {
	m.l.mark.Store(true)
	m.l.Slice.Store(true)
	m.l.slow.Store(m.slow)
}

// What the monitor takes for a step when the loop goes to sleep ends with the sleep: the
// monitor would wait for its end for ever, and others be told of a stall that goes on.
func TestWhatSeemsAStepEndsWithTheSleep(t *testing.T) {
	l := New(Config{StallThreshold: time.Millisecond})
	s := &slowStep{runner: &l.rootRunner}
	var p Poller = marker{l: l, slow: s}
	l.poller.Store(&p)
	l.sleep()
	if s.ended.Load() == 0 || l.slow.Load() != nil || l.mark.Load() || l.Slice.Load() {
		t.Errorf("it ended at %d, is known as %p, marked %v, its slice used up %v; want an end, and no more of it",
			s.ended.Load(), l.slow.Load(), l.mark.Load(), l.Slice.Load())
	}
}

// A step is not said to have begun before it did, whenever the monitor sets its mark.
func TestAMarkIsNotOlderThanItsStep(t *testing.T) {
	l := New(Config{StallThreshold: 1})
	l.cur.Store(&l.rootRunner)
	told, unmarked := 0, l.Elapsed()
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for m := (monitor{l: l}); ; {
			select {
			case <-over:
				return
			default:
			}
			if !l.mark.Load() {
				m.set()
			}
			runtime.Gosched()
		}
	}()
	defer func() { close(over); <-done }()
	for l.turns = 1; told < 3000; l.turns++ {
		runtime.Gosched()
		now := l.Elapsed()
		if l.mark.Load() {
			l.stepEnded()
			if n := l.oddity.Swap(nil); n != nil {
				if told++; n.step.began < unmarked {
					t.Fatalf("after %d marks: a step is said to have begun %v before it can have", told, time.Duration(unmarked-n.step.began))
				}
			}
		}
		unmarked = now // before the monitor can mark the next
	}
}

// The time for which the loop has waited is that up to one moment.
func TestTheTimeWaitedBelongsTogether(t *testing.T) {
	l := New(Config{})
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-over:
				return
			default:
			}
			l.meters.rest.Store(0)
			l.rests()
			l.wakes()
			runtime.Gosched()
		}
	}()
	defer func() { close(over); <-done }()
	for range 50_000 {
		runtime.Gosched()
		if idle := l.Metrics().Idle; idle < 0 {
			t.Errorf("the loop has waited for %v", idle)
			break
		}
	}
}
