package aionet

// A backlog is what was written and not yet sent. An empty one has no memory.
type backlog struct {
	buf []byte
	off int // up to here it has been sent
}

func (b *backlog) len() int { return len(b.buf) - b.off }

func (b *backlog) bytes() []byte { return b.buf[b.off:] }

func (b *backlog) add(p []byte) {
	if b.off > 0 && len(b.buf)+len(p) > cap(b.buf) && b.off >= len(b.buf)/2 {
		b.buf = b.buf[:copy(b.buf, b.buf[b.off:])] // cheaper than to grow: no more is moved than was sent
		b.off = 0
	}
	b.buf = append(b.buf, p...)
}

func (b *backlog) sent(n int) {
	if b.off += n; b.off == len(b.buf) {
		*b = backlog{}
	}
}
