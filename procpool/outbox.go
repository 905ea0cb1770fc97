package procpool

import (
	"slices"
	"sync"

	"github.com/asyncio-go/asyncio/internal/frame"
)

// An outbox queues the frames for one worker, in the order of post. The pool posts with its lock held
// and flushes without it. flush writes without blocking. If the pipe is full or a frame is large, a
// goroutine writes until the outbox is empty. So a worker that does not read blocks no caller.
type outbox struct {
	ch *channel

	mu      sync.Mutex
	now     *attempt
	queue   []queuedFrame
	rest    []byte // the unwritten part of a frame
	busy    bool   // the goroutine is running
	writers sync.WaitGroup
}

// A queuedFrame is a frame in an outbox. If call is set, send encodes the header.
type queuedFrame struct {
	frame.Frame
	call *frame.CallHeader
}

// smallFrame is the largest body that flush writes.
const smallFrame = 32 << 10

// post queues a frame. It does not write.
func (o *outbox) post(p queuedFrame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, p)
}

// flush writes as many frames as the pipe takes without blocking.
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

// remove removes the first frame from the queue. The caller must hold the lock.
func (o *outbox) remove() { o.queue = slices.Delete(o.queue, 0, 1) }

// write is the body of the goroutine. It writes until the queue is empty, and may block.
func (o *outbox) write() {
	defer o.writers.Done()
	for {
		o.mu.Lock()
		rest, next := o.rest, queuedFrame{}
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
			o.ch.Write(rest) // the reader reports a worker that has ended
		} else {
			o.send(next)
		}
	}
}

// send writes a frame. The argument of a task may be passed in shared memory.
func (o *outbox) send(p queuedFrame) {
	if p.call != nil {
		if o.ch.putMemory(p.Body) {
			p.call.Shared = int64(len(p.Body))
			p.Flags, p.Body = p.Flags|frame.InMemory, nil
		}
		p.Header = p.call.Append(nil)
	}
	frame.Write(o.ch, p.Frame)
}
