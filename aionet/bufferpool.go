package aionet

import "github.com/asyncio-go/asyncio/internal/engine"

// readBufferLen is the length of a readBuffer.
const readBufferLen = 64 << 10

type readBuffer [readBufferLen]byte

// A bufferPool holds the free read buffers of a loop. A connection has a buffer only while it
// holds data, so idle connections have none.
type bufferPool struct{ free []*readBuffer }

// maxFree is the highest number of free buffers in a pool. Further ones are left to the
// garbage collector.
const maxFree = 16

func (b *bufferPool) get() *readBuffer {
	if k := len(b.free); k > 0 {
		buf := b.free[k-1]
		b.free = b.free[:k-1]
		return buf
	}
	return new(readBuffer)
}

// put returns buf to the pool. A nil buf is ignored.
func (b *bufferPool) put(buf *readBuffer) {
	if buf != nil && len(b.free) < maxFree {
		b.free = append(b.free, buf)
	}
}

// bufferPoolOf returns the pool of a loop that has a network.
func bufferPoolOf(l *engine.Loop) *bufferPool { return &l.Net.(*state).buffers }
