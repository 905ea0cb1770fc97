// Package poll waits for many descriptors at once: epoll on Linux, kqueue on the
// BSDs and macOS. It knows nothing of loops.
//
// Readiness is edge-triggered: a source is told that something may be read or
// written, once for each change. Whoever wants to read tries first, and waits for
// the news only when the system says that there is nothing.
package poll

import (
	"errors"
	"sync"
	"time"
)

// A Source hears of its descriptor's readiness, in Wait.
type Source interface{ Ready(Events) }

// Events are what has become of a descriptor.
type Events uint8

const (
	Readable Events = 1 << iota // reading may succeed or fail now
	Writable                    // so may writing
	Urgent                      // there is urgent data (not told by kqueue)
	Ended                       // the other side sends no more, or the descriptor has failed
)

// A Poller waits for sources. Wait, Add and Remove belong to one goroutine at a
// time; Wake and Close may be called from any.
type Poller struct {
	sys   system
	table table

	mu     sync.Mutex // of waking against closing
	closed bool
}

// mostEvents is how many sources one Wait tells at most. The rest keep their places in
// the system's queue, so that those who are told have their turn, and what else the
// loop has to do has its own, before more are told: with 10,000 busy connections a
// timer is milliseconds late and not a tenth of a second.
const mostEvents = 256

// A Token stands for a source in the poller.
type Token uint64

// ErrClosed is returned for what comes after Close.
var ErrClosed = errors.New("poll: closed")

// New makes a poller.
func New() (*Poller, error) {
	p := &Poller{}
	if err := p.sys.open(); err != nil {
		return nil, err
	}
	return p, nil
}

// Add watches the descriptor, which must not block, until Remove or until it is
// closed. Its source is told at once if it is ready already.
func (p *Poller) Add(fd int, s Source) (Token, error) {
	t := p.table.add(s)
	if err := p.sys.add(fd, t); err != nil {
		p.table.remove(t)
		return 0, err
	}
	return t, nil
}

// Remove forgets the source. The descriptor must be closed, or about to be.
func (p *Poller) Remove(t Token) { p.table.remove(t) }

// RemoveShared is Remove for a descriptor whose open file has others too, so that
// closing this one alone would not end the watch.
func (p *Poller) RemoveShared(fd int, t Token) {
	p.sys.forget(fd)
	p.table.remove(t)
}

// Wait tells the sources what has become ready, some 256 of them at most. With d < 0 it blocks until something
// has or Wake is called, with d > 0 not longer than that, with 0 not at all.
func (p *Poller) Wait(d time.Duration) { p.sys.wait(d, &p.table) }

// Wake ends a Wait, or the next one if none is under way.
func (p *Poller) Wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.sys.wake()
	}
}

// Sources calls fn with each source that was added and not removed.
func (p *Poller) Sources(fn func(Source)) {
	for i := range p.table.places { // fn may remove its source
		if s := p.table.places[i].source; s != nil {
			fn(s)
		}
	}
}

// Close releases the descriptors. Nothing may wait.
func (p *Poller) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		p.sys.close()
	}
}

// table finds sources by token: an index, and how often the place was used, so that
// an event that was on its way when a source left does not reach its successor.
type table struct {
	places []place
	free   []uint32
}

type place struct {
	source Source
	uses   uint32
}

func (t *table) add(s Source) Token {
	var i uint32
	if k := len(t.free); k > 0 {
		i = t.free[k-1]
		t.free = t.free[:k-1]
	} else {
		i = uint32(len(t.places))
		t.places = append(t.places, place{})
	}
	p := &t.places[i]
	p.source = s
	p.uses++
	return Token(p.uses)<<32 | Token(i)
}

// find returns the source, nil if it has left.
func (t *table) find(k Token) Source {
	i := uint32(k)
	if uint64(i) >= uint64(len(t.places)) || t.places[i].uses != uint32(k>>32) {
		return nil
	}
	return t.places[i].source
}

func (t *table) remove(k Token) {
	if t.find(k) == nil {
		return
	}
	i := uint32(k)
	t.places[i].source = nil
	t.free = append(t.free, i)
}

func (t *table) tell(k Token, e Events) {
	if s := t.find(k); s != nil {
		s.Ready(e)
	}
}
