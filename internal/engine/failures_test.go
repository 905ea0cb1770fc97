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

// Every way to receive an error wakes the loop.
func TestLingerEndsHoweverTheErrorIsReceived(t *testing.T) {
	for name, receive := range map[string]func(l *Loop, f *failure){
		"Receive":               func(l *Loop, f *failure) { (&Completion{loop: l, fail: f}).Receive() },
		"an awaited completion": func(l *Loop, f *failure) { c := &Completion{loop: l, fail: f}; c.expect(); c.publishEnd() },
		"Disregard":             func(l *Loop, f *failure) { c := &Completion{loop: l, fail: f}; c.Disregard(); c.publishEnd() },
		"Disregard late":        func(l *Loop, f *failure) { c := &Completion{loop: l, fail: f}; c.publishEnd(); c.Disregard() },
		"a multiAwait": func(l *Loop, f *failure) {
			(&MultiAwait{caller: Caller{L: l}, node: Node{scope: l.root}, fails: []*failure{f}}).Abort()
		},
		"a group": func(l *Loop, f *failure) { (&Scope{loop: l, fails: []*failure{f}}).take() },
		"a lost group": func(l *Loop, f *failure) {
			(&Scope{loop: l, outer: &Scope{onError: func(error) {}}, fails: []*failure{f}}).lose()
		},
	} {
		l := New(DefaultConfig())
		l.lingers.Store(true)
		f := &failure{err: errors.New(name)}
		l.failures.add(f)
		go receive(l, f)
		l.linger(time.Hour, l.failures.unreceived)
	}
}
