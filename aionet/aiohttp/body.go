package aiohttp

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// A body lets tasks read what blocks: a goroutine reads ahead into a buffer, and whoever
// wants more is suspended until it has something. A task that is cancelled leaves; what
// comes then stays for the next Read.
type body struct {
	src  io.ReadCloser
	loop *engine.Loop

	mu     sync.Mutex // held for moments
	space  []byte
	buf    []byte             // of space: read and not taken yet
	err    error              // what comes after buf
	flight *engine.Completion // of the read under way; nil: none
	closed bool
	onEnd  func() // of a response: its context is not needed any more
}

func newBody(src io.ReadCloser) *body {
	if src == nil {
		src = http.NoBody
	}
	return &body{src: src}
}

// aheadLen is how much is read ahead.
const aheadLen = 32 << 10

// Read returns what is there, and suspends the calling task, or blocks the goroutine of
// no loop, until something is.
func (b *body) Read(p []byte) (int, error) {
	ctx, err := engine.SteppingTask()
	switch {
	case err != nil:
		return 0, err
	case ctx == nil:
		ctx = context.Background()
	}
	for {
		n, flight, err := b.take(p)
		if flight == nil {
			return n, err
		}
		if err, _ := flight.Await(ctx, nil); err != nil {
			return 0, err
		}
	}
}

// take returns what has been read, or a read that is under way.
func (b *body) take(p []byte) (n int, flight *engine.Completion, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return 0, nil, http.ErrBodyReadAfterClose
	case len(b.buf) > 0:
		n = copy(p, b.buf)
		if b.buf = b.buf[n:]; len(b.buf) == 0 && b.err != nil {
			b.space = nil
			return n, nil, b.err
		}
		return n, nil, nil
	case b.err != nil || len(p) == 0:
		return 0, nil, b.err
	case b.flight == nil:
		if b.src == http.NoBody {
			b.err = io.EOF
			return 0, nil, b.err
		}
		if b.space == nil {
			b.space = make([]byte, aheadLen)
		}
		b.flight = &engine.Completion{}
		b.flight.Init(b.loop, 0)
		go b.fly(b.flight)
	}
	return 0, b.flight, nil
}

// fly is the read that blocks.
func (b *body) fly(flight *engine.Completion) {
	n, err := b.src.Read(b.space)
	b.mu.Lock()
	b.buf, b.err, b.flight = b.space[:n], err, nil
	over := err != nil && b.onEnd != nil
	b.mu.Unlock()
	if over {
		b.onEnd()
	}
	flight.Claim()
	flight.Settle(nil, false, "")
}

// Close ends the body. It does not wait, and may be called from any goroutine.
func (b *body) Close() error {
	b.mu.Lock()
	closed := b.closed
	b.closed = true
	b.mu.Unlock()
	if closed {
		return nil
	}
	if b.onEnd == nil {
		return nil // a request's: the server closes it
	}
	b.onEnd()
	return b.src.Close()
}

// end makes sure that nobody reads the body of a request any more.
func (b *body) end(control *http.ResponseController) {
	b.mu.Lock()
	b.closed = true
	flight := b.flight
	b.mu.Unlock()
	if flight != nil {
		control.SetReadDeadline(longAgo)
		<-flight.Done()
	}
}

// longAgo is a deadline that interrupts what waits.
var longAgo = time.Unix(1, 0)
