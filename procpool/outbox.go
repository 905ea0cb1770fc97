package procpool

import (
	"slices"
	"sync"

	"github.com/asyncio-go/asyncio/internal/frame"
)

// An outbox holds the frames for one worker, in the order in which they were posted. The pool posts
// under its lock and flushes without it. flush writes what the pipe takes at once. What the pipe does
// not take, and a large frame, is left to a goroutine, which writes until the outbox is empty: a worker
// that does not read blocks no other goroutine.
type outbox struct {
	ch *channel

	mu      sync.Mutex
	now     *attempt
	queue   []parcel
	rest    []byte // of the frame that the pipe took a part of
	busy    bool   // the goroutine writes
	writers sync.WaitGroup
}

// A parcel is a frame in an outbox. The header of a large task is made when it is written.
type parcel struct {
	frame.Frame
	call *frame.CallHeader
}

// smallFrame is the largest body that flush writes.
const smallFrame = 32 << 10

// post adds a frame. It does not write.
func (o *outbox) post(p parcel) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, p)
}

// flush writes what the pipe takes at once. It does not block.
func (o *outbox) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.queue) > 0 && !o.busy {
		if next := &o.queue[0]; next.call == nil && len(next.Body) <= smallFrame {
			b, _ := frame.Append(nil, next.Frame)
			o.remove()
			o.rest = b[o.now.write(b):]
			if len(o.rest) == 0 {
				continue
			}
		}
		o.busy = true
		o.writers.Add(1)
		go o.write()
	}
}

// remove takes the first frame off the queue. The lock is held.
func (o *outbox) remove() { o.queue = slices.Delete(o.queue, 0, 1) }

// write is the goroutine.
func (o *outbox) write() {
	defer o.writers.Done()
	for {
		o.mu.Lock()
		rest, next := o.rest, parcel{}
		o.rest = nil
		if len(rest) == 0 {
			if len(o.queue) == 0 {
				o.busy = false
				o.mu.Unlock()
				return
			}
			next = o.queue[0]
			o.remove()
		}
		o.mu.Unlock()
		if len(rest) > 0 {
			o.ch.Write(rest) // a worker that is gone shows in the reader
		} else {
			o.send(next)
		}
	}
}

// send writes a frame. The argument of a task may go through memory.
func (o *outbox) send(p parcel) {
	if p.call != nil {
		if o.ch.putMemory(p.Body) {
			p.call.Shared = int64(len(p.Body))
			p.Flags, p.Body = p.Flags|frame.InMemory, nil
		}
		p.Header = p.call.Append(nil)
	}
	frame.Write(o.ch, p.Frame)
}
