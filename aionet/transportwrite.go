package aionet

import (
	"errors"
	"fmt"
	"net"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// defaultHigh is the high-water mark at first. The low-water mark is a quarter of it.
const defaultHigh = 64 << 10

// A sendBuffer holds written data that has not been sent. An empty one uses no memory.
type sendBuffer struct {
	buf []byte
	off int // buf[:off] has been sent
}

func (b *sendBuffer) len() int { return len(b.buf) - b.off }

func (b *sendBuffer) bytes() []byte { return b.buf[b.off:] }

func (b *sendBuffer) add(p []byte) {
	if b.off > 0 && len(b.buf)+len(p) > cap(b.buf) && b.off >= len(b.buf)/2 {
		b.buf = b.buf[:copy(b.buf, b.buf[b.off:])] // cheaper than growing: it moves no more than was sent
		b.off = 0
	}
	b.buf = append(b.buf, p...)
}

func (b *sendBuffer) sent(n int) {
	if b.off += n; b.off == len(b.buf) {
		*b = sendBuffer{}
	}
}

// Write sends p. What the system does not accept at once is buffered and sent later. Write
// never waits, and does not retain p. It returns len(p) and nil, also if a part is buffered.
// After Close it returns net.ErrClosed, and after WriteEOF an error. If the network fails it
// returns the error that ConnectionLost gets.
func (t *Transport) Write(p []byte) (int, error) {
	switch {
	case !t.loop.Here():
		return 0, t.set.opError("write", t.stream, errOffLoop("Write"))
	case t.closing || t.lost:
		return 0, t.set.opError("write", t.stream, net.ErrClosed)
	case t.writeClosed:
		return 0, t.set.opError("write", t.stream, errAfterEOF)
	}
	rest := p
	for t.out.len() == 0 && t.writable && len(rest) > 0 {
		n, err := t.stream.Write(rest)
		rest = rest[n:]
		switch err {
		case nil:
		case netport.ErrAgain:
			t.writable = false
		default:
			err = t.set.opError("write", t.stream, err)
			t.lose(err)
			return len(p) - len(rest), err
		}
	}
	if len(rest) > 0 {
		t.out.add(rest)
		t.checkHigh()
	}
	return len(p), nil
}

var errAfterEOF = errors.New("aionet: Write after WriteEOF")

// send sends buffered data until the system accepts no more.
func (t *Transport) send() {
	for left := maxPerRun; t.out.len() > 0 && t.writable && !t.lost; {
		if left <= 0 {
			t.schedule()
			break
		}
		p := t.out.bytes()
		n, err := t.stream.Write(p[:min(len(p), left)])
		left -= n
		t.out.sent(n)
		switch err {
		case nil:
		case netport.ErrAgain:
			t.writable = false
		default:
			t.lose(t.set.opError("write", t.stream, err))
		}
	}
	if t.writePaused && t.out.len() <= t.low && !t.lost {
		t.writePaused = false
		t.proto.ResumeWriting() // may write
	}
	if t.out.len() == 0 && !t.lost {
		t.flushed()
	}
}

// flushed does what Close and WriteEOF have postponed until the buffer was empty.
func (t *Transport) flushed() {
	switch {
	case t.closing:
		t.lose(nil)
	case t.closePending:
		t.closeWrite()
	}
}

// WriteEOF closes the writing direction when all written data has been sent: the peer reads
// EOF. Reading continues. A second call does nothing.
func (t *Transport) WriteEOF() {
	t.mustBeOnLoop("WriteEOF")
	if t.writeClosed || t.closing || t.lost {
		return
	}
	t.writeClosed, t.closePending = true, true
	if t.out.len() == 0 {
		t.closeWrite()
	}
}

func (t *Transport) closeWrite() {
	t.closePending = false
	if err := t.stream.CloseWrite(); err != nil {
		t.lose(t.set.opError("close", t.stream, err))
	}
}

// checkHigh calls PauseWriting if the buffer has exceeded the high-water mark.
func (t *Transport) checkHigh() {
	if !t.writePaused && t.made && t.out.len() > t.high {
		t.writePaused = true
		defer t.recoverPanic()
		t.proto.PauseWriting()
	}
}

// SetWriteBufferLimits sets the high-water and low-water marks in bytes. PauseWriting is called
// when more than high is buffered, ResumeWriting when no more than low is. The defaults are 64 KiB
// and 16 KiB. With a high of 0 the protocol is paused whenever data is buffered. It panics
// unless 0 <= low <= high.
func (t *Transport) SetWriteBufferLimits(high, low int) {
	t.mustBeOnLoop("SetWriteBufferLimits")
	if low < 0 || high < low {
		panic(fmt.Errorf("aionet: SetWriteBufferLimits(%d, %d): low must be at least 0 and at most high", high, low))
	}
	t.high, t.low = high, low
	t.checkHigh()
	if t.writePaused && t.out.len() <= low && !t.lost {
		t.schedule()
	}
}

// WriteBufferSize returns the number of buffered bytes.
func (t *Transport) WriteBufferSize() int {
	t.mustBeOnLoop("WriteBufferSize")
	return t.out.len()
}
