package poll

import "time"

// This file has the logic of the kqueue poller, which can be tested on any system. kqueue_bsd.go
// makes the system calls.

// kevents is the interface to the system's kqueue. Tests have their own.
type kevents interface {
	// watch registers the descriptor for the filter, edge-triggered.
	watch(fd uint64, filter kfilter) error
	// wait stores events and returns their number. It blocks for at most d; a negative d has no
	// bound.
	wait(events *[maxEvents]kevent, d time.Duration) int
	// drainPipe empties the pipe of wake.
	drainPipe()
}

type kfilter uint8

const (
	kread kfilter = iota
	kwrite
)

type kevent struct {
	fd     uint64
	filter kfilter
	ended  bool // the peer has closed its direction, or an error
}

// kqueue finds sources by descriptor, because not every system can store a token in an event. The
// token of a removed source is not in the table, so its late events are ignored. A descriptor
// that is used again has a new token.
type kqueue struct {
	sys    kevents
	wakefd uint64
	tokens map[uint64]Token
	events [maxEvents]kevent
}

// add watches a descriptor. One end of a pipe has only one direction, and some systems return an
// error for the other. So add fails only if both directions fail.
func (k *kqueue) add(fd uint64, t Token) error {
	errRead := k.sys.watch(fd, kread)
	errWrite := k.sys.watch(fd, kwrite)
	if errRead != nil && errWrite != nil {
		return errRead
	}
	k.tokens[fd] = t
	return nil
}

func (k *kqueue) wait(d time.Duration, t *table) {
	for _, e := range k.events[:k.sys.wait(&k.events, d)] {
		switch {
		case e.fd == k.wakefd:
			k.sys.drainPipe()
		case e.ended:
			t.notify(k.tokens[e.fd], Readable|Writable|Ended)
		case e.filter == kwrite:
			t.notify(k.tokens[e.fd], Writable)
		default:
			t.notify(k.tokens[e.fd], Readable)
		}
	}
}
