// Package poll waits for many descriptors at once: with epoll on Linux, and with kqueue on the
// BSDs and macOS. It is independent of the event loop.
//
// Readiness is edge-triggered: a source gets one event for each change. A reader must try first,
// and wait for an event only if the system returns EAGAIN.
package poll

import (
	"errors"
	"sync"
	"time"
)

// A Source is notified of the readiness of its descriptor. Wait calls Ready.
type Source interface{ Ready(Events) }

// Events are the changes of a descriptor.
type Events uint8

const (
	Readable Events = 1 << iota // reading may succeed or fail now
	Writable                    // writing may succeed or fail now
	Urgent                      // there is urgent data; kqueue does not report it
	Ended                       // the peer has closed its direction, or the descriptor has failed
)

// A Poller waits for events of sources. Wake and Close may be called from any goroutine, the other
// methods from one goroutine at a time.
type Poller struct {
	sys   system
	table table

	mu     sync.Mutex // guards closed; held during wake and close
	closed bool
}

// maxEvents bounds the events of one Wait. Further events stay in the system's queue, so that
// the loop runs other callbacks in between. With 10,000 busy connections a timer is then some
// milliseconds late instead of a tenth of a second.
const maxEvents = 256

// A Token identifies a source of a poller.
type Token uint64

// ErrClosed is returned by calls after Close.
var ErrClosed = errors.New("poll: closed")

// New makes a poller.
func New() (*Poller, error) {
	p := &Poller{}
	if err := p.sys.open(); err != nil {
		return nil, err
	}
	return p, nil
}

// Add watches a descriptor in non-blocking mode, until Remove or until it is closed. If the
// descriptor is ready, the next Wait notifies the source.
func (p *Poller) Add(fd int, s Source) (Token, error) {
	t := p.table.add(s)
	if err := p.sys.add(fd, t); err != nil {
		p.table.remove(t)
		return 0, err
	}
	return t, nil
}

// Remove removes a source. The caller must then close the descriptor.
func (p *Poller) Remove(t Token) { p.table.remove(t) }

// RemoveShared is Remove for a descriptor whose open file has other descriptors: closing this one
// would not end the watch.
func (p *Poller) RemoveShared(fd int, t Token) {
	p.sys.remove(fd)
	p.table.remove(t)
}

// Wait notifies the sources of at most 256 events. It blocks until there is an event or Wake is
// called, but not longer than d. If d is 0 it does not block; if d is negative there is no bound.
func (p *Poller) Wait(d time.Duration) { p.sys.wait(d, &p.table) }

// Wake ends the current Wait, or the next one if none is running.
func (p *Poller) Wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.sys.wake()
	}
}

// Sources calls fn with each source that was added and not removed.
func (p *Poller) Sources(fn func(Source)) {
	for i := range p.table.slots { // fn may remove its source
		if s := p.table.slots[i].source; s != nil {
			fn(s)
		}
	}
}

// Close releases the descriptors of the poller. No Wait may be running. A second call does nothing.
func (p *Poller) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		p.sys.close()
	}
}

// A table finds sources by token. A token is the index of a slot and the number of times the slot
// was used. So a late event of a removed source does not reach the next source in the slot.
type table struct {
	slots []slot
	free  []uint32
}

type slot struct {
	source Source
	uses   uint32
}

func (t *table) add(s Source) Token {
	var i uint32
	if k := len(t.free); k > 0 {
		i = t.free[k-1]
		t.free = t.free[:k-1]
	} else {
		i = uint32(len(t.slots))
		t.slots = append(t.slots, slot{})
	}
	p := &t.slots[i]
	p.source = s
	p.uses++
	return Token(p.uses)<<32 | Token(i)
}

// find returns the source, or nil if it was removed.
func (t *table) find(k Token) Source {
	i := uint32(k)
	if uint64(i) >= uint64(len(t.slots)) || t.slots[i].uses != uint32(k>>32) {
		return nil
	}
	return t.slots[i].source
}

func (t *table) remove(k Token) {
	if t.find(k) == nil {
		return
	}
	i := uint32(k)
	t.slots[i].source = nil
	t.free = append(t.free, i)
}

func (t *table) notify(k Token, e Events) {
	if s := t.find(k); s != nil {
		s.Ready(e)
	}
}
