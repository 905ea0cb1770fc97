package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

type bodyFunc func(ctx context.Context) error

func (f bodyFunc) Run(ctx context.Context) error { return f(ctx) }
func (bodyFunc) Discard()                        {}
func (bodyFunc) Handle() any                     { return nil }
func (bodyFunc) Crew() (*Crew, int)              { return nil, 0 }

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

// However many steps are slow at once, no more stacks are taken in a window than are allowed.
func TestCapturesAreBounded(t *testing.T) {
	w := &watch{}
	var taken []int64
	for at := int64(0); at < 5*int64(captureWindow); at += int64(5 * time.Millisecond) {
		if w.mayCapture(at) {
			taken = append(taken, at)
		}
	}
	if want := 5 * maxCaptures; len(taken) != want {
		t.Errorf("%d stacks in five windows, want %d", len(taken), want)
	}
	for i := maxCaptures; i < len(taken); i++ {
		if taken[i]-taken[i-maxCaptures] < int64(captureWindow) {
			t.Fatalf("stacks %d to %d were taken within %v", i-maxCaptures, i, time.Duration(taken[i]-taken[i-maxCaptures]))
		}
	}
}
