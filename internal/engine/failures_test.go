package engine

import (
	"errors"
	"testing"
	"time"
)

// The loop that lingers at its end goes on as soon as the last error is received.
func TestLingerEndsWhenTheLastErrorIsReceived(t *testing.T) {
	l := New(DefaultConfig())
	l.lingers.Store(true)
	a, b, other := &failure{err: errors.New("a")}, &failure{err: errors.New("b")}, &failure{err: errors.New("not watched")}
	a.watched.Store(true)
	b.watched.Store(true)
	for _, f := range []*failure{a, b, other} {
		l.failures.add(f)
	}
	go func() {
		a.receive(l)
		b.receive(l)
	}()
	l.linger(time.Hour, l.failures.watched)
	if !a.received.Load() || !b.received.Load() {
		t.Error("it did not wait for both")
	}
	l.linger(time.Nanosecond, l.failures.unreceived)
	if other.received.Load() {
		t.Error("an error was received that no goroutine received")
	}
}
