package memnet

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

// random makes the random decisions of the network. Each side of a connection has its own
// generator, so its decisions do not depend on other connections.
type random struct {
	cfg *Config
	rng *rand.Rand
}

// newRandom makes a generator from the seed and a serial number. It is called with the lock, or
// by New.
func (n *Network) newRandom() random {
	n.lastID++
	d := random{cfg: &n.cfg}
	if c := &n.cfg; c.Chunk > 0 || c.Least != c.Most || c.Loss > 0 || c.Duplicate > 0 || c.Reorder > 0 {
		d.rng = rand.New(rand.NewPCG(c.Seed, n.lastID))
	}
	return d
}

// delay returns a random latency.
func (d random) delay() int64 {
	least, most := d.cfg.Least, d.cfg.Most
	if least == most {
		return int64(least)
	}
	return int64(least) + d.rng.Int64N(int64(most-least)+1)
}

// chunk returns how many of n bytes one call reads or writes. It first draws the number of bits,
// so small and large chunks are equally frequent.
func (d random) chunk(n int) int {
	most := d.cfg.Chunk
	if most == 0 || n <= 1 {
		return n
	}
	size := 1 << d.rng.IntN(bits.Len(uint(most)))
	return min(n, most, size+d.rng.IntN(size))
}

// pausesAfterChunk decides whether a writer waits after a chunk.
func (d random) pausesAfterChunk() bool { return d.cfg.Chunk > 0 && d.rng.IntN(2) == 0 }

// chance returns true with the probability share.
func (d random) chance(share float64) bool { return share > 0 && d.rng.Float64() < share }

// extraDelay returns the additional latency of a reordered datagram.
func (d random) extraDelay() int64 {
	return 1 + d.rng.Int64N(int64(2*d.cfg.Most+time.Millisecond))
}
