package aiohttp

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// A body reads a blocking source for tasks. A goroutine reads ahead into a buffer, and Read
// suspends the task while the buffer is empty. If the task is cancelled, the data of the read in
// progress is kept for the next Read.
type body struct {
	src  io.ReadCloser
	loop *engine.Loop

	mu      sync.Mutex // guards the fields below; never held while blocking
	storage []byte
	buf     []byte             // the unread part of storage
	err     error              // returned after buf
	reading *engine.Completion // the read in progress; nil: none
	closed  bool
	onEnd   func() // of a response's body: releases its context; nil: a request's body
}

func newBody(src io.ReadCloser) *body {
	if src == nil {
		src = http.NoBody
	}
	return &body{src: src}
}

// readAheadLen is the size of the read-ahead buffer.
const readAheadLen = 32 << 10

// Read returns data from the buffer. While the buffer is empty it suspends the calling task, or
// blocks a goroutine without a loop.
func (b *body) Read(p []byte) (int, error) {
	ctx, err := engine.SteppingTask()
	switch {
	case err != nil:
		return 0, err
	case ctx == nil:
		ctx = context.Background()
	}
	for {
		n, flight, err := b.next(p)
		if flight == nil {
			return n, err
		}
		if err, _ := flight.Await(ctx, nil); err != nil {
			return 0, err
		}
	}
}

// next returns data from the buffer. If the buffer is empty it returns the read in progress, and
// starts one if there is none.
func (b *body) next(p []byte) (n int, flight *engine.Completion, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return 0, nil, http.ErrBodyReadAfterClose
	case len(b.buf) > 0:
		n = copy(p, b.buf)
		if b.buf = b.buf[n:]; len(b.buf) == 0 && b.err != nil {
			b.storage = nil
			return n, nil, b.err
		}
		return n, nil, nil
	case b.err != nil || len(p) == 0:
		return 0, nil, b.err
	case b.reading == nil:
		if b.src == http.NoBody {
			b.err = io.EOF
			return 0, nil, b.err
		}
		if b.storage == nil {
			b.storage = make([]byte, readAheadLen)
		}
		b.reading = &engine.Completion{}
		b.reading.Init(b.loop, 0)
		go b.readSource(b.reading)
	}
	return 0, b.reading, nil
}

// readSource reads from the source. It runs in its own goroutine.
func (b *body) readSource(flight *engine.Completion) {
	n, err := b.src.Read(b.storage)
	b.mu.Lock()
	b.buf, b.err, b.reading = b.storage[:n], err, nil
	over := err != nil && b.onEnd != nil
	b.mu.Unlock()
	if over {
		b.onEnd()
	}
	flight.Claim()
	flight.Settle(nil, false, "")
}

// Close closes the body. It does not wait, and may be called from any goroutine. A second call does
// nothing.
func (b *body) Close() error {
	b.mu.Lock()
	closed := b.closed
	b.closed = true
	b.mu.Unlock()
	if closed {
		return nil
	}
	if b.onEnd == nil {
		return nil // the server closes the body of a request
	}
	b.onEnd()
	return b.src.Close()
}

// end interrupts the read in progress of a request's body and waits for it.
func (b *body) end(control *http.ResponseController) {
	b.mu.Lock()
	b.closed = true
	flight := b.reading
	b.mu.Unlock()
	if flight != nil {
		control.SetReadDeadline(pastTime)
		<-flight.Done()
	}
}

// pastTime is a deadline that interrupts reads and writes in progress.
var pastTime = time.Unix(1, 0)
