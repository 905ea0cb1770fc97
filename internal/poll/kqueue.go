package poll

import "time"

// This file is what kqueue's poller decides, on any system; kqueue_bsd.go makes the
// system calls.

// kevents is the system's kqueue, or a test's.
type kevents interface {
	// watch has the descriptor's changes of the filter told, as edges.
	watch(fd uint64, filter kfilter) error
	// wait returns how many events it put into the array; d < 0 blocks.
	wait(events *[mostEvents]kevent, d time.Duration) int
	// calm takes the bytes out of the pipe by which the poller is woken.
	calm()
}

type kfilter uint8

const (
	kread kfilter = iota
	kwrite
)

type kevent struct {
	fd     uint64
	filter kfilter
	over   bool // the other side has ended, or an error
}

// kqueue finds sources by descriptor: a token does not fit beside an event on every
// system. The table forgets the token of a source that has left, so that an event
// which was on its way is nobody's; a descriptor that is used again brings its own.
type kqueue struct {
	sys    kevents
	wakefd uint64
	tokens map[uint64]Token
	events [mostEvents]kevent
}

// add watches the descriptor. One end of a pipe has one direction only, and some
// systems refuse the other: one is enough.
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
			k.sys.calm()
		case e.over:
			t.tell(k.tokens[e.fd], Readable|Writable|Ended)
		case e.filter == kwrite:
			t.tell(k.tokens[e.fd], Writable)
		default:
			t.tell(k.tokens[e.fd], Readable)
		}
	}
}
