//go:build linux

package main

import (
	"math/rand/v2"
	"time"
)

// A plan is a call to be made: what is ordered, and for how long it is waited for.
type plan struct {
	order
	manner manner
	after  time.Duration
}

// manner is how a call is waited for.
type manner string

const (
	patiently     manner = "patiently"
	cancelledSoon manner = "cancelled"
	withDeadline  manner = "with a deadline"
)

// A planner makes the choices of one submitter. They depend on nothing but the seed,
// so that they can be repeated.
type planner struct {
	id     uint64
	rng    *rand.Rand
	number uint64
}

func newPlanner(seed uint64, id int) *planner {
	return &planner{id: uint64(id), rng: rand.New(rand.NewPCG(seed, uint64(id)))}
}

// batch returns calls to be made at the same time.
func (p *planner) batch() []plan {
	plans := make([]plan, 1+p.rng.IntN(3))
	for i := range plans {
		plans[i] = p.next()
	}
	return plans
}

func (p *planner) next() plan {
	p.number++
	d := p.deed()
	next := plan{
		order:  order{Number: p.id<<32 | p.number, Deed: d.name, Rounds: p.rng.IntN(5000), Data: p.data()},
		manner: patiently,
		after:  time.Duration(p.rng.IntN(8000)) * time.Microsecond,
	}
	switch n := p.rng.IntN(20); {
	case d.comesTo == ended: // it does not end by itself, and gets the time to begin
		next.manner = []manner{cancelledSoon, withDeadline}[n%2]
		next.after += 15 * time.Millisecond
	case n == 0:
		next.manner = cancelledSoon
	case n == 1:
		next.manner = withDeadline
	}
	return next
}

func (p *planner) deed() deed {
	total := 0
	for _, d := range deeds {
		total += d.weight
	}
	n := p.rng.IntN(total)
	for _, d := range deeds {
		if n -= d.weight; n < 0 {
			return d
		}
	}
	panic("the weights have changed")
}

// data is mostly small, and now and then large enough for shared memory.
func (p *planner) data() []byte {
	most := 4 << 10
	switch n := p.rng.IntN(100); {
	case n == 0:
		most = 3 << 20
	case n < 5:
		most = 256 << 10
	}
	b := make([]byte, p.rng.IntN(most))
	for i := range b {
		b[i] = byte(i) ^ byte(p.number)
	}
	return b
}
