package memnet

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

// dice decide what is left to chance. Each side of a connection has its own, so that
// what happens to it does not depend on how much others talk.
type dice struct {
	cfg *Config
	rng *rand.Rand
}

// newDice makes the next dice. With the lock, or before anybody else knows n.
func (n *Network) newDice() dice {
	n.lastID++
	d := dice{cfg: &n.cfg}
	if c := &n.cfg; c.Chunk > 0 || c.Least != c.Most || c.Loss > 0 || c.Duplicate > 0 || c.Reorder > 0 {
		d.rng = rand.New(rand.NewPCG(c.Seed, n.lastID))
	}
	return d
}

// delay is how long something takes to arrive.
func (d dice) delay() int64 {
	least, most := d.cfg.Least, d.cfg.Most
	if least == most {
		return int64(least)
	}
	return int64(least) + d.rng.Int64N(int64(most-least)+1)
}

// chunk is how much one call moves of n bytes. Small and large ones come equally often:
// the number of bits is drawn first.
func (d dice) chunk(n int) int {
	most := d.cfg.Chunk
	if most == 0 || n <= 1 {
		return n
	}
	size := 1 << d.rng.IntN(bits.Len(uint(most)))
	return min(n, most, size+d.rng.IntN(size))
}

// pauses decides whether a writer has to wait after a chunk.
func (d dice) pauses() bool { return d.cfg.Chunk > 0 && d.rng.IntN(2) == 0 }

// falls decides what happens to the given share.
func (d dice) falls(share float64) bool { return share > 0 && d.rng.Float64() < share }

// late is how much longer a datagram takes that others are to overtake.
func (d dice) late() int64 {
	return 1 + d.rng.Int64N(int64(2*d.cfg.Most+time.Millisecond))
}
